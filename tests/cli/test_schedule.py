"""Entries for cron, systemd and launchd: they hold whatever a path is made of, and get there."""

from __future__ import annotations

import configparser
import json
import os
import plistlib
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from crontab import CronTab

from importer.archive.store import Archive
from importer.cli import _run as program
from importer.errors import UserError
from importer.schedule_entries import Every, Job, System, entries, with_block
from tests.posts import exported

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="none of them is on Windows")
HOSTILE = (
    "plain",
    "with  spaces",
    "100%",
    "%h and %%",
    "back\\%slash\\",
    "it's",
    'a "quote"',
    "$HOME ${HOME} `id` $(id)",
    "#;&|<>*?[]{}()!~^",
    "Ünï ☃\u00a0x",
    "-n",
)
# What cron gives a job.
BARE = {"HOME": "/", "LOGNAME": "maker", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}


def job_in(folder: Path, name: str) -> Job:
    """A job whose program, archive and variable all have this name; it prints what it is given."""
    place = folder / name
    place.mkdir()
    told = place / "program"
    told.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        "print(json.dumps([sys.argv, os.environ.get('TOKAWAY_STATE')]))\n"
    )
    told.chmod(0o700)
    words = (str(told), "run", str(place), "--no-wait")
    return Job(place, words, {"TOKAWAY_STATE": str(place)}, Every.HOUR)


@pytest.fixture(params=HOSTILE)
def job(request: pytest.FixtureRequest, tmp_path: Path) -> Job:
    return job_in(tmp_path, request.param)


def as_cron_reads(command: str) -> str:
    """What cron gives to the shell: all before a `%`, of which a backslash makes a plain one."""
    read, is_escaped = "", False
    for letter in command:
        assert letter != "%" or is_escaped, "cron would cut this line"
        read = read[:-1] + letter if letter == "%" else read + letter
        is_escaped = letter == "\\" and not is_escaped
    return read


def test_the_line_of_cron_starts_what_it_is_to(job: Job) -> None:
    (entry,) = entries(job, System.CRON)
    (line,) = CronTab(tab=f"{entry.text}\n").crons
    assert line.is_valid() and not line.stdin
    assert [str(part) for part in line.slices] == [str(job.minute), *"****"]
    raw = entry.text.split(" ", 5)[5]
    assert line.command == as_cron_reads(raw)
    # Some crons take the backslash before a `%` away, others leave it to the shell.
    for command in (line.command, raw):
        subprocess.run(["/bin/sh", "-c", command], env=BARE, check=True, timeout=60)
        (told,) = (job.archive / "schedule.log").read_text("utf-8").splitlines()
        assert json.loads(told) == [list(job.command), str(job.archive)]
        (job.archive / "schedule.log").unlink()


def read_unit(text: str) -> dict[str, str]:
    """A unit of systemd; a key that comes twice is an error."""
    parser = configparser.RawConfigParser(delimiters="=", comment_prefixes="#")
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return {key: value for section in parser.sections() for key, value in parser[section].items()}


def words_of(value: str) -> list[str]:
    """The words of a line as systemd.syntax(7) has it: quotes, C escapes, doubled `%`."""
    words = re.findall(r'"((?:[^"\\]|\\.)*)"', value)
    return [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in words]


def test_the_units_of_systemd_start_what_they_are_to(job: Job, tmp_path: Path) -> None:
    service, timer = entries(job, System.SYSTEMD)
    unit = read_unit(service.text)
    first, *others = words_of(unit["ExecStart"])
    # The colon: `$` is nothing special. What starts it: see below what systemd says to its name.
    words = [first.removeprefix(":"), *others]
    assert first.startswith(":") and words[-4:] == list(job.command)
    assert words[:-4] in ([], ["/bin/sh", "-c", 'exec "$@"', "sh"])
    assert words_of(unit["Environment"]) == [f"TOKAWAY_STATE={job.archive}"]
    assert unit["SuccessExitStatus"] == "75"
    assert (service.file, timer.file) == (f"{job.name}.service", f"{job.name}.timer")
    assert read_unit(timer.text)["OnCalendar"] == f"*-*-* *:{job.minute:02}:00"


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="this system has no systemd-analyze to ask"
)
def test_systemd_itself_finds_nothing_wrong_with_them(tmp_path: Path) -> None:
    units = tmp_path / "units"
    units.mkdir()
    made = [
        entry
        for number, name in enumerate(HOSTILE)
        for entry in entries(
            replace(job_in(tmp_path, name), every=list(Every)[number % 2]), System.SYSTEMD
        )
    ]
    for entry in made:
        (units / entry.file).write_text(entry.text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(units / entry.file) for entry in made)],
        env=BARE | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    ours = [line for line in done.stderr.splitlines() if "tokaway" in line]
    assert (done.returncode, ours) == (0, [])


def test_the_list_for_launchd_starts_what_it_is_to(job: Job) -> None:
    (entry,) = entries(replace(job, every=Every.DAY), System.LAUNCHD)
    told = plistlib.loads(entry.text.encode())
    assert told["ProgramArguments"] == list(job.command)
    assert told["EnvironmentVariables"] == {"TOKAWAY_STATE": str(job.archive)}
    assert told["StartCalendarInterval"] == {"Minute": job.minute, "Hour": job.hour}
    assert entry.file == f"{told['Label']}.plist"


@pytest.mark.parametrize("letter", ["\n", "\r", "\t", "\x7f", "\udcff"])
@pytest.mark.parametrize("system", System)
def test_what_no_entry_can_hold_is_refused(letter: str, system: System) -> None:
    folder = Path(f"/archives/a{letter}b")
    with pytest.raises(UserError) as caught:
        entries(Job(folder, ("/bin/tokaway", "run", str(folder)), {}, Every.HOUR), system)
    assert caught.value.code == "unprintable_path"
    assert letter not in caught.value.text


def test_each_archive_has_a_time_of_its_own_that_never_changes() -> None:
    jobs = [Job(Path(f"/archives/{n}.tokaway"), (), {}, Every.DAY) for n in range(200)]
    assert len({job.name for job in jobs}) == 200
    assert {job.hour for job in jobs} == {4, 5, 6}
    assert len({job.minute for job in jobs}) > 40
    again = [Job(job.archive, (), {}, Every.DAY) for job in jobs]
    assert [(job.name, job.hour, job.minute) for job in jobs] == [
        (job.name, job.hour, job.minute) for job in again
    ]
    assert entries(jobs[7], System.CRON)[0].text.startswith(f"{jobs[7].minute} {jobs[7].hour} * *")


def test_the_lines_of_others_stay_in_the_table() -> None:
    others = "# mine\n1 2 3 4 5 backup\n"
    once = with_block(others, "tokaway-a", ["5 * * * * a"])
    both = with_block(once, "tokaway-b", ["6 * * * * b"])
    assert with_block(both, "tokaway-b", ["6 * * * * b"]) == both
    assert with_block(with_block(both, "tokaway-a", []), "tokaway-b", []) == others
    assert with_block("", "tokaway-a", []) == ""


# the command


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, with programs of the system that note what they are told, and a table of cron."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (tmp_path / "calls").touch()
    (tmp_path / "table").write_text("# mine\n")
    crontab = """if [ "$1" != -l ]; then cat > table; exit; fi
    if [ -e busy ]; then echo "crontab: the disk is busy" >&2; exit 1; fi
    if [ ! -e table ]; then echo "no crontab for maker" >&2; exit 1; fi
    cat table"""
    for name, does in (("crontab", crontab), ("systemctl", ":"), ("launchctl", ":")):
        script = f'#!/bin/sh\ncd "{tmp_path}"; echo "{name} $*" >> calls\n{does}\n'
        (programs / name).write_text(script)
        (programs / name).chmod(0o700)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest.fixture
def archive(home: Path) -> Path:
    with Archive.create(home / "creator.tokaway") as made:
        made.absorb([exported()])
    (home / "creator.tokaway" / "tokaway.toml").write_text('to = "maker.test"\n')
    return home / "creator.tokaway"


@pytest.mark.parametrize("system", System)
def test_it_is_installed_once_and_taken_away(
    system: System, archive: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def files() -> dict[str, str]:
        folders = (home / "config", home / "Library")
        found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        return {path.name: path.read_text("utf-8") for path in (home / "table", *found)}

    before = files()
    assert program(["schedule", str(archive), "--install", system.value, "--json"]) == 2
    error = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (error["code"], files()) == ("nobody_to_ask", before)
    install = ["schedule", str(archive), "--install", system.value, "--yes"]
    assert program([*install, "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    once = files()
    for entry in told:
        assert (entry["event"], entry["system"]) == ("schedule", system)
        assert entry["installed"] is True
        assert entry["text"] in once[entry["file"] or "table"]
    assert program(install) == 0
    assert files() == once != before
    printed = capsys.readouterr()
    assert told[0]["text"] in printed.out and "No session is kept in a file" in printed.err
    assert program(["schedule", str(archive), "--remove", system.value]) == 0
    assert files() == before
    calls = (home / "calls").read_text()
    if system is System.SYSTEMD:
        timer = told[1]["file"]
        for words in ("daemon-reload", f"enable --now {timer}", f"disable --now {timer}"):
            assert f"systemctl --user {words}\n" in calls
    if system is System.LAUNCHD:
        assert f"launchctl bootstrap gui/{os.getuid()} " in calls
        assert f"launchctl bootout gui/{os.getuid()}/{Path(told[0]['file']).stem}\n" in calls


def test_a_table_that_cannot_be_read_is_not_written_over(
    archive: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Read as none at all, the lines of others would be lost with the next write."""
    (home / "table").write_bytes(b"# caf\xe9, as it was written in 1998\n")
    for words in (["--install", "cron", "--yes"], ["--remove", "cron"]):
        (home / "busy").touch()
        assert program(["schedule", str(archive), *words]) == 2
        assert "the disk is busy" in capsys.readouterr().err
        (home / "busy").unlink()
        assert program(["schedule", str(archive), *words]) == 0
        assert (home / "table").read_bytes().startswith(b"# caf\xe9, as it was written in 1998\n")
    assert (home / "table").read_bytes().count(b"\n") == 1


def test_who_has_no_table_gets_one(archive: Path, home: Path) -> None:
    (home / "table").unlink()
    assert program(["schedule", str(archive), "--install", "cron", "--yes"]) == 0
    assert str(archive) in (home / "table").read_text()


def test_a_system_that_is_not_there_says_so(
    archive: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    refusing = home / "bin" / "crontab"
    refusing.write_text("#!/bin/sh\necho You are not allowed. >&2; exit 1\n")
    assert program(["schedule", str(archive), "--install", "cron", "--yes"]) == 2
    assert "You are not allowed." in capsys.readouterr().err
    monkeypatch.setenv("PATH", str(home / "bin"))
    (home / "bin" / "systemctl").unlink()
    assert program(["schedule", str(archive), "--install", "systemd", "--yes"]) == 2
    assert "systemctl does not work on this computer" in capsys.readouterr().err
    (home / "bin" / "systemctl").write_text(
        "#!/bin/sh\necho Failed to connect to bus: No medium found >&2; exit 1\n"
    )
    (home / "bin" / "systemctl").chmod(0o700)
    assert program(["schedule", str(archive), "--install", "systemd", "--yes"]) == 2
    assert "not su or sudo" in capsys.readouterr().err
    (home / "bin" / "launchctl").unlink()
    assert program(["schedule", str(archive), "--install", "launchd", "--yes"]) == 2
    assert "launchctl does not work on this computer" in capsys.readouterr().err
    # Nothing was put in place that does nothing.
    assert not [path for path in home.rglob("*tokaway-*") if path.is_file()]


def test_it_shows_all_three_and_what_will_be_missing(
    archive: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TOKAWAY_PACE", "10")
    assert program(["schedule", str(archive), "--every", "day"]) == 0
    printed = capsys.readouterr()
    for system in System:
        assert f"# {system}: " in printed.out
    assert "Set here but not in these runs: TOKAWAY_PACE." in printed.err
    assert os.environ["TOKAWAY_STATE"] in printed.out
    assert (home / "table").read_text() == "# mine\n"
    assert program(["schedule", str(home / "nowhere.tokaway")]) == 2

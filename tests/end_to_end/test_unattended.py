"""Imports that nobody sits at: set up as docs/unattended.md says, started as systems do."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from importer.budgets import DAY, OWN_VIDEOS, VIDEOS_A_DAY, Window, in_words
from importer.budgets import Kind as Budget
from importer.model import Action
from importer.settings import load
from tests.end_to_end.command_line import PROGRAM, ROOT, SECONDS
from tests.end_to_end.conftest import Job, MakeJob
from tests.end_to_end.server_truth import assert_exactly
from tests.end_to_end.typist import PASSWORD_FILE, Typist
from tests.staged_export import stage
from tests.stand_in import StandIn

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no cron on Windows")
PAGE = (ROOT / "docs" / "unattended.md").read_text(encoding="utf-8")
EXPORT = "TikTok_Data_1767225600.zip"
HOOK = "jsons://hooks.example.com/my-secret-path"
# What cron gives a job.
BARE = {"LOGNAME": "maker", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
# A clock on which it is noon now: no day ends while a test looks at it.
BEHIND = datetime.now(UTC).hour - 12
# The tests' own checkout, and their rule that warnings are errors.
OURS = {
    "PYTHONPATH": str(ROOT),
    "PYTHONWARNINGS": "error",
    "PYTHONUTF8": "1",
    "TZ": f"NOON{BEHIND:+}",
}
# Containers run programs as users that the system does not know.
NOBODY = """
import pwd
pwd.getpwuid = lambda number: {}[number]
from importer.cli import main
main()
"""


def examples(language: str) -> list[str]:
    """The page's examples in one language, each a block of lines."""
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^\1```", PAGE, re.MULTILINE | re.DOTALL)
    return [re.sub(f"^{indent}", "", text, flags=re.MULTILINE) for indent, text in blocks]


@pytest.fixture
def job(make_job: MakeJob, tmp_path: Path) -> Job:
    made = make_job(stage(tmp_path / "staged", (Action.KEEP, Action.REMUX)))
    made.write_export(EXPORT)
    (made.folder / PASSWORD_FILE).write_text(f"{made.password}\n")
    return made


@pytest.fixture
def hook() -> Iterator[StandIn]:
    """A webhook."""
    with StandIn({}, otherwise=(200, {})) as listening:
        yield listening


class Person(Typist):
    """Somebody with a table of cron, who is told at a webhook."""

    def __init__(self, job: Job, hook: StandIn) -> None:
        self._job = job
        self.table = job.folder / "table"
        crontab = f'cd "{job.folder}"; if [ "$1" = -l ]; then cat table; else cat > table; fi'
        super().__init__(
            job,
            {HOOK: f"json://{hook.host}/my-secret-path"},
            programs={"crontab": crontab, "nohup": 'exec "$@"'},
            answers=[r"--install \w+"],
            variables=OURS,
        )
        (job.folder / "tokaway.toml").write_text(f'pds = "{job.account.pds}"\n')

    def cron(self) -> int:
        """What the line in the table ends with when cron starts it."""
        (line,) = (line for line in self.table.read_text().splitlines() if line[0] != "#")
        done = subprocess.run(
            ["/bin/sh", "-c", line.split(" ", 5)[5].replace("\\%", "%")],
            env=BARE | OURS | {"HOME": str(self._job.folder / "home")},
            cwd="/",
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
        return done.returncode


def test_a_month_by_itself_goes_as_the_page_tells(job: Job, hook: StandIn) -> None:
    person, archive = Person(job, hook), job.folder / "TikTok_Data_1767225600.tokaway"
    config = job.folder / "home" / "config" / "tokaway" / "tokaway.toml"
    plan, login, one, install, remove, look, show, nohup, piped, setting = examples("sh")[:10]
    chosen, with_file = examples("toml")
    assert "2 to publish" in person.types(plan)
    config.parent.mkdir(parents=True)
    config.write_text(person.own(chosen))
    (archive / "tokaway.toml").write_text(f'pds = "{job.account.pds}"\n')
    # Installed too early: nobody is signed in, and somebody is told.
    assert "No session is kept in a file" in person.types(install)
    assert person.cron() == 3
    assert "which only you can read" in person.types(login)
    assert "1 of 2 chosen posts published." in person.types(one)
    (shown,), days = examples("text"), (archive / "days.log").read_text("utf-8")
    form = (
        r"\d{4}-\d\d-\d\d \d+ posts? published, \d+ of \d+ in all; \d+ to go, finished by \S+ [A-Z]"
    )
    assert re.match(form, shown) and re.match(form, days), days
    assert in_words(Window(Budget.VIDEOS, DAY, VIDEOS_A_DAY, OWN_VIDEOS)) in shown
    # What is left; then there is nothing to do, however it is started, and no word of it again.
    assert person.cron() == 0
    assert "2 of 2 chosen posts published before" in person.types(nohup)
    assert "2 of 2 chosen posts published before" in person.types(piped)
    assert_exactly(job.pds, job.account.did, job.staged.public)
    needed, ended = (body["message"] for body in hook.bodies)
    assert needed.startswith(f"Somebody is needed. Nobody is signed in as {job.account.handle}.")
    assert ended == "The import has ended: 2 of 2 posts published."
    person.types(remove)
    assert person.table.read_text() == ""
    # What is told of it.
    today = (datetime.now(UTC) - timedelta(hours=BEHIND)).date()
    day = f"{today} 2 posts published, 2 of 2 in all. Nothing is left to do."
    assert (archive / "days.log").read_text("utf-8") == f"{day}\n"
    looked = person.types(look)
    assert looked.startswith(f"{day}\nArchive: ") and looked.endswith(f"Last told: {day}\n")
    log = (archive / "schedule.log").read_text("utf-8")
    assert log.count("tokaway: Nobody is signed in") == 1
    events = [json.loads(line) for line in (archive / "run.log").read_text("utf-8").splitlines()]
    assert [one["in_all"] for one in events if one["event"] == "day"] == [1, 2]
    for path in (path for path in archive.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert b"my-secret-path" not in content and job.password.encode() not in content, path
    # The other ways.
    printed = person.types(show)
    assert all(f"# {system}: " in printed for system in ("cron", "systemd", "launchd"))
    printed = person.types(setting)
    assert "keyring" in printed and str(config) in printed and "my-secret-path" not in printed
    (job.folder / "tokaway.toml").write_text(person.own(with_file))
    settings = load({}, config=job.folder / "tokaway.toml", environ={})
    assert settings.password_file == job.folder / "app-password"


def test_what_a_bare_system_lacks_is_said(job: Job) -> None:
    """No home, neither standard input nor output."""
    words = ["run", str(job.export), "--to", job.account.handle, "--pds", job.account.pds]
    for start, file, lacks in (
        (PROGRAM, "-", "no standard input to read the password from"),
        ((sys.executable, "-c", NOBODY), "app-password", "the variable TOKAWAY_STATE"),
    ):
        closing = ["/bin/sh", "-c", 'exec "$@" <&- >&-', "sh"]
        home = {"HOME": str(job.folder)} if start is PROGRAM else {}
        done = subprocess.run(
            [*closing, *start, *words, "--password-file", file],
            env=BARE | OURS | home,
            cwd=job.folder,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        assert (done.returncode, lacks in done.stderr) == (2, True), done.stderr
    assert not (job.folder / "~").exists()


# a container


def image() -> tuple[dict[str, str], list[str], list[str]]:
    """What the recipe's last stage sets: variables, what it starts, and with what by itself."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    last = text.split("\nFROM ")[-1]
    variables = dict(
        pair.split("=", 1)
        for line in re.findall(r"^ENV (.*)$", last, re.MULTILINE)
        for pair in shlex.split(line)
    )
    starts, by_itself = (
        json.loads(re.findall(rf"^{word} (.*)$", last, re.MULTILINE)[0])
        for word in ("ENTRYPOINT", "CMD")
    )
    return variables, starts, by_itself


# Everything is read-only but the two folders, and the user is one that nobody knows: as it is in
# a container without rights. Needs a kernel that lets users make namespaces.
READ_ONLY = """
set -e
for folder in "$ARCHIVE" "$STATE"; do mount --bind "$folder" "$folder"; done
mount -o remount,bind,ro /
exec unshare --user --map-user=1234 --map-group=1234 "$@"
"""


INSIDE = ("unshare", "-rm", "/bin/sh", "-c", READ_ONLY, "sh")


def can_be_contained(places: Mapping[str, str]) -> bool:
    """Whether this system lets its users make namespaces."""
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(
        [*INSIDE, "true"], env=os.environ | places, capture_output=True, check=False
    )
    return tried.returncode == 0


def test_the_recipe_needs_nothing_but_two_folders_to_write_to(job: Job) -> None:
    variables, starts, by_itself = image()
    assert (starts, by_itself) == (["tokaway"], ["run", "/archive"])
    assert (variables["TOKAWAY_STATE"], Path(variables["HOME"]).exists()) == ("/state", False)
    state = job.folder / "state"
    state.mkdir()
    places = {"ARCHIVE": str(job.archive), "STATE": str(state)}
    there = {"TOKAWAY_STATE": str(state), "TOKAWAY_KEYRING": variables["TOKAWAY_KEYRING"]}
    assert job.tokaway("plan", job.export).code == 0
    is_contained = can_be_contained(places)

    def contained(*words: str) -> str:
        done = subprocess.run(
            [*(INSIDE if is_contained else ()), *PROGRAM, *words, "--pds", job.account.pds],
            env=BARE | OURS | {"HOME": variables["HOME"]} | there | places,
            cwd=job.archive,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    contained("login", job.account.handle, "--password-file", str(job.folder / "app-password"))
    command = [word.replace("/archive", str(job.archive)) for word in by_itself]
    told = contained(*command, "--to", job.account.handle)
    assert "2 of 2 chosen posts published." in told
    assert_exactly(job.pds, job.account.did, job.staged.public)
    assert {path.name for path in state.rglob("*.json")} >= {"accounts.json"}
    if not is_contained:
        pytest.skip("done, but not on a read-only root: users may make no namespaces here")


def test_the_recipe_installs_what_is_there_and_runs_without_rights() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["python:3.13-slim"] * 2
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", text, re.MULTILINE)
    (install,) = re.findall(r"^RUN .*pip install (.*)$", text, re.MULTILINE)
    named = [word for word in shlex.split(install) if word.startswith("/source")]
    assert named == ["/source/constraints.txt", "/source[notify]"]
    taken = (ROOT / ".containerignore").read_text(encoding="utf-8")
    for path in re.findall(r"^!(.*)$", taken, re.MULTILINE):
        assert (ROOT / path).exists(), path
    # What the build of the package reads must be among it.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = ["pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]]
    for path in (*needed, *wheel["packages"], *wheel["force-include"]):
        assert f"!{path}\n" in taken
    (block,) = (block for block in examples("sh") if block.startswith("podman"))
    build, *runs = block.splitlines()
    assert build == "podman build -t tokaway ."
    assert all("--read-only" in line and ":/state" in line for line in runs)

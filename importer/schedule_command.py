"""What `schedule` does: shows what starts runs by themselves, and puts it in place if asked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from importer.archive.view import ArchiveView
from importer.console import Console
from importer.errors import UserError
from importer.known import is_kept_in_file
from importer.layers import CONFIG, NOT_SETTINGS, PREFIX
from importer.media.ffmpeg import find as find_ffmpeg
from importer.schedule_entries import Entry, Every, Job, System, entries, with_block
from importer.settings import Settings, load

_TITLES = {
    System.CRON: "a line for crontab -e",
    System.SYSTEMD: "a file in ~/.config/systemd/user",
    System.LAUNCHD: "a file in ~/Library/LaunchAgents",
}
# What says where Tokaway keeps its own things.
_CARRIED = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "TOKAWAY_STATE", CONFIG)
# Where cron, systemd and launchd look for programs, whatever the person's own shell does.
_USUAL_PROGRAMS = ("/usr/bin", "/bin")
_SECONDS = 30
# A person without a table has an error for it: `no crontab for …`, or that its file is not there.
_NO_TABLE = re.compile("no crontab|no such file", re.IGNORECASE)
_NO_BUS = " systemd knows only those who have signed in to this computer, not su or sudo."


def job_for(archive: Path, every: Every, config: Path | None, settings: Settings) -> Job:
    """What is to be started for an archive on this machine.

    Raises:
        UserError: no FFmpeg is to be found.
    """
    folder = archive.absolute()
    words = [*program(), "run", str(folder), "--no-wait", "--quiet"]
    words += ["--config", str(config.absolute())] if config else []
    variables = {
        name: str(Path(value).absolute())
        for name in _CARRIED
        if (value := os.environ.get(name)) and not (name == CONFIG and config)
    }
    found = find_ffmpeg(settings.ffmpeg)
    if found.source == "system" and str(Path(found.path).parent) not in _USUAL_PROGRAMS:
        variables["TOKAWAY_FFMPEG"] = str(Path(found.path).absolute())
    return Job(folder, tuple(words), variables, every)


def program() -> tuple[str, ...]:
    """The words that start Tokaway from anywhere, as it was started now."""
    started = Path(sys.argv[0])
    if started.stem == "tokaway" and started.is_file():
        return (str(started.absolute()),)
    return (sys.executable, "-m", "importer.cli")


def show(console: Console, archive: Path, every: Every, config: Path | None) -> int:
    """Print the entries for all systems.

    Returns:
        The exit code.
    """
    job, settings = _job(archive, every, config)
    for system in System:
        for entry in entries(job, system):
            _show(console, entry)
    for note in _notes(job, settings):
        console.note(note)
    console.note("To put one in place: tokaway schedule ARCHIVE --install cron (systemd, launchd)")
    return 0


def install(
    console: Console,
    archive: Path,
    every: Every,
    config: Path | None,
    system: System,
    agree: Callable[[str], bool],
) -> int:
    """Show the entry for one system and, if the person agrees, put it in place.

    Returns:
        The exit code.

    Raises:
        UserError: nobody can answer, or the system does not take it.
    """
    job, settings = _job(archive, every, config)
    made = entries(job, system)
    for entry in made:
        console.line(entry.text)
    for note in _notes(job, settings):
        console.note(note)
    if not agree("Start runs by this from now on?"):
        console.line("Nothing was changed.")
        return 0
    _INSTALL[system](job, made)
    for entry in made:
        _tell(console, entry, is_installed=True)
    console.line(
        f"Installed. It starts a run every {every}; what each day brought is in "
        f"{job.archive / 'days.log'}."
    )
    if system is System.SYSTEMD:
        console.line("To let it run while you are not signed in: loginctl enable-linger")
    return 0


def remove(console: Console, archive: Path, system: System) -> int:
    """Take away what `install` put in place, if it is there.

    Returns:
        The exit code.
    """
    job = Job(archive.absolute(), (), {}, Every.HOUR)
    _REMOVE[system](job)
    console.line("Removed: no run starts by itself any more. The archive stays as it is.")
    return 0


def _job(archive: Path, every: Every, config: Path | None) -> tuple[Job, Settings]:
    if sys.platform == "win32":
        raise UserError(
            "This system has none of cron, systemd and launchd.",
            hint="Let Windows' Task Scheduler start: tokaway run ARCHIVE --no-wait",
            code="no_scheduler",
        )
    ArchiveView.open(archive).close()
    settings = load({}, archive=archive, config=config)
    return job_for(archive, every, config, settings), settings


def _notes(job: Job, settings: Settings) -> Iterator[str]:
    """What would keep these runs from working though it works here."""
    with ArchiveView.open(job.archive) as archive:
        account = archive.account()
    name = account.did if account else settings.to
    if settings.password_file is None and name and not is_kept_in_file(name):
        yield (
            "! No session is kept in a file, and a keyring is locked while nobody is signed in to "
            "this computer. Put keyring = false into your settings file, then: tokaway login "
            f"{account.handle if account else settings.to}"
        )
    if not name:
        yield f'! No account is known. Put to = "HANDLE" into {job.archive / "tokaway.toml"}'
    others = [
        variable
        for variable in os.environ
        if variable.startswith(PREFIX) and variable not in (*NOT_SETTINGS, *job.variables)
    ]
    if others:
        yield f"! Set here but not in these runs: {', '.join(others)}. Put them into tokaway.toml."


def _show(console: Console, entry: Entry) -> None:
    _tell(console, entry, is_installed=False)
    title = f"# {entry.system}: {_TITLES[entry.system]}" + (f", {entry.file}" * bool(entry.file))
    console.line(title)
    console.line(entry.text)


def _tell(console: Console, entry: Entry, *, is_installed: bool) -> None:
    console.result(
        "schedule",
        {
            "system": entry.system.value,
            "file": entry.file,
            "text": entry.text,
            "installed": is_installed,
        },
    )


def _call(
    words: Sequence[str],
    given: str = "",
    *,
    may_fail: bool = False,
    nothing: re.Pattern[str] | None = None,
) -> str:
    """What a program of the system prints; nothing if it may fail, or fails because of `nothing`.

    Raises:
        UserError: it is not there, or says that it did not work.
    """
    try:
        done = subprocess.run(
            words,
            input=given,
            capture_output=True,
            encoding="utf-8",
            # What others wrote into a table goes back as it came.
            errors="surrogateescape",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(
            f"{words[0]} does not work on this computer. Nothing was changed.",
            hint="tokaway schedule ARCHIVE prints the entries for other systems.",
            code="no_scheduler",
        ) from error
    is_nothing = nothing is not None and nothing.search(done.stderr)
    if done.returncode and not (may_fail or is_nothing):
        said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise UserError(
            f"{' '.join(words)} did not work: {said}.",
            hint="tokaway schedule ARCHIVE prints the entries, to put them in place by hand."
            + _NO_BUS * ("bus" in said),
            code="scheduler",
        )
    return done.stdout if not done.returncode else ""


def _table() -> str:
    """The person's table of cron.

    Raises:
        UserError: it cannot be read, so that it must not be written anew either.
    """
    return _call(["crontab", "-l"], nothing=_NO_TABLE)


def _to_cron(job: Job, made: Sequence[Entry]) -> None:
    _call(["crontab", "-"], with_block(_table(), job.name, [entry.text for entry in made]))


def _to_systemd(job: Job, made: Sequence[Entry]) -> None:
    # Nothing is left behind where no systemd answers this person.
    _call(["systemctl", "--user", "daemon-reload"])
    _write(_units(), made)
    _call(["systemctl", "--user", "daemon-reload"])
    _call(["systemctl", "--user", "enable", "--now", f"{job.name}.timer"])


def _to_launchd(job: Job, made: Sequence[Entry]) -> None:
    _call(["launchctl", "bootout", f"{_domain()}/org.{job.name}"], may_fail=True)
    _write(_agents(), made)
    _call(["launchctl", "bootstrap", _domain(), str(_agents() / made[0].file)])


def _from_cron(job: Job) -> None:
    table = _table()
    without = with_block(table, job.name, [])
    if without != table:
        _call(["crontab", "-"], without)


def _from_systemd(job: Job) -> None:
    _call(["systemctl", "--user", "disable", "--now", f"{job.name}.timer"], may_fail=True)
    for ending in ("service", "timer"):
        (_units() / f"{job.name}.{ending}").unlink(missing_ok=True)
    _call(["systemctl", "--user", "daemon-reload"], may_fail=True)


def _from_launchd(job: Job) -> None:
    _call(["launchctl", "bootout", f"{_domain()}/org.{job.name}"], may_fail=True)
    (_agents() / f"org.{job.name}.plist").unlink(missing_ok=True)


_INSTALL: Mapping[System, Callable[[Job, Sequence[Entry]], None]] = {
    System.CRON: _to_cron,
    System.SYSTEMD: _to_systemd,
    System.LAUNCHD: _to_launchd,
}
_REMOVE: Mapping[System, Callable[[Job], None]] = {
    System.CRON: _from_cron,
    System.SYSTEMD: _from_systemd,
    System.LAUNCHD: _from_launchd,
}


def _write(folder: Path, made: Sequence[Entry]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for entry in made:
        part = folder / f".{entry.file}.part"
        part.write_text(entry.text, encoding="utf-8")
        part.replace(folder / entry.file)


def _units() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def _agents() -> Path:
    return Path.home() / "Library" / "LaunchAgents"


def _domain() -> str:
    return f"gui/{os.getuid()}" if sys.platform != "win32" else ""

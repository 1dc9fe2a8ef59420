"""Entries that start runs of an archive by themselves: for cron, systemd and launchd. Pure."""

from __future__ import annotations

import hashlib
import plistlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from importer.errors import BudgetEmpty, UserError

LOG = "schedule.log"
# Before the day begins for most people, and on no night missing or twice for a change of clocks.
_FIRST_HOUR, _HOURS = 4, 3
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")
_LONGEST_NAME = 40
# systemd starts no program with one of these in its name.
_NOT_IN_PROGRAMS = "'\"\\"


class System(StrEnum):
    """What starts programs at their time."""

    CRON = "cron"
    SYSTEMD = "systemd"
    LAUNCHD = "launchd"


class Every(StrEnum):
    """How often a run starts."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be started: the words of a command, with these variables, for this archive."""

    archive: Path
    command: tuple[str, ...]
    variables: Mapping[str, str]
    every: Every

    @property
    def name(self) -> str:
        """A name for its entries: the same for the same folder, another for any other."""
        plain = _NOT_IN_NAMES.sub("-", self.archive.stem).strip("-").lower()[:_LONGEST_NAME]
        return f"tokaway-{plain or 'archive'}-{self._digest[:8]}"

    @property
    def minute(self) -> int:
        """Other archives, and other people's, start at other minutes."""
        return int(self._digest[8:16], 16) % 60

    @property
    def hour(self) -> int:
        """The hour of a daily run."""
        return _FIRST_HOUR + int(self._digest[16:24], 16) % _HOURS

    @property
    def _digest(self) -> str:
        return hashlib.sha256(str(self.archive).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `file` is its name in the folder of its system, empty for a line of cron."""

    system: System
    file: str
    text: str


def entries(job: Job, system: System) -> tuple[Entry, ...]:
    """What makes a system start the job.

    Raises:
        UserError: a path has letters that no such entry can hold.
    """
    for word in (*job.command, *job.variables.values()):
        if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in word):
            raise UserError(
                f"The path {word!r} has letters that no schedule can hold, such as a line break.",
                hint="Give it another name, then ask for the schedule again.",
                code="unprintable_path",
            )
    match system:
        case System.CRON:
            return (Entry(system, "", _cron(job)),)
        case System.SYSTEMD:
            return (
                Entry(system, f"{job.name}.service", _service(job)),
                Entry(system, f"{job.name}.timer", _timer(job)),
            )
        case System.LAUNCHD:
            return (Entry(system, f"org.{job.name}.plist", _plist(job)),)


def with_block(table: str, name: str, lines: Sequence[str]) -> str:
    """A table of cron with these lines for a job, instead of those that it had; none removes it."""
    begins, ends = f"# {name} begins", f"# {name} ends"
    block = re.compile(rf"^{re.escape(begins)}\n.*?^{re.escape(ends)}\n?", re.DOTALL | re.MULTILINE)
    kept = block.sub("", table)
    if not lines:
        return kept
    kept += "\n" if kept and not kept.endswith("\n") else ""
    return kept + "\n".join((begins, *lines, ends)) + "\n"


def _cron(job: Job) -> str:
    hour = "*" if job.every is Every.HOUR else str(job.hour)
    words = [f"{name}={_for_cron(value)}" for name, value in job.variables.items()]
    words += [_for_cron(word) for word in job.command]
    log = _for_cron(str(job.archive / LOG))
    return f"{job.minute} {hour} * * * {' '.join(words)} >>{log} 2>&1"


def _for_cron(word: str) -> str:
    """A word for the shell, in which cron finds no `%`: to it that is the end of the command."""
    quoted = "'" + word.replace("'", "'\"'\"'") + "'"
    # Not inside of the quotes: there the shell would keep the backslash if cron does.
    return quoted.replace("%", "'\\%'")


def _service(job: Job) -> str:
    first, *others = job.command
    if any(letter in first for letter in _NOT_IN_PROGRAMS):
        first, others = "/bin/sh", ["-c", 'exec "$@"', "sh", *job.command]
    # The colon keeps `$` as it is.
    command = " ".join(_for_systemd(word) for word in (f":{first}", *others))
    variables = "".join(
        f"Environment={_for_systemd(f'{name}={value}')}\n" for name, value in job.variables.items()
    )
    return (
        "[Unit]\n"
        f"Description=Tokaway, import of {job.archive.name.replace('%', '%%')}\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        f"ExecStart={command}\n"
        f"{variables}"
        f"SuccessExitStatus={BudgetEmpty.exit_code}\n"
        "Nice=10\n"
    )


def _timer(job: Job) -> str:
    hour = "*" if job.every is Every.HOUR else f"{job.hour:02}"
    return (
        "[Unit]\n"
        f"Description=Tokaway, when to import {job.archive.name.replace('%', '%%')}\n"
        "\n"
        "[Timer]\n"
        f"OnCalendar=*-*-* {hour}:{job.minute:02}:00\n"
        "Persistent=true\n"
        "\n"
        "[Install]\n"
        "WantedBy=timers.target\n"
    )


def _for_systemd(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _plist(job: Job) -> str:
    at = {"Minute": job.minute} | ({"Hour": job.hour} if job.every is Every.DAY else {})
    log = str(job.archive / LOG)
    told = {
        "Label": f"org.{job.name}",
        "ProgramArguments": list(job.command),
        "EnvironmentVariables": dict(job.variables),
        "StartCalendarInterval": at,
        "StandardOutPath": log,
        "StandardErrorPath": log,
        "ProcessType": "Background",
    }
    return plistlib.dumps(told).decode()

"""What the engine tells its listeners, in order and from one thread.

    RunStarted
      Noticed*                        what to know before posts go out
      Recognised?                     posts found on the PDS already
      Forecasted?                     told again when waiting begins
      ( StepStarted → StepDone | StepFailed
      | Looked                        whether a published video plays
      | Status                        at most once a second
      | Waiting
      | Day )*                        once a day, and at the end
      Stopping?                       the user asked to stop
      Day
    RunFinished

Fields are only ever added; `docs/json-lines.md` documents each line.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from importer.model import Milestone, Stage

Counts = dict[Milestone, int]


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events. `at` is UTC, `run` the number of the run in its archive."""

    name: ClassVar[str] = "event"
    at: datetime
    run: int


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A run begins."""

    name: ClassVar[str] = "run_started"
    version: str
    archive: str
    handle: str
    did: str
    pds: str
    counts: Counts
    destinations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Noticed(Event):
    """Something to know about the account or its server. `code` is stable, `hint` may be empty."""

    name: ClassVar[str] = "notice"
    code: str
    text: str
    hint: str


@dataclass(frozen=True, slots=True)
class Recognised(Event):
    """Posts whose records stand on the PDS already; nothing is written for them."""

    name: ClassVar[str] = "recognised"
    posts: int


@dataclass(frozen=True, slots=True)
class Forecasted(Event):
    """When the import will be finished if it runs whenever it may, and which limit decides it."""

    name: ClassVar[str] = "forecast"
    finish_at: datetime
    limit: str


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """A worker took a step."""

    name: ClassVar[str] = "step_started"
    post: str
    stage: Stage


@dataclass(frozen=True, slots=True)
class StepDone(Event):
    """A step is done and noted. `text` says what it came to, `uri` is set once published."""

    name: ClassVar[str] = "step_done"
    post: str
    stage: Stage
    seconds: float
    text: str
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class StepFailed(Event):
    """A step did not work. `retry_at` is `None` when the post failed or was skipped for good."""

    name: ClassVar[str] = "step_failed"
    post: str
    stage: Stage
    milestone: Milestone
    code: str
    text: str
    hint: str
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Looked(Event):
    """What became of a published video, as an app view shows it, or read back from the server.

    `milestone` is where its post stands. What does not play goes back to be encoded anew, once;
    else `code` says why it stays so.
    """

    name: ClassVar[str] = "looked"
    post: str
    plays: bool
    milestone: Milestone
    code: str
    text: str
    hint: str


@dataclass(frozen=True, slots=True)
class InHand:
    """One running step in a `Status`. `done` and `total` count `unit`s.

    `rate` is how many of them a second since the last status, `None` if there was none.
    """

    post: str
    stage: Stage
    done: float
    total: float | None
    unit: str
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Status(Event):
    """Where the run stands."""

    name: ClassVar[str] = "status"
    counts: Counts
    in_hand: tuple[InHand, ...]


@dataclass(frozen=True, slots=True)
class Waiting(Event):
    """Nothing can be done before `until`."""

    name: ClassVar[str] = "waiting"
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Stopping(Event):
    """The user asked to stop; `at_once` tells a drain from a leave."""

    name: ClassVar[str] = "stopping"
    at_once: bool


@dataclass(frozen=True, slots=True)
class Day(Event):
    """A day is over for this run: it ends, or waits or works beyond midnight.

    `day` is the date on the user's calendar, `published` how many posts were published on it by
    this archive's runs; the other numbers are of the whole archive.
    """

    name: ClassVar[str] = "day"
    day: str
    published: int
    in_all: int
    left: int
    failed: int
    finish_at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """The run is over. `exit` is the exit code, `text` and `hint` say why it ended early."""

    name: ClassVar[str] = "run_finished"
    outcome: str
    counts: Counts
    exit: int
    text: str = ""
    hint: str = ""


def to_json(event: Event) -> dict[str, Any]:
    """An event as the object of one JSON line."""
    line: dict[str, Any] = {"event": event.name}
    for field in fields(event):
        line[field.name] = jsonable(getattr(event, field.name))
    return line


def jsonable(value: Any) -> Any:
    """A value in the form it has on a JSON line: times in UTC, words instead of members."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {jsonable(key): jsonable(held) for key, held in value.items()}
    if isinstance(value, tuple | list):
        return [jsonable(held) for held in value]
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: jsonable(getattr(value, field.name)) for field in fields(value)}
    return value

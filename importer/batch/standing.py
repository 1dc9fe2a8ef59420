"""Where each creator of a batch stands, and what that comes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from importer.events import Event
from importer.summary import Summary

INTERRUPTED = 130
"""The exit code of who was stopped."""
# From what needs a person most to what needs nobody (docs/exit-codes.md).
WORST_FIRST = (INTERRUPTED, 70, 4, 3, 2, 5, 6, 1, 75, 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a turn of a creator ended, or all of them.

    `outcome` and `exit_code` are as a run has them. `until` (UTC) is when it can go on. `summary`
    is there if the archive could be opened, `report` if a page was written for it.
    """

    creator: str
    archive: Path
    outcome: str
    exit_code: int
    text: str = ""
    hint: str = ""
    until: datetime | None = None
    summary: Summary | None = None
    report: Path | None = None
    clean: bool = True

    @property
    def was_stopped(self) -> bool:
        """Whether the person stopped it."""
        return self.exit_code == INTERRUPTED


@dataclass(frozen=True, slots=True)
class Finished:
    """How a batch ended. `until` (UTC) is when the first can go on of those that wait."""

    path: Path
    standings: tuple[Standing, ...]

    @property
    def exit_code(self) -> int:
        """The worst of all."""
        return worst(standing.exit_code for standing in self.standings)

    @property
    def until(self) -> datetime | None:
        """When the same command can go on, if some wait for a limit."""
        return min((one.until for one in self.standings if one.until), default=None)


def worst(exit_codes: Iterable[int]) -> int:
    """The exit code that says most."""
    return min(exit_codes, key=WORST_FIRST.index, default=0)


class Listener(Protocol):
    """Hears what happens in a batch: one call at a time, from any thread.

    A class that builds on this one need only have the methods it has a use for.
    """

    def begins(self, creator: str, turn: int) -> None:
        """A creator has a turn; they are counted from 1."""
        return

    def note(self, creator: str, text: str) -> None:
        """Something was found while an export or a folder was read."""
        return

    def event(self, creator: str, event: Event) -> None:
        """What the engine tells of a creator's run."""
        return

    def rests(self, standing: Standing) -> None:
        """A creator goes on later."""
        return

    def ended(self, standing: Standing) -> None:
        """A creator is done, for this batch."""
        return

    def pauses(self) -> None:
        """Nobody can work just now: all who are left wait."""
        return

"""A batch on a terminal: one row a creator, redrawn as they work."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rich.console import Group
from rich.table import Table as RichTable
from rich.text import Text

from importer.archive.view import PLACED
from importer.batch.file import BatchFile
from importer.batch.standing import Listener, Standing
from importer.events import (
    Counts,
    Event,
    RunFinished,
    RunStarted,
    Status,
    StepDone,
    StepFailed,
    StepStarted,
)
from importer.live_console import LiveConsole
from importer.model import Milestone
from importer.wording import local, plural

_EVERY_SECONDS = 0.25
# Lines of a terminal that are not rows: the head, and what is said below.
_OTHER_LINES = 6
_AT_WORK, _WAITS, _READY, _DONE = "at work", "waits", "has its turn later", "done"
_ORDER = (_AT_WORK, _WAITS, _READY, _DONE)


@dataclass(slots=True)
class _Row:
    state: str = _READY
    doing: str = ""
    counts: Counts | None = None


class Table:
    """The rows of all creators; those at work come first, and what does not fit is counted."""

    def __init__(self, console: LiveConsole, file: BatchFile, lines: Listener) -> None:
        self._console = console
        self._lines = lines
        self._rows = {one.name: _Row() for one in file.creators}
        self._drawn_at = 0.0

    def begins(self, creator: str, turn: int) -> None:
        """A creator is at work."""
        self._rows[creator].state = _AT_WORK
        self._draw()

    def note(self, creator: str, text: str) -> None:
        """Say what was found, above the table."""
        self._lines.note(creator, text)

    def event(self, creator: str, event: Event) -> None:
        """Bring a creator's row up to date."""
        row = self._rows[creator]
        match event:
            case RunStarted(counts=counts) | Status(counts=counts):
                row.state, row.counts = _AT_WORK, counts
            case StepStarted(post=post, stage=stage):
                row.doing = f"{stage} {post}"
            case StepDone() | StepFailed():
                row.doing = ""
            case RunFinished(counts=counts):
                row.state, row.counts, row.doing = _READY, counts, ""
        self._draw()

    def rests(self, standing: Standing) -> None:
        """A creator waits."""
        row = self._rows[standing.creator]
        row.state = _WAITS
        row.doing = f"until {local(standing.until)}" if standing.until else ""
        self._draw()

    def ended(self, standing: Standing) -> None:
        """A creator is done: that is a line which stays."""
        row = self._rows[standing.creator]
        row.state, row.doing = _DONE, "" if standing.exit_code == 0 else standing.text
        if standing.summary:
            row.counts = standing.summary.counts
        self._lines.ended(standing)

    def pauses(self) -> None:
        """Show how all of them wait, however short ago something was drawn."""
        self._drawn_at = 0.0
        self._draw()

    def _draw(self) -> None:
        now = time.monotonic()
        if now - self._drawn_at >= _EVERY_SECONDS:
            self._drawn_at = now
            rows = self._console.height - _OTHER_LINES
            # The empty line is for what the terminal echoes of Ctrl-C: a full one would wrap.
            self._console.show(Group(self.picture(rows), Text("")))

    def picture(self, most: int) -> Group:
        """The table with so many rows at most."""
        table = RichTable(box=None, pad_edge=False, header_style="dim", expand=True)
        for head in ("creator", "", "published", "failed"):
            table.add_column(head, overflow="ellipsis", no_wrap=True)
        # What a narrow terminal has no room for is cut here, not of the names and numbers.
        table.add_column("", overflow="ellipsis", no_wrap=True, ratio=1)
        rows = sorted(self._rows.items(), key=lambda item: _ORDER.index(item[1].state))
        shown = rows[: max(1, most)]
        for name, row in shown:
            table.add_row(*(Text(cell) for cell in (name, row.state, *_numbers(row), row.doing)))
        hidden = len(rows) - len(shown)
        more = [Text(f"… and {plural(hidden, 'creator')} more", style="dim")] if hidden else []
        return Group(table, *more)


def _numbers(row: _Row) -> tuple[str, str]:
    if row.counts is None:
        return "", ""
    counts = row.counts
    placed = sum(counts[milestone] for milestone in PLACED)
    chosen = sum(counts.values()) - counts[Milestone.SKIPPED]
    return f"{placed}/{chosen}", str(counts[Milestone.FAILED] or "")

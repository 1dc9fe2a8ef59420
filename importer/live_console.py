"""The console of a terminal: lines that scroll, and what is in hand drawn below them."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.console import Console as RichConsole
from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from importer.errors import TokawayError
from importer.events import Event, Status
from importer.model import Milestone
from importer.wording import narrate, plural, size


class LiveConsole:
    """A terminal: lines that scroll, with bars for what is in hand below them."""

    takes_objects: ClassVar[bool] = False

    def __init__(self) -> None:
        self._console = RichConsole(stderr=True, highlight=False)
        self._out = RichConsole(highlight=False)
        self._live: Live | None = None

    def event(self, event: Event) -> None:
        """Print the event, or redraw the bars."""
        if isinstance(event, Status):
            self.show(_picture(event))
            return
        text = narrate(event)
        if text:
            # User text is never markup, and a wrapped link could not be clicked.
            self._console.print(Text(text), soft_wrap=True)

    def show(self, picture: RenderableType) -> None:
        """Draw a picture below the lines, instead of the one before."""
        if self._live is None:
            self._live = Live(console=self._console, transient=True, auto_refresh=False)
            self._live.start()
        self._live.update(picture, refresh=True)

    @property
    def height(self) -> int:
        """How many lines the terminal shows."""
        return self._console.height

    def note(self, text: str) -> None:
        """Print a line of narration."""
        self._console.print(Text(text, style="dim"), soft_wrap=True)

    def line(self, text: str = "") -> None:
        """Print a line of the result."""
        self.close()
        self._out.print(Text(text), soft_wrap=True)

    def result(self, name: str, fields: dict[str, Any]) -> None:
        """Nothing: people read the lines."""

    def error(self, error: TokawayError) -> None:
        """Print what went wrong and what to do."""
        self.close()
        self._console.print(Text(f"tokaway: {error.text}", style="bold red"), soft_wrap=True)
        if error.hint:
            self._console.print(Text(f"  → {error.hint}"), soft_wrap=True)

    def close(self) -> None:
        """Take the bars away."""
        if self._live:
            self._live.stop()
            self._live = None


def _picture(status: Status) -> Group:
    counts = status.counts
    published = counts[Milestone.PUBLISHED] + counts[Milestone.VERIFIED]
    chosen = sum(counts.values()) - counts[Milestone.SKIPPED]
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.fields[amount]}")
    )
    bars.add_task("published", total=chosen, completed=published, amount=f"{published}/{chosen}")
    for step in status.in_hand:
        if step.unit == "bytes":
            amount = f"{size(step.done)}" + (f" of {size(step.total)}" if step.total else "")
        else:
            amount = f"{step.done:.0f}" + (f" of {step.total:.0f} s" if step.total else " s")
        if step.rate:
            is_bytes = step.unit == "bytes"
            amount += f", {size(step.rate)}/s" if is_bytes else f", {step.rate:.1f}x"
        bars.add_task(
            f"{step.stage} {step.post}", total=step.total, completed=int(step.done), amount=amount
        )
    failed = counts[Milestone.FAILED]
    words = f"fetched {counts[Milestone.FETCHED]} · prepared {counts[Milestone.PREPARED]}"
    words += f" · {plural(failed, 'failed post')}" if failed else ""
    return Group(bars, Text(words, style="dim"))

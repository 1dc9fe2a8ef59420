"""One import on the first screen: where it stands, and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, ProgressBar, Static

from importer.folders import SUFFIX
from importer.imports import Import, Unreadable
from importer.model import Milestone
from tui.advice import advice
from tui.language import _, ngettext
from tui.shown import one_line, visible
from tui.times import when


class ImportCard(Vertical):
    """An import with its numbers: go on, or look at it. A finished one takes a single line."""

    class Continued(Message):
        """The person wants to go on where this import was."""

        def __init__(self, at: Import) -> None:
            super().__init__()
            self.at = at

    class Looked(Message):
        """The person wants to see the posts of this import."""

        def __init__(self, at: Import) -> None:
            super().__init__()
            self.at = at

    def __init__(self, at: Import, now: datetime) -> None:
        super().__init__(classes="card" if at.is_unfinished else "card -finished")
        self.at = at
        self._now = now
        self.border_title = Text(_title(at))
        self.border_subtitle = Text(one_line(_home(at.folder.parent)))

    def compose(self) -> ComposeResult:
        """Its numbers, what comes next, and the buttons."""
        if not self.at.is_unfinished:
            yield Static(Text(f"{counts(self.at)} · {_title(self.at)}", overflow="ellipsis"))
            yield Button(_("Look"), classes="look", compact=True)
            return
        summary = self.at.summary
        with Horizontal(classes="numbers"):
            bar = ProgressBar(show_eta=False, show_percentage=False)
            bar.update(total=max(1, summary.chosen), progress=summary.published)
            yield bar
            yield Static(Text(counts(self.at)), classes="counts")
        yield Static(Text(f"→ {_next(self.at, self._now)}"), classes="muted")
        with Horizontal(classes="buttons"):
            yield Button(_("Continue"), classes="continue", compact=True)
            yield Button(_("Look"), classes="look", compact=True)

    @on(Button.Pressed, ".continue")
    def _continue(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Continued(self.at))

    @on(Button.Pressed, ".look")
    def _look(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Looked(self.at))


class LostCard(Vertical):
    """An archive that cannot be read, and what to do about it."""

    class Forgotten(Message):
        """The person does not want to hear of it again."""

        def __init__(self, card: LostCard) -> None:
            super().__init__()
            self.card = card

    def __init__(self, lost: Unreadable, *, is_remembered: bool) -> None:
        super().__init__(classes="card -lost")
        self.lost = lost
        self._is_remembered = is_remembered
        self.border_title = Text(one_line(lost.folder.name))

    def compose(self) -> ComposeResult:
        """The sentence, the hint, and a way to be rid of it."""
        error = self.lost.error
        yield Static(Text(f"! {visible(error.text)}"), classes="trouble")
        yield Static(Text(f"→ {advice(error.code, error.hint)}"), classes="hint")
        if self._is_remembered:
            with Horizontal(classes="buttons"):
                yield Button(_("Do not show again"), classes="forget", compact=True)

    @on(Button.Pressed, ".forget")
    def _forget(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Forgotten(self))


class Section(Vertical):
    """Cards under a title; not shown while there are none."""

    DEFAULT_CSS = "Section { height: auto; }"

    def __init__(self, title: str, *, id: str) -> None:  # noqa: A002
        super().__init__(Static(title, classes="title"), id=id)
        self.display = False

    async def show(self, cards: Sequence[Widget]) -> None:
        """These cards instead of those before."""
        await self.query(".card").remove()
        await self.mount_all(cards)
        self.display = bool(cards)

    async def leave_out(self, card: Widget) -> None:
        """All but this card."""
        await card.remove()
        self.display = bool(self.query(".card"))


def counts(at: Import) -> str:
    """`412 of 1,030 published · 3 failed`, with a mark where all is done."""
    summary = at.summary
    told = [
        _("{published:,} of {chosen:,} published").format(
            published=summary.published, chosen=summary.chosen
        )
    ]
    failed = summary.counts[Milestone.FAILED]
    if failed:
        told.append(
            ngettext("{number:,} failed", "{number:,} failed", failed).format(number=failed)
        )
    return ("" if at.is_unfinished else "✓ ") + " · ".join(told)


def _title(at: Import) -> str:
    names: Iterable[str] = (
        at.folder.name.removesuffix(SUFFIX),
        f"@{at.user_name}" if at.user_name else "",
    )
    return " · ".join(one_line(name) for name in names if name)


def _next(at: Import, now: datetime) -> str:
    if not at.summary.unfinished:
        return _("look at what failed, and try again")
    if at.opens_at:
        return _("next window {when}").format(when=when(at.opens_at, now))
    if at.has_run:
        return _("can go on now")
    return _("nothing has been sent yet")


def _home(folder: Path) -> str:
    """A folder as people know it: `~` for home."""
    try:
        return str(Path("~") / folder.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(folder)

"""Shows how it goes while a folder or TikTok's pages are read, and can be stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, LoadingIndicator, RichLog, Static

from importer.errors import Stopped
from importer.gathering import Gathered, Say
from tui.doing import Doing
from tui.language import _
from tui.shown import visible
from tui.trouble import Trouble

Gather = Callable[[threading.Event, Say], Gathered]
Answer = Gathered | Trouble | None
_MOST_LINES = 200


class GatheringScreen(Doing[Answer]):
    """Answers with what was gathered, what went wrong, or nothing when it was stopped at once.

    Args:
        title: what is read.
        gather: reads it, and hears of a stop.
        keeps: whether what was read before a stop is taken over.
    """

    CSS_PATH = "gathering.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stop", _("Stop"))]

    class _Said(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, title: str, gather: Gather, *, keeps: bool) -> None:
        super().__init__()
        self._title, self._gather, self._keeps = title, gather, keeps
        self._stop = threading.Event()

    def compose(self) -> ComposeResult:
        """What is going on, and the way to stop it."""
        with Vertical(classes="dialog"):
            yield Static(Text(self._title), classes="title")
            yield LoadingIndicator()
            yield RichLog(id="said", max_lines=_MOST_LINES, wrap=True, markup=False)
            with Horizontal(classes="buttons"):
                yield Button(_("Stop"), id="stop")

    def on_mount(self) -> None:
        """Begin at once."""
        self.do(self._work, self._answer, failed=self._answer)

    def _answer(self, answer: Answer) -> None:
        self.dismiss(answer)

    def on_unmount(self) -> None:
        """Whoever leaves the program leaves this too."""
        self._stop.set()

    def _work(self) -> Answer:
        try:
            return self._gather(self._stop, self._say)
        except Stopped:
            return None

    def _say(self, text: str) -> None:
        # Scanning a folder knows no stop of its own; what it would have taken over is not yet.
        if self._stop.is_set() and not self._keeps:
            raise Stopped
        self.post_message(self._Said(text))

    @on(_Said)
    def _show_said(self, message: _Said) -> None:
        self.query_one("#said", RichLog).write(Text(visible(message.text)))

    @on(Button.Pressed, "#stop")
    def action_stop(self) -> None:
        """Stop as soon as it can; what was read online is kept."""
        self._stop.set()
        self.query_one("#said", RichLog).write(Text(_("Stopping …")))
        self.query_one("#stop", Button).disabled = True

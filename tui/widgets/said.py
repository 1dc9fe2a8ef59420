"""A line under a field: what is being done now, or what went wrong with it."""

from __future__ import annotations

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Button, Static

from tui.advice import advice
from tui.language import _
from tui.screens.trouble import TroubleScreen
from tui.shown import visible
from tui.trouble import Trouble


class Said(Vertical):
    """Shows nothing until there is something to say."""

    DEFAULT_CSS = """
    Said { height: auto; display: none; }
    Said.-said { display: block; }
    Said Button { display: none; }
    Said.-trouble Button { display: block; }
    """

    class Heard(Message):
        """Words from a worker thread."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._trouble: Trouble | None = None

    def compose(self) -> ComposeResult:
        """The words, and the way to the details."""
        yield Static()
        yield Button(_("Details"), compact=True)

    def doing(self, text: str) -> None:
        """What is being done; an empty text for nothing."""
        self._show(Text(f"○ {visible(text)}" if text else ""), None)

    def done(self, text: str) -> None:
        """What was done."""
        self._show(Text(f"✓ {visible(text)}"), None)

    def hear(self, text: str) -> None:
        """What is being done, from a worker thread."""
        self.post_message(self.Heard(text))

    @on(Heard)
    def _heard(self, message: Heard) -> None:
        message.stop()
        self.doing(message.text)

    def failed(self, trouble: Trouble) -> None:
        """What went wrong; it stays until something else is said."""
        error = trouble.error
        hint = f"\n→ {advice(error.code, error.hint)}" if error.hint else ""
        self._show(Text.assemble((f"! {visible(error.text)}", "bold"), hint), trouble)
        self.scroll_visible()

    def _show(self, words: Text, trouble: Trouble | None) -> None:
        self._trouble = trouble
        self.query_one(Static).update(words)
        self.set_class(bool(words), "-said")
        self.set_class(bool(trouble and trouble.details), "-trouble")

    @on(Button.Pressed)
    def _details(self, event: Button.Pressed) -> None:
        event.stop()
        if self._trouble:
            self.app.push_screen(TroubleScreen(self._trouble))

"""Asks for one line of text, such as the path of a folder; and tells what came of something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui.language import _
from tui.shown import visible


class AskScreen(ModalScreen[str | None]):
    """Answers with what was typed, or with nothing.

    Args:
        title: what it is about.
        explained: what will happen, in a few lines.
        yes: the name of the button that does it.
        value: what stands in the field at first.
        placeholder: what is to be typed.
    """

    AUTO_FOCUS = "#answer"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", _("Back"))]

    def __init__(
        self, title: str, explained: str, yes: str, *, value: str = "", placeholder: str = ""
    ) -> None:
        super().__init__()
        self._title, self._explained, self._yes = title, explained, yes
        self._value, self._placeholder = value, placeholder

    def compose(self) -> ComposeResult:
        """What it is about, and the field."""
        with Vertical(classes="dialog"):
            yield Static(Text(self._title), classes="title")
            yield Static(Text(self._explained))
            yield Input(self._value, placeholder=self._placeholder, id="answer")
            with Horizontal(classes="buttons"):
                yield Button(self._yes, id="yes", variant="primary")
                yield Button(_("Back"), id="leave")

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def _answer(self) -> None:
        if typed := self.query_one("#answer", Input).value.strip():
            self.dismiss(typed)

    @on(Button.Pressed, "#leave")
    def action_leave(self) -> None:
        """Nothing happens."""
        self.dismiss(None)


class ToldScreen(ModalScreen[None]):
    """What came of something, line by line."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter", "leave", _("Close"))]

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        super().__init__()
        self._title, self._lines = title, lines

    def compose(self) -> ComposeResult:
        """All lines, to be scrolled where they are many."""
        with Vertical(classes="dialog"):
            yield Static(Text(self._title), classes="title")
            with VerticalScroll(id="lines"):
                yield Static(Text("\n".join(map(visible, self._lines))))
            with Horizontal(classes="buttons"):
                yield Button(_("Close"), id="leave", variant="primary")

    def on_mount(self) -> None:
        """Enter closes it."""
        lines = self.query_one("#lines")
        lines.styles.height, lines.styles.max_height = "auto", 14
        self.query_one("#leave").focus()

    @on(Button.Pressed, "#leave")
    def action_leave(self) -> None:
        """Back to the screen."""
        self.dismiss()

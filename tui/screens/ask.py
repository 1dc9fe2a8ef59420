"""Asks for one line of text, or for the path of a folder or file; tells what came of something."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui.language import _
from tui.shown import visible
from tui.widgets.line_input import LineInput
from tui.widgets.path_input import Pasted, PathInput

Answer = TypeVar("Answer")


class Asking(ModalScreen[Answer | None]):
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
            yield self.field(self._value, self._placeholder)
            with Horizontal(classes="buttons"):
                yield Button(self._yes, id="yes", variant="primary")
                yield Button(_("Back"), id="leave")

    @abstractmethod
    def field(self, value: str, placeholder: str) -> Input:
        """What is typed into; its id is `answer`."""

    @on(Button.Pressed, "#yes")
    async def _submit(self) -> None:
        await self.query_one("#answer", Input).action_submit()

    @on(Button.Pressed, "#leave")
    def action_leave(self) -> None:
        """Nothing happens."""
        self.dismiss(None)


class AskScreen(Asking[str]):
    """Asks for words."""

    def field(self, value: str, placeholder: str) -> Input:
        """A line."""
        return LineInput(value, placeholder=placeholder, id="answer")

    @on(Input.Submitted)
    def _answer(self, event: Input.Submitted) -> None:
        if typed := event.value.strip():
            self.dismiss(typed)


class AskPathScreen(Asking[Path]):
    """Asks for a path, which may be typed, pasted or dropped anywhere on the dialog."""

    def field(self, value: str, placeholder: str) -> Input:
        """A field for paths."""
        return PathInput(placeholder, id="answer")

    def on_mount(self) -> None:
        """Show the end of a path that is proposed."""
        if self._value:
            self.query_one(PathInput).take(Pasted(Path(self._value)))

    def on_paste(self, event: events.Paste) -> None:
        """What is dropped beside the field goes into it."""
        field = self.query_one(PathInput)
        field.focus()
        field.post_message(events.Paste(event.text))

    @on(PathInput.Chosen)
    def _answer(self, message: PathInput.Chosen) -> None:
        self.dismiss(message.path)


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

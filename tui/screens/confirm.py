"""A question with two answers; the safe one has the focus."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Static

from tui.language import _


class ConfirmScreen(ModalScreen[bool]):
    """Asks before something that cannot be taken back, or that others will see."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "no", _("No"))]

    def __init__(self, question: str, yes: str, no: str | None = None) -> None:
        super().__init__()
        self._question = question
        self._yes = yes
        self._no = no or _("No")

    def compose(self) -> ComposeResult:
        """The question and its answers."""
        with Vertical(classes="dialog"):
            yield from self.told()
            with Horizontal(classes="buttons"):
                yield Button(self._no, id="no", variant="primary")
                yield Button(self._yes, id="yes", variant="warning")

    def told(self) -> Iterable[Widget]:
        """What is asked."""
        yield Static(Text(self._question))

    def on_mount(self) -> None:
        """The safe answer is the one that enter gives."""
        self.query_one("#no").focus()

    @on(Button.Pressed, "#yes")
    def _agree(self) -> None:
        self.dismiss(True)

    @on(Button.Pressed, "#no")
    def action_no(self) -> None:
        """Nothing happens."""
        self.dismiss(False)

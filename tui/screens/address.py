"""An address or a file that cannot be opened from here: shown in full, to be copied."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.language import _
from tui.shown import one_line


class AddressScreen(ModalScreen[None]):
    """The address, and a key that copies it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "close", _("Close")),
        Binding("c", "copy", _("Copy")),
    ]

    def __init__(self, sentence: str, address: str) -> None:
        super().__init__()
        self._sentence = sentence
        self._address = address

    def compose(self) -> ComposeResult:
        """The sentence, the address, the buttons."""
        with Vertical(classes="dialog"):
            yield Static(Text(self._sentence))
            yield Static(Text(f"\n{one_line(self._address)}\n", overflow="fold"), classes="title")
            with Horizontal(classes="buttons"):
                yield Button(_("Close"), id="close", variant="primary")
                yield Button(_("Copy"), id="copy")

    def on_mount(self) -> None:
        """Enter closes."""
        self.query_one("#close").focus()

    @on(Button.Pressed, "#close")
    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss()

    @on(Button.Pressed, "#copy")
    def action_copy(self) -> None:
        """Copy the address."""
        self.app.copy_to_clipboard(self._address)
        self.notify(_("Copied."), markup=False)

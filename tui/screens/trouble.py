"""Says what went wrong, what it means, and what to do next; details one key away."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.advice import advice
from tui.language import _
from tui.shown import visible
from tui.trouble import Trouble


class TroubleScreen(ModalScreen[None]):
    """One error over the screen it belongs to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "close", _("Close")),
        Binding("d", "details", _("Details")),
        Binding("c", "copy", _("Copy")),
    ]

    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble

    def compose(self) -> ComposeResult:
        """The sentence, the hint, and what a developer would ask for."""
        error = self._trouble.error
        with Vertical(classes="dialog"):
            yield Static(Text(f"! {visible(error.text)}"), classes="trouble")
            if error.hint:
                yield Static(Text(f"→ {advice(error.code, error.hint)}"), classes="hint")
            with VerticalScroll(id="details"):
                yield Static(Text(visible(self._trouble.details)))
            with Horizontal(classes="buttons"):
                yield Button(_("Close"), id="close", variant="primary")
                yield Button(_("Details"), id="show-details")
                yield Button(_("Copy"), id="copy")

    def on_mount(self) -> None:
        """Details wait until they are asked for."""
        self.query_one("#details").display = False
        self.query_one("#close").focus()

    @on(Button.Pressed, "#close")
    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss()

    @on(Button.Pressed, "#show-details")
    def action_details(self) -> None:
        """Show or hide the details."""
        details = self.query_one("#details")
        details.display = not details.display

    @on(Button.Pressed, "#copy")
    def action_copy(self) -> None:
        """Copy all of it, as it is shown: what is pasted into a terminal gives no orders either."""
        error = self._trouble.error
        told = [error.text, error.hint, self._trouble.details]
        self.app.copy_to_clipboard("\n".join(map(visible, told)))
        self.notify(_("Copied."), markup=False)

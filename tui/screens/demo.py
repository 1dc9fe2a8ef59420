"""The demo is ready: the account it made, for the steps that follow."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.demo import Demo
from tui.language import _


class DemoScreen(ModalScreen[bool]):
    """Says what was made; answers whether to begin."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "later", _("Back")),
        Binding("c", "copy", _("Copy the password")),
    ]

    def __init__(self, demo: Demo) -> None:
        super().__init__()
        self._demo = demo

    def compose(self) -> ComposeResult:
        """The account, and what to expect."""
        with Vertical(classes="dialog"):
            yield Static(_("The demo is ready."), classes="title")
            yield Static(
                _(
                    "A real server runs on this computer now, with an account for you, and there "
                    "is an export of made-up posts. Everything works as it does with your own; "
                    "nothing leaves this computer, and it is all gone when you quit."
                )
            )
            yield Static(
                Text(
                    _("\n  handle        {handle}\n  app password  {password}\n").format(
                        handle=self._demo.handle, password=self._demo.password
                    )
                ),
                id="made",
            )
            yield Static(_("You will need both in the second step."), classes="muted")
            with Horizontal(classes="buttons"):
                yield Button(_("Begin"), id="begin", variant="primary")
                yield Button(_("Copy the password"), id="copy")
                yield Button(_("Back"), id="later")

    def on_mount(self) -> None:
        """Enter begins."""
        self.query_one("#begin").focus()

    @on(Button.Pressed, "#begin")
    def _begin(self) -> None:
        self.dismiss(True)

    @on(Button.Pressed, "#later")
    def action_later(self) -> None:
        """Back to the first screen; the server goes on."""
        self.dismiss(False)

    @on(Button.Pressed, "#copy")
    def action_copy(self) -> None:
        """Copy the password; it stands on the screen too."""
        self.app.copy_to_clipboard(self._demo.password)
        self.notify(_("Copied."), markup=False)

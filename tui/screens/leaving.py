"""Asks how to leave while the engine is at work; nothing is lost either way."""

from __future__ import annotations

from enum import Enum, auto
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.language import _


class Leave(Enum):
    """How to leave."""

    FINISH = auto()
    NOW = auto()
    STAY = auto()


class LeavingScreen(ModalScreen[Leave]):
    """Three ways, the gentle one with the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "choose('STAY')", _("Keep going")),
        Binding("down,right", "app.focus_next", show=False),
        Binding("up,left", "app.focus_previous", show=False),
    ]

    def compose(self) -> ComposeResult:
        """The question and its three answers."""
        with Vertical(classes="dialog"):
            yield Static(Text(_("Posts are being published. Stop?")), classes="title")
            yield Static(
                Text(
                    _(
                        "Nothing is lost either way: what is published stays published, and the "
                        "import goes on where it stopped."
                    )
                )
            )
            with Vertical(classes="buttons"):
                yield Button(_("Finish what is in hand, then stop"), id="FINISH", variant="primary")
                yield Button(_("Stop now"), id="NOW")
                yield Button(_("Keep going"), id="STAY")

    def on_mount(self) -> None:
        """Enter takes the gentle way."""
        self.query_one("#FINISH").focus()

    @on(Button.Pressed)
    def _chosen(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_choose(event.button.id or Leave.STAY.name)

    def action_choose(self, name: str) -> None:
        """Answer."""
        self.dismiss(Leave[name])

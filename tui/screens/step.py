"""What all steps of the way share: the line of steps, the keys, and the way back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Footer

from tui.desk import Desk
from tui.doing import Doing
from tui.language import _
from tui.widgets.steps import Place, Steps


class StepScreen(Doing[None]):
    """One step of the way; the screens below it in the stack are the way back."""

    PLACE: ClassVar[Place]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", _("Back"), tooltip=_("To the step before; nothing is lost"))
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    def compose(self) -> ComposeResult:
        """The frame, with the step's own widgets in it."""
        yield Steps(self.PLACE)
        yield from self.body()
        yield Footer(show_command_palette=False)

    def body(self) -> Iterable[Widget]:
        """The step's own widgets."""
        return ()

    def action_back(self) -> None:
        """To the step before."""
        self.dismiss()

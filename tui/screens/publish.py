"""The run: what is in hand, what waits, and how to stop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from tui.desk import Desk
from tui.language import _
from tui.screens.step import StepScreen
from tui.widgets.steps import Place


class PublishScreen(StepScreen):
    """The run: what is in hand, what waits, and how to stop."""

    PLACE = Place.PUBLISH
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+n", "next", _("Next"))]

    def __init__(self, desk: Desk, *, dry_run: bool = False) -> None:
        super().__init__(desk)
        self.dry_run = dry_run

    def body(self) -> Iterable[Widget]:
        """Its widgets."""
        yield Static(_("PUBLISH"))

    def action_next(self) -> None:
        """To the next step."""
        from tui.screens.summary import SummaryScreen

        self.app.push_screen(SummaryScreen(self.desk))

"""The account: who publishes, and what its servers accept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from tui.language import _
from tui.screens.step import StepScreen
from tui.widgets.steps import Place


class AccountScreen(StepScreen):
    """The account: who publishes, and what its servers accept."""

    PLACE = Place.ACCOUNT
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+n", "next", _("Next"))]

    def body(self) -> Iterable[Widget]:
        """Its widgets."""
        yield Static(_("ACCOUNT"))

    def action_next(self) -> None:
        """To the next step."""
        from tui.screens.review import ReviewScreen

        self.app.push_screen(ReviewScreen(self.desk))

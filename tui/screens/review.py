"""The records as they will look; nothing has been sent so far."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from tui.language import _
from tui.screens.step import StepScreen
from tui.widgets.steps import Place


class ReviewScreen(StepScreen):
    """The records as they will look; nothing has been sent so far."""

    PLACE = Place.REVIEW
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+n", "next", _("Next"))]

    def body(self) -> Iterable[Widget]:
        """Its widgets."""
        yield Static(_("REVIEW"))

    def action_next(self) -> None:
        """To the next step."""
        from tui.screens.publish import PublishScreen

        self.app.push_screen(PublishScreen(self.desk))

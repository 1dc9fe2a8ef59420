"""The posts: which to publish, and their words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from tui.language import _
from tui.screens.step import StepScreen
from tui.widgets.steps import Place


class LibraryScreen(StepScreen):
    """The posts: which to publish, and their words."""

    PLACE = Place.POSTS
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+n", "next", _("Next"))]

    def body(self) -> Iterable[Widget]:
        """Its widgets."""
        yield Static(_("POSTS"))

    def action_next(self) -> None:
        """To the next step."""
        from tui.screens.account import AccountScreen

        self.app.push_screen(AccountScreen(self.desk))

"""The field that searches as one types, and is left with one key."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from tui.language import _
from tui.widgets.line_input import LineInput


class Search(LineInput):
    """Enter and down go to what was found; escape empties it first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "leave", _("To the posts"), show=False),
        Binding("escape", "clear_search", _("Clear"), show=False),
    ]

    class Left(Message):
        """The person goes on to the posts."""

    def action_leave(self) -> None:
        """Go on to what was found."""
        self.post_message(self.Left())

    def action_clear_search(self) -> None:
        """Look for nothing any more."""
        self.value = ""
        self.post_message(self.Left())

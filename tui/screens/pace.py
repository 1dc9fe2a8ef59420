"""Asks how many posts to publish in an hour."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.validation import Integer
from textual.widgets import Button, Input, Static

from tui.language import _

_MOST = 100_000


class PaceScreen(ModalScreen[int | None]):
    """A number of posts an hour, 0 for as many as the server allows; `None` to leave it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", _("Leave it"))]

    def __init__(self, pace: int | None) -> None:
        super().__init__()
        self._pace = pace

    def compose(self) -> ComposeResult:
        """The question, a field, and its buttons."""
        with Vertical(classes="dialog"):
            yield Static(Text(_("How many posts an hour?")), classes="title")
            yield Static(
                Text(
                    _(
                        "100 an hour is usual, so that nobody takes you for a robot. 0 means as "
                        "fast as the server allows."
                    )
                )
            )
            yield Input(
                "" if self._pace is None else str(self._pace),
                placeholder="100",
                type="integer",
                validators=[Integer(0, _MOST)],
                id="pace",
            )
            with Horizontal(classes="buttons"):
                yield Button(_("Change"), id="change", variant="primary")
                yield Button(_("Leave it"), id="cancel")

    @on(Input.Submitted, "#pace")
    @on(Button.Pressed, "#change")
    def _change(self) -> None:
        field = self.query_one("#pace", Input)
        if field.value and field.is_valid:
            self.dismiss(int(field.value))
        else:
            field.focus()

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Leave the pace as it is."""
        self.dismiss(None)

"""A list of what else can be done, each with its key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option


class MoreScreen(ModalScreen[str | None]):
    """Answers with the action that was chosen, or with nothing.

    Args:
        offers: actions of the screen below, each with its key and what it does in words.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, offers: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self._offers = offers

    def compose(self) -> ComposeResult:
        """One line each."""
        with Vertical(classes="dialog"):
            yield OptionList(
                *(
                    Option(Text(f"{key}  {words}"), id=str(number))
                    for number, (_action, key, words) in enumerate(self._offers)
                ),
                compact=True,
            )

    def on_key(self, event: object) -> None:
        """The keys of the screen below work here too."""
        key = getattr(event, "key", "")
        for action, its_key, _words in self._offers:
            if key == its_key:
                self.dismiss(action)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._offers[int(event.option_id or 0)][0])

    def action_leave(self) -> None:
        """Nothing happens."""
        self.dismiss(None)

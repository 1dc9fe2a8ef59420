"""Shows what will be deleted, and asks."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, Static

from importer.undoing import Selected
from tui.language import _, ngettext
from tui.widgets.post_list import named


class TakingBackScreen(ModalScreen[bool]):
    """The posts that would go, newest first; the safe answer has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "no", _("Keep them"))]

    def __init__(self, selected: Selected) -> None:
        super().__init__()
        self._selected = selected

    def compose(self) -> ComposeResult:
        """What goes, what stays, and the question."""
        number = len(self._selected.posts)
        asks = ngettext(
            "Delete {number} post from your account?",
            "Delete {number} posts from your account?",
            number,
        ).format(number=f"{number:,}")
        with Vertical(classes="dialog"):
            yield Static(Text(asks), classes="title")
            yield Static(
                Text(_("Their likes, replies and reposts go with them. Your files here stay."))
            )
            if self._selected.left:
                yield Static(
                    Text(
                        _("{number} that Tokaway found there, rather than published, stay.").format(
                            number=self._selected.left
                        )
                    )
                )
            yield OptionList(
                *(Text(named(one.post).full, no_wrap=True) for one in self._selected.posts),
                id="posts",
            )
            with Horizontal(classes="buttons"):
                yield Button(_("Keep them"), id="no", variant="primary")
                yield Button(_("Delete them"), id="yes", variant="error")

    def on_mount(self) -> None:
        """Enter keeps them."""
        self.query_one("#no").focus()

    @on(Button.Pressed, "#yes")
    def _agree(self) -> None:
        self.dismiss(True)

    @on(Button.Pressed, "#no")
    def action_no(self) -> None:
        """Nothing happens."""
        self.dismiss(False)

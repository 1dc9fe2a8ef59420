"""Shows what will be deleted, and asks."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from textual.widget import Widget
from textual.widgets import OptionList, Static

from importer.undoing import Selected
from tui.language import _, ngettext
from tui.screens.confirm import ConfirmScreen
from tui.widgets.post_list import named


class TakingBackScreen(ConfirmScreen):
    """The posts that would go, newest first."""

    def __init__(self, selected: Selected) -> None:
        number = len(selected.posts)
        asks = ngettext(
            "Delete {number} post from your account?",
            "Delete {number} posts from your account?",
            number,
        ).format(number=f"{number:,}")
        super().__init__(asks, _("Delete them"), _("Keep them"))
        self._selected = selected

    def told(self) -> Iterable[Widget]:
        """The question, what goes, and what stays."""
        yield Static(Text(self._question), classes="title")
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

"""Shows which words will change on the account, and asks."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from textual.widget import Widget
from textual.widgets import OptionList, Static

from importer.updating import Change
from tui.language import _, ngettext
from tui.screens.confirm import ConfirmScreen
from tui.shown import one_line
from tui.widgets.post_list import named


class RewordingScreen(ConfirmScreen):
    """The posts that would change, with their words before and after."""

    def __init__(self, changes: tuple[Change, ...]) -> None:
        number = len(changes)
        asks = ngettext(
            "Change {number} post on your account?",
            "Change {number} posts on your account?",
            number,
        ).format(number=f"{number:,}")
        super().__init__(asks, _("Change them"), _("Leave them"))
        self._changes = changes

    def told(self) -> Iterable[Widget]:
        """The question, what it costs, and what changes."""
        yield Static(Text(self._question), classes="title")
        yield Static(
            Text(
                _(
                    "On Bluesky an edited post counts as new: likes, reposts and replies are "
                    "counted from zero again."
                )
            )
        )
        yield OptionList(
            *(Text("\n".join(_lines(change)), no_wrap=True) for change in self._changes),
            id="posts",
        )


def _lines(change: Change) -> Iterable[str]:
    yield named(change.post).date
    if change.before != change.after:
        yield f"- {one_line(' / '.join(change.before))}"
        yield f"+ {one_line(' / '.join(change.after))}"
    if change.others:
        yield _("changes too: {what}").format(what=", ".join(change.others))

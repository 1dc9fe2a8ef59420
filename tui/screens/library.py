"""The posts: which to publish, and their words."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Button

from tui.language import _
from tui.screens.library_tools import ToolsScreen
from tui.widgets.steps import Place


class LibraryScreen(ToolsScreen):
    """The posts: which to publish, and their words."""

    PLACE = Place.POSTS
    CSS_PATH = "library.tcss"
    AUTO_FOCUS = "#posts"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "next", _("Next"), tooltip=_("To your account")),
        Binding("space", "toggle_choice", _("Choose"), tooltip=_("Publish it, or leave it out")),
        Binding("slash", "search", _("Search"), show=False),
        Binding("f", "filter", _("Filter"), show=False),
        Binding("e", "edit", _("Edit"), show=False),
        Binding("p,enter", "look", _("Look"), tooltip=_("Everything about this post")),
        Binding("a", "choose_shown(True)", _("Choose all shown"), show=False),
        Binding("n", "choose_shown(False)", _("Leave out all shown"), show=False),
        Binding("u", "undo", _("Undo the last choice"), show=False),
        Binding("c", "everything", _("Show all posts"), show=False),
        Binding("t", "treat", _("How they are published"), show=False),
        Binding("left", "step(-1)", _("The post before"), show=False),
        Binding("right", "step(1)", _("The post after"), show=False),
    ]
    HELP = _("""
# Your posts

Here is everything that TikTok gave you. **Nothing is sent** on this step.

- A post with `[✓]` will be published, one with `[ ]` will not. `space` changes it; `a` and `n`
  choose or leave out all that are shown, `u` takes the last choice back.
- `shift` with the arrow keys or a click marks several posts; `space` then goes for all of them.
- `/` searches words, `f` shows only some posts, `c` shows all again.
- `e` edits the caption and the description, `t` says how posts are published, `p` shows all about
  a post.
- `m` offers the rest: `s` takes words and files from a folder of yours, `o` reads the words off
  your TikTok page, `x` and `i` write and read a spreadsheet.

Posts that not everyone could see on TikTok are left out unless you choose them.
""")

    @on(Button.Pressed, "#next")
    def action_next(self) -> None:
        """To the next step, once everything is written."""
        self.writing.then(self._go_next)

    def _go_next(self) -> None:
        from tui.screens.account import AccountScreen

        self.app.push_screen(AccountScreen(self.desk), lambda _answer: self.load())

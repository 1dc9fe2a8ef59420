"""The list of the posts: which are shown, and the one that is looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from rich.text import Text
from textual import on
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from importer.clock import utc_now
from importer.closeup import Closeup
from importer.model import Post
from importer.records.style import Overflow
from importer.selection import EVERYTHING, Selection
from tui.desk import Desk, Library
from tui.filter_words import asked
from tui.language import _, ngettext
from tui.notices import Tally
from tui.screens.filter_posts import FilterScreen
from tui.screens.step import StepScreen
from tui.widgets.post_table import PostTable
from tui.widgets.preview import Preview
from tui.widgets.search import Search

# Before a post is looked at closely, for the case that the cursor only passes by.
_PASSING_SECONDS = 0.1


class ListScreen(StepScreen):
    """Posts that are shown, searched and looked at."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._posts: dict[str, Post] = {}
        self._library = Library([], {}, "")
        self._overflow = Overflow.THREAD
        self._tally = Tally(utc_now())
        self._told: list[str] = []
        self._looking: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """The tools, what is shown, and the posts beside the one that is looked at."""
        yield Horizontal(
            Search(
                self.selection.match, placeholder=_("/ Search words"), id="search", compact=True
            ),
            Button(_("Filter (f)"), id="filter", compact=True),
            Button(_("Edit (e)"), id="edit", compact=True, classes="spare"),
            Button(_("More (m)"), id="more", compact=True),
            Button(_("Next (^n)"), id="next", compact=True, variant="primary"),
            id="tools",
        )
        yield Static("", id="told", markup=False)
        yield Static(_("Reading the posts …"), id="shown", markup=False)
        yield Horizontal(PostTable(id="posts"), Static("", id="nothing"), Preview())

    # what is shown

    def on_mount(self) -> None:
        """Read the posts."""
        self.load()

    def load(self) -> None:
        """Read all posts anew: something else may have changed them."""
        self.do(lambda: (self.desk.library(), self.desk.settings().overflow), self._loaded)

    def _loaded(self, read: tuple[Library, Overflow]) -> None:
        self._library, self._overflow = read
        self._posts = {post.id: post for post in self._library.posts}
        self._tally = Tally(utc_now())
        for post in self._library.posts:
            self._tally.add(post)
        self._show_posts()
        self.query_one(PostTable).seek(self.desk.looked_at)

    @property
    def posts(self) -> Mapping[str, Post]:
        """All posts, by id."""
        return self._posts

    @property
    def user_name(self) -> str:
        """Whose posts they are on TikTok, if the export says so."""
        return self._library.user_name

    @property
    def selection(self) -> Selection:
        """What is asked of the posts that are shown."""
        return self.desk.selection

    def _show_posts(self) -> None:
        shown = self.selection.of(self._posts.values(), utc_now())
        self.query_one(PostTable).show(shown, self._library.measures)
        self.set_class(not shown, "-nothing")
        self.query_one("#nothing", Static).update(
            _("No post is like this. c shows all posts again.")
            if self._posts
            else _("There are no posts here. Go back and open your export from TikTok.")
        )
        self._tell()

    def _tell(self) -> None:
        tally = self._tally
        number = f"{len(self.query_one(PostTable).posts):,}"
        everything, chosen = f"{tally.posts:,}", f"{tally.chosen:,}"
        words = asked(self.selection)
        if words:
            told = _("{number} of {everything} shown: {words} · {chosen} chosen")
        else:
            told = ngettext(
                "{everything} post · {chosen} chosen", "{everything} posts · {chosen} chosen",
                tally.posts,
            )  # fmt: skip
        self.query_one("#shown", Static).update(
            told.format(number=number, everything=everything, words=words, chosen=chosen),
            layout=False,
        )
        lines = tally.notices()
        if lines != self._told:
            self._told = lines
            self.query_one("#told", Static).update(Text("\n".join(lines)))
            self.query_one("#told").display = bool(lines)

    @on(Input.Changed, "#search")
    def _search_changed(self, event: Input.Changed) -> None:
        if event.value.strip() != self.selection.match:
            self.desk.selection = replace(self.selection, match=event.value.strip())
            self._show_posts()

    @on(Search.Left)
    def _search_left(self) -> None:
        self.query_one(PostTable).focus()

    def action_search(self) -> None:
        """Type what is looked for."""
        self.query_one(Search).focus()

    @on(Button.Pressed, "#filter")
    def action_filter(self) -> None:
        """Say what posts must be like."""
        self.app.push_screen(FilterScreen(self.selection), self._filtered)

    def _filtered(self, selection: Selection | None) -> None:
        if selection is not None:
            self.select(selection)

    def select(self, selection: Selection) -> None:
        """Show the posts that are like this."""
        self.desk.selection = selection
        self.query_one(Search).value = selection.match
        self._show_posts()
        self.query_one(PostTable).focus()

    def action_everything(self) -> None:
        """Show all posts."""
        self.select(EVERYTHING)

    def put(self, posts: Collection[Post]) -> None:
        """Take posts as they are now.

        Rows stay where they are until the next search: nothing jumps away under the cursor.
        """
        for post in posts:
            if before := self._posts.get(post.id):
                self._tally.add(before, -1)
            self._tally.add(post)
            self._posts[post.id] = post
        self.query_one(PostTable).put(posts)
        self._tell()

    # one post closely

    @on(PostTable.Moved)
    def _moved(self, event: PostTable.Moved) -> None:
        if event.post:
            self.desk.looked_at = event.post.id
        if self._looking:
            self._looking.stop()
        if self.query_one(Preview).display:
            self._looking = self.set_timer(_PASSING_SECONDS, lambda: self._look_at(event.post))

    def _look_at(self, post: Post | None) -> None:
        measure = self._library.measures.get(post.id) if post else None
        self.query_one(Preview).show(post, measure)
        if post:
            self.do(lambda: self.desk.closeup(post.id), self._seen, group="look")

    def _seen(self, seen: Closeup | None) -> None:
        current = self.query_one(PostTable).current
        if seen and current and current.id == seen.post.id:
            self.query_one(Preview).show_closely(seen, self._library.measures.get(current.id))

    @on(PostTable.Opened)
    def action_look(self) -> None:
        """Show the post instead of the list, or the list again; beside it where there is room."""
        self.toggle_class("-looking")
        table, preview = self.query_one(PostTable), self.query_one(Preview)
        (preview if self.has_class("-looking") else table).focus()
        self._look_at(table.current)

    def action_step(self, by: int) -> None:
        """To the post before or after, without leaving what is shown."""
        self.query_one(PostTable).action_move(by)

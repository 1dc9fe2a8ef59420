"""The table of all posts, drawn line by line: as many as there are, it draws those in sight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from importer.model import Measure, Post
from tui.language import _
from tui.widgets.post_row import MARK_WIDTH, Column, columns, header

_HEADER = 1


class PostTable(ScrollView, can_focus=True):
    """Rows of posts with a cursor, and a range that is marked from where it began to there."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "post-table--header",
        "post-table--cursor",
        "post-table--range",
        "post-table--left-out",
    }
    DEFAULT_CSS = """
    PostTable { height: 1fr; scrollbar-size-vertical: 1; overflow-x: hidden; overflow-y: scroll; }
    PostTable > .post-table--header { background: $panel; text-style: bold; }
    PostTable > .post-table--cursor { background: $surface-lighten-2; text-style: bold; }
    PostTable:focus > .post-table--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground;
    }
    PostTable > .post-table--range { background: $surface-lighten-1; text-style: underline; }
    PostTable > .post-table--left-out { color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", _("Up"), show=False),
        Binding("down", "move(1)", _("Down"), show=False),
        Binding("shift+up", "extend(-1)", _("Mark upwards"), show=False),
        Binding("shift+down", "extend(1)", _("Mark downwards"), show=False),
        Binding("pageup", "page(-1)", _("Page up"), show=False),
        Binding("pagedown", "page(1)", _("Page down"), show=False),
        Binding("shift+pageup", "page(-1, True)", _("Mark a page upwards"), show=False),
        Binding("shift+pagedown", "page(1, True)", _("Mark a page downwards"), show=False),
        Binding("home", "go(0)", _("First"), show=False),
        Binding("end", "go(-1)", _("Last"), show=False),
        Binding("shift+home", "go(0, True)", _("Mark up to the first"), show=False),
        Binding("shift+end", "go(-1, True)", _("Mark up to the last"), show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)
    origin: reactive[int] = reactive(0, repaint=False)

    class Moved(Message):
        """The cursor is on another post, or on none."""

        def __init__(self, post: Post | None) -> None:
            super().__init__()
            self.post = post

        def can_replace(self, message: Message) -> bool:
            """Of a burst only the last matters."""
            return isinstance(message, PostTable.Moved)

    class Ticked(Message):
        """The mark of a post was clicked."""

        def __init__(self, post: Post) -> None:
            super().__init__()
            self.post = post

    class Opened(Message):
        """A post was clicked twice."""

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002  Textual's word
        layout: Callable[[int], tuple[Column, ...]] = columns,
    ) -> None:
        super().__init__(id=id)
        self._layout = layout
        self._posts: list[Post] = []
        self._rows: dict[str, int] = {}
        self._looks: dict[str, Style] = {}
        self._measures: Mapping[str, Measure] = {}
        self._columns: tuple[Column, ...] = ()

    # what it shows

    @property
    def posts(self) -> Sequence[Post]:
        """The posts in its rows."""
        return self._posts

    @property
    def current(self) -> Post | None:
        """The post under the cursor."""
        return self._posts[self.cursor] if self.cursor < len(self._posts) else None

    @property
    def range(self) -> Sequence[Post]:
        """The posts that are marked: at least the one under the cursor."""
        first, last = sorted((self.origin, self.cursor))
        return self._posts[first : last + 1]

    def show(self, posts: Sequence[Post], measures: Mapping[str, Measure]) -> None:
        """Show other posts; the cursor stays on its post, or near where it was."""
        before = self.current
        self._posts, self._measures = list(posts), measures
        at = min(self.cursor, max(0, len(self._posts) - 1))
        self._rows = {post.id: row for row, post in enumerate(self._posts)}
        if before:
            at = self._rows.get(before.id, at)
        self.virtual_size = Size(self.size.width, len(self._posts) + _HEADER)
        self.refresh()
        self._go(at)
        self.post_message(self.Moved(self.current))

    def seek(self, name: str) -> None:
        """Put the cursor on a post, if it is shown."""
        if name in self._rows:
            self._go(self._rows[name])

    def put(self, changed: Iterable[Post]) -> None:
        """Show posts as they are now, in the rows where they stand."""
        before = self.current
        for post in changed:
            row = self._rows.get(post.id)
            if row is not None:
                self._posts[row] = post
                self.refresh_lines(row + _HEADER)
        if self.current is not before:
            self.post_message(self.Moved(self.current))

    # moving

    def action_move(self, by: int) -> None:
        """The cursor some rows down or up."""
        self._go(self.cursor + by)

    def action_extend(self, by: int) -> None:
        """The same, marking what lies between."""
        self._go(self.cursor + by, mark=True)

    def action_page(self, by: int, mark: bool = False) -> None:
        """The cursor a page down or up."""
        self._go(self.cursor + by * max(1, self.size.height - _HEADER - 1), mark=mark)

    def action_go(self, row: int, mark: bool = False) -> None:
        """The cursor to a row; -1 is the last."""
        self._go(row if row >= 0 else len(self._posts) - 1, mark=mark)

    def _go(self, row: int, *, mark: bool = False) -> None:
        before = self.current
        self.cursor = max(0, min(row, len(self._posts) - 1))
        if not mark:
            self.origin = self.cursor
        self._keep_in_sight()
        if self.current is not before:
            self.post_message(self.Moved(self.current))

    def _keep_in_sight(self) -> None:
        top, room = self.scroll_offset.y, max(1, self.size.height - _HEADER)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + room:
            self.scroll_to(y=self.cursor - room + 1, animate=False)

    # the mouse

    async def _on_click(self, event: events.Click) -> None:
        row = self.scroll_offset.y + event.y - _HEADER
        if event.y < _HEADER or not 0 <= row < len(self._posts):
            return
        self._go(row, mark=event.shift)
        if event.x < MARK_WIDTH and not event.shift:
            self.post_message(self.Ticked(self._posts[row]))
        elif event.chain == 2:
            self.post_message(self.Opened())

    # drawing

    def on_resize(self) -> None:
        """Columns take the room there is."""
        width = self.scrollable_content_region.width
        self._columns = self._layout(width)
        self.virtual_size = Size(width, len(self._posts) + _HEADER)
        self.call_after_refresh(self._keep_in_sight)

    def watch_cursor(self, before: int, now: int) -> None:
        """Draw the cursor where it is."""
        self._draw_rows(before, now)

    def watch_origin(self, before: int, now: int) -> None:
        """Draw the range as it is."""
        if abs(before - now) > 1 or abs(self.cursor - before) > 1:
            self._draw_rows(min(before, now, self.cursor), max(before, now, self.cursor))

    def _draw_rows(self, one: int, other: int) -> None:
        first, last = sorted((one, other))
        self.refresh_lines(first + _HEADER, last - first + 1)

    def notify_style_update(self) -> None:
        """Another theme has other colours."""
        super().notify_style_update()
        self._looks = {}

    def render_line(self, y: int) -> Strip:
        """One line: the names of the columns, a post, or nothing."""
        width = self.size.width
        if y < _HEADER:
            return self._strip(header(self._columns), width, "post-table--header")
        row = self.scroll_offset.y + y - _HEADER
        if row >= len(self._posts):
            return Strip.blank(width, self.rich_style)
        post = self._posts[row]
        first, last = sorted((self.origin, self.cursor))
        if row == self.cursor:
            look = "post-table--cursor"
        elif first <= row <= last:
            look = "post-table--range"
        else:
            look = "" if post.chosen else "post-table--left-out"
        measure = self._measures.get(post.id)
        return self._strip((column.text(post, measure) for column in self._columns), width, look)

    def _strip(self, cells: Iterable[str], width: int, look: str) -> Strip:
        style = self._looks.get(look)
        if style is None:
            style = self.get_component_rich_style(look) if look else self.rich_style
            self._looks[look] = style
        text = " ".join(
            set_cell_size(cell, column.width)
            for cell, column in zip(cells, self._columns, strict=True)
        )
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)

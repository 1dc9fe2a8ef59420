"""The posts in hand with how far each is, and those that come next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from importer.model import Post, Stage
from importer.wording import local, size
from tui.language import _
from tui.progress import Hand
from tui.shown import one_line
from tui.widgets.bars import bar, fitting

_WHAT_WIDTH, _BAR_WIDTH, _DONE_WIDTH, _SPEED_WIDTH = 12, 8, 20, 10
_NEEDED_FOR_BAR = 76


def _what(stage: Stage) -> str:
    return {
        Stage.FETCH: _("→ fetching"),
        Stage.PREPARE: _("→ preparing"),
        Stage.PUBLISH: _("→ sending"),
    }[stage]


@dataclass(frozen=True, slots=True)
class Named:
    """What a post is called: its date, and what it says."""

    date: str
    caption: str

    @property
    def full(self) -> str:
        """Both, on one line."""
        caption = self.caption or _("(no caption)")
        return f"{self.date}  {caption}"

    @property
    def short(self) -> str:
        """What it says, or else its date."""
        return self.caption or self.date


def named(post: Post) -> Named:
    """What a post is called."""
    return Named(local(post.posted_at)[:10], one_line(post.caption))


class PostList(OptionList):
    """One line a post; the highlighted one is the one that is meant.

    Args:
        posts: all that may be shown, by their ids; more may be put in.
    """

    def __init__(self, posts: Mapping[str, Post], **options: str) -> None:
        super().__init__(**options, markup=False)  # type: ignore[arg-type]
        self._posts = posts
        self._hands: Mapping[str, Hand] = {}
        self._next: Sequence[str] = ()

    @property
    def meant(self) -> str | None:
        """The id of the highlighted post; the first one's if none is highlighted."""
        if not self.option_count:
            return None
        return self.get_option_at_index(self.highlighted or 0).id

    def show(self, hands: Mapping[str, Hand], upcoming: Sequence[str]) -> None:
        """Show what is in hand, then what comes next."""
        upcoming = [post for post in upcoming if post not in hands]
        wanted = [*hands, *upcoming]
        self._hands, self._next = dict(hands), upcoming
        if wanted == [option.id for option in self.options]:
            for post in hands:
                self.replace_option_prompt(post, self._line(post))
            return
        meant = self.get_option_at_index(self.highlighted).id if self.highlighted else None
        self.clear_options()
        self.add_options(Option(self._line(post), post) for post in wanted)
        if meant in wanted:
            self.highlighted = wanted.index(meant)
        elif wanted:
            self.highlighted = 0

    def on_resize(self, _event: events.Resize) -> None:
        """The lines are as wide as the list."""
        for option in self.options:
            if option.id:
                self.replace_option_prompt(option.id, self._line(option.id))

    def _line(self, post: str) -> Text:
        width = self.scrollable_content_region.width - 2
        hand = self._hands.get(post)
        name = named(self._posts[post]) if post in self._posts else Named(post, "")
        if hand is None:
            return fitting(_("○ next"), _WHAT_WIDTH) + fitting(name.full, width - _WHAT_WIDTH)
        far = fitting(_far(hand), _DONE_WIDTH)
        speed = fitting(_speed(hand), _SPEED_WIDTH)
        bars: Text | str = ""
        if width >= _NEEDED_FOR_BAR:
            share = hand.now.done / hand.now.total if hand.now.total else 0
            bars = bar(share, _BAR_WIDTH) + Text("  ")
        room = width - _WHAT_WIDTH - len(bars) - _DONE_WIDTH - _SPEED_WIDTH - 1
        what = Text(_what(hand.now.stage).ljust(_WHAT_WIDTH), style="bold")
        return Text.assemble(what, fitting(name.short, room), " ", bars, far, speed)


def _far(hand: Hand) -> str:
    now = hand.now
    if now.unit == "bytes":
        if not now.done:
            return size(now.total) if now.total else ""
        return (
            _("{done} of {all}").format(done=size(now.done), all=size(now.total))
            if now.total
            else size(now.done)
        )
    if now.total:
        return _("{done} of {all} s").format(done=round(now.done), all=round(now.total))
    return _("{done} s").format(done=round(now.done))


def _speed(hand: Hand) -> str:
    speed = hand.speed
    if not speed:
        return ""
    if hand.now.unit == "bytes":
        return _("{size}/s").format(size=size(speed))
    return _("{times} x").format(times=f"{speed:.1f}")

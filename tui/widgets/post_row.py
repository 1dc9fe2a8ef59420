"""What stands in a row of the table of posts, and how wide: columns take the room there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC

from importer.model import Kind, Measure, Post, Privacy
from tui.language import _
from tui.naming import count, kind_name, length, milestone_name, privacy_name
from tui.shown import one_line

MARK_WIDTH = 3
# Of a caption no more is looked at than could ever be shown.
_MOST_SHOWN = 600
_LEAST_CAPTION = 16


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its width, and what it says of a post."""

    name: str
    width: int
    text: Callable[[Post, Measure | None], str]
    right: bool = False


def columns(width: int) -> tuple[Column, ...]:
    """The columns for a table of this width.

    What matters least gives way first. The caption comes last, because terminals disagree on how
    wide an emoji is: what stands after one may be out of place.
    """
    mark = Column("", MARK_WIDTH, _mark)
    date = Column(_("date"), 10, _date)
    state = Column(_("state"), 11, lambda post, _measure: milestone_name(post.milestone))
    kind = Column(_("kind"), 6, lambda post, _measure: kind_name(post.kind))
    long = Column(_("length"), 6, _length, right=True)
    likes = Column(_("likes"), 6, _likes, right=True)
    who = Column(_("seen by"), 8, _privacy)
    fixed = [mark, date, kind, long, likes, who, state]
    for least in (likes, long, kind, who):
        if _rest(fixed, width) >= _LEAST_CAPTION:
            break
        fixed.remove(least)
    caption = Column(_("caption"), max(1, _rest(fixed, width)), _caption)
    return (*fixed, caption)


def few_columns(width: int) -> tuple[Column, ...]:
    """Date, kind where there is room, and caption: for a list beside something else."""
    fixed = [
        Column(_("date"), 10, _date),
        Column(_("kind"), 6, lambda post, _: kind_name(post.kind)),
    ]
    if _rest(fixed, width) < _LEAST_CAPTION:
        fixed.pop()
    return (*fixed, Column(_("caption"), max(1, _rest(fixed, width)), _caption))


def header(shown: tuple[Column, ...]) -> list[str]:
    """The names of columns, each where its values stand."""
    return [one.name.rjust(one.width) if one.right else one.name for one in shown]


def _rest(fixed: list[Column], width: int) -> int:
    return width - sum(column.width + 1 for column in fixed)


def _mark(post: Post, _measure: Measure | None) -> str:
    return "[✓]" if post.chosen else "[ ]"


def _date(post: Post, _measure: Measure | None) -> str:
    return f"{post.posted_at.astimezone(UTC):%Y-%m-%d}"


def _length(post: Post, measure: Measure | None) -> str:
    if measure is None:
        return ""
    # Beside the word photos their number is understood.
    shown = str(measure.files) if post.kind is Kind.PHOTO else length(measure.seconds)
    return shown.rjust(6)


def _likes(post: Post, _measure: Measure | None) -> str:
    return "" if post.likes is None else count(post.likes).rjust(6)


def _privacy(post: Post, _measure: Measure | None) -> str:
    # Those that everyone could see are the rule; the others must catch the eye.
    return "" if post.privacy is Privacy.EVERYONE else privacy_name(post.privacy)


def _caption(post: Post, _measure: Measure | None) -> str:
    return one_line(post.caption[:_MOST_SHOWN]) or _("(no words)")

"""What a selection of posts asks for, in words: `videos, without words`."""

from __future__ import annotations

from collections.abc import Iterator

from importer.model import Kind
from importer.selection import Selection
from tui.language import _
from tui.naming import privacy_name, state_name
from tui.shown import one_line


def asked(selection: Selection) -> str:
    """What is asked of posts; empty if nothing is."""
    return ", ".join(_asked(selection))


def _asked(selection: Selection) -> Iterator[str]:
    if selection.kind:
        yield {Kind.VIDEO: _("videos"), Kind.PHOTO: _("photos")}[selection.kind]
    if selection.since:
        yield _("since {day}").format(day=selection.since)
    if selection.until:
        yield _("until {day}").format(day=selection.until)
    if selection.min_likes is not None:
        yield _("{n} likes or more").format(n=f"{selection.min_likes:,}")
    if selection.privacy:
        yield _("seen by {who}").format(who=privacy_name(selection.privacy))
    if selection.state:
        yield state_name(selection.state)
    if selection.no_caption:
        yield _("without words")
    if selection.dying_link:
        yield _("with a link that dies")
    if selection.match:
        yield _("with “{text}”").format(text=one_line(selection.match))

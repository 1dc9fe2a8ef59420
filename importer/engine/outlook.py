"""When the import of an archive will be finished: its posts against the limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from statistics import mean

from importer.archive.view import ArchiveView
from importer.budgets import Kind as Limited
from importer.budgets import Need, Window
from importer.engine.forecast import Forecast, forecast
from importer.model import Kind, LinkKind, MediaFile, Photos, Post, Role
from importer.records.bluesky import MOST_IN_GALLERY
from importer.records.style import Overflow, Style
from importer.records.text import compose, fits
from importer.settings import Settings

# Before anything was published: what a short video takes on a line of a few megabits a second.
_FIRST_GUESS_SECONDS = 3.0
# A longer time between two posts was a wait or a night, not work.
_LONGEST_GAP_SECONDS = 60.0
_RECENT = 50


def outlook(
    archive: ArchiveView,
    settings: Settings,
    style: Style,
    windows: Sequence[Window],
    now: datetime,
) -> Forecast | None:
    """Play through what is left of an import; `None` if nothing is."""
    posts = archive.waiting()
    if not posts:
        return None
    files = archive.files_by_post()
    by_service = any(window.kind is Limited.VIDEOS for window in windows)
    needs = _needs(posts, files, settings, style, by_service=by_service)
    seen = forecast(needs, windows, now, _pace(archive))
    waits = [post.next_try_at for post in posts if post.next_try_at]
    return replace(seen, finish_at=max([seen.finish_at, *waits]))


def _needs(
    posts: Sequence[Post],
    files: Mapping[str, Mapping[Role, Sequence[MediaFile]]],
    settings: Settings,
    style: Style,
    *,
    by_service: bool,
) -> Iterator[Need]:
    for post in posts:
        known = files.get(post.id, {})
        sent = known.get(Role.PREPARED) or known.get(Role.ORIGINAL) or ()
        is_video = post.kind is Kind.VIDEO
        number = len(sent) or (1 if is_video else _photos(post))
        wish = post.photos or settings.photos
        if not is_video and wish is not Photos.THREAD:
            number = 1 if wish is Photos.VIDEO else min(number, MOST_IN_GALLERY)
        media = number if is_video else -(-number // MOST_IN_GALLERY)
        parts = max(media, _texts(post, style))
        gates = style.closes_replies(post) + parts * style.closes_quotes(post)
        videos = number if is_video and by_service else 0
        yield Need(parts + gates, number - videos + len(known.get(Role.CAPTIONS, ())), videos)


def _photos(post: Post) -> int:
    return max(1, sum(link.kind is LinkKind.IMAGE for link in post.links))


def _texts(post: Post, style: Style) -> int:
    if style.overflow is Overflow.TRUNCATE or fits(post.caption):
        return 1
    return len(compose(post.caption, thread=True, note=style.note(post)).texts)


def _pace(archive: ArchiveView) -> float:
    """Seconds from post to post, by those published last."""
    at = archive.last_published(_RECENT)
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(at)]
    work = [gap for gap in gaps if gap <= _LONGEST_GAP_SECONDS]
    return mean(work) if work else _FIRST_GUESS_SECONDS

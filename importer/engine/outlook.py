"""When the import of an archive will be finished: its posts against the limits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from statistics import mean

from importer.archive.view import ArchiveView
from importer.budgets import Kind as Limited
from importer.budgets import Need, Window
from importer.engine.forecast import Forecast, forecast
from importer.model import Kind, LinkKind, MediaFile, Photos, Post, Role
from importer.records.destinations import DESTINATIONS, named
from importer.records.style import Style
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
    posts = archive.waiting(settings.destinations)
    if not posts:
        return None
    needs = needs_of(archive, posts, settings, style, windows)
    seen = forecast(needs, windows, now, pace_of(archive))
    last_try = last_try_at(posts) or now
    return replace(seen, finish_at=max(seen.finish_at, last_try))


def needs_of(
    archive: ArchiveView,
    posts: Sequence[Post],
    settings: Settings,
    style: Style,
    windows: Sequence[Window],
) -> list[Need]:
    """What each of these posts takes of the limits."""
    by_service = any(window.kind is Limited.VIDEOS for window in windows)
    files, recorded = archive.files_by_post(), archive.recorded()
    return list(_needs(posts, files, recorded, settings, style, by_service=by_service))


def pace_of(archive: ArchiveView) -> float:
    """Seconds from post to post, by those published last."""
    at = archive.last_published(_RECENT)
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(at)]
    work = [gap for gap in gaps if gap <= _LONGEST_GAP_SECONDS]
    return mean(work) if work else _FIRST_GUESS_SECONDS


def last_try_at(posts: Sequence[Post]) -> datetime | None:
    """When the last of these is tried again that wait for themselves; `None` if none does."""
    return max((post.next_try_at for post in posts if post.next_try_at), default=None)


def _needs(
    posts: Sequence[Post],
    files: Mapping[str, Mapping[Role, Sequence[MediaFile]]],
    recorded: Collection[tuple[str, str]],
    settings: Settings,
    style: Style,
    *,
    by_service: bool,
) -> Iterator[Need]:
    destinations = named(settings.destinations)
    usual_bytes = _usual_bytes(files.values()) if by_service else 0
    most = min(one.bounds(None).photos for one in destinations)
    for post in posts:
        known = files.get(post.id, {})
        sent = known.get(Role.PREPARED) or known.get(Role.ORIGINAL) or ()
        is_video = post.kind is Kind.VIDEO
        number = len(sent) or (1 if is_video else _photos(post))
        wish = post.photos or settings.photos
        if not is_video and wish is not Photos.THREAD:
            number = 1 if wish is Photos.VIDEO else min(number, most)
        records = sum(
            one.number(post, number, style, is_video=is_video)
            for one in destinations
            if (post.id, one.NAME) not in recorded
        )
        if any((post.id, one) in recorded for one in DESTINATIONS):
            # Its files are on the server already.
            yield Need(records, files=0)
            continue
        videos = number if is_video and by_service else 0
        size = sum(file.bytes for file in sent) or usual_bytes
        yield Need(
            records,
            files=number - videos + len(known.get(Role.CAPTIONS, ())),
            videos=videos,
            video_bytes=size if videos else 0,
        )


def _usual_bytes(files: Iterable[Mapping[Role, Sequence[MediaFile]]]) -> int:
    """What a video has that is not fetched yet: as much as the others; 0 if there are none."""
    sizes = [
        sum(file.bytes for file in sent)
        for known in files
        if (sent := known.get(Role.PREPARED) or known.get(Role.ORIGINAL))
        and any(file.seconds for file in sent)
    ]
    return round(mean(sizes)) if sizes else 0


def _photos(post: Post) -> int:
    return max(1, sum(link.kind is LinkKind.IMAGE for link in post.links))

"""What a batch would send: a plan for each creator, and what they come to. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from importer.ahead import last_try_at, needs_of, pace_of
from importer.archive.view import ArchiveView
from importer.batch.file import BatchFile, Creator
from importer.batch.forecast import Load
from importer.clock import utc_now
from importer.errors import TokawayError, of_system
from importer.known import host_of
from importer.opening import opened
from importer.plans import Plan, make_plan
from importer.reviewing import sending
from importer.settings import load as load_settings


@dataclass(frozen=True, slots=True)
class Planned:
    """What one creator would send. `finish_at` is as if nobody else worked; `load` is what it takes
    of limits that others may share.

    `error` is why there is no plan: then all else is empty.
    """

    creator: Creator
    to: str = ""
    destinations: tuple[str, ...] = ()
    to_publish: int = 0
    published: int = 0
    files: int = 0
    bytes: int = 0
    not_here: int = 0
    without_caption: int = 0
    finish_at: datetime | None = None
    load: Load | None = None
    error: TokawayError | None = None


def plan_batch(file: BatchFile) -> Iterator[Planned]:
    """Read each creator's export, match, decide; archives are made as `plan` makes them."""
    for creator in file.creators:
        try:
            yield _planned(creator)
        except TokawayError as error:
            yield Planned(creator, error=error)
        except OSError as error:
            yield Planned(creator, error=of_system(error))


def _planned(creator: Creator) -> Planned:
    creator.check()
    with opened(creator.path, creator.archive, creator.settings.source) as it:
        settings = load_settings(creator.values, archive=it.archive.folder)
        if not settings.selection.is_everything:
            meant = settings.selection.of(it.archive.posts(), utc_now())
            it.archive.mean_only(post.id for post in meant)
        made = make_plan(it.archive, settings)
        return _digest(creator, made, _load(creator, it.archive, made))


def _load(creator: Creator, archive: ArchiveView, made: Plan) -> Load:
    settings = made.settings
    posts = made.waiting[: settings.limit]
    return Load(
        creator.name,
        host_of(archive, settings),
        needs_of(archive, posts, settings, made.style, made.windows),
        made.windows,
        pace_of(archive),
        last_try_at(posts),
    )


def _digest(creator: Creator, made: Plan, load: Load) -> Planned:
    summary, send = made.summary, sending(made)
    return Planned(
        creator,
        made.settings.to or (summary.account.handle if summary.account else ""),
        made.aims,
        send.posts,
        summary.published,
        send.files,
        send.bytes,
        send.not_here,
        summary.without_caption,
        summary.finish_at,
        load,
    )

"""What an archive comes to in numbers, for `plan`, `status` and their JSON lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from importer.archive.view import PLACED, UNFINISHED, ArchiveView
from importer.model import Account, Milestone

_FETCHED = (Milestone.FETCHED, Milestone.PREPARED)


@dataclass(frozen=True, slots=True)
class Reason:
    """Posts that stand still for one reason."""

    milestone: Milestone
    code: str
    text: str
    hint: str
    posts: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Where an archive stands. Times are UTC.

    `links_*` speak of posts whose file is still to be fetched by a link that dies; `safe` posts
    need none any more. `without_caption` would be published without words. `finish_at` is when
    the import will be finished if it runs whenever it may, `limited_by` the limit that decides.
    """

    archive: str
    account: Account | None
    posts: int
    chosen: int
    published: int
    unfinished: int
    counts: dict[Milestone, int]
    reasons: tuple[Reason, ...]
    links_expire_at: datetime | None
    next_try_at: datetime | None
    links_dead: int
    links_alive: int
    last_link_expires_at: datetime | None
    safe: int
    without_caption: int
    finish_at: datetime | None = None
    limited_by: str = ""


def summarise(archive: ArchiveView, now: datetime) -> Summary:
    """Read the numbers of an archive."""
    counts = archive.counts()
    deaths = archive.link_deaths()
    dead = sum(at <= now for at in deaths)
    return Summary(
        archive=str(archive.folder),
        account=archive.account(),
        posts=sum(counts.values()),
        chosen=sum(counts.values()) - counts[Milestone.SKIPPED],
        published=sum(counts[milestone] for milestone in PLACED),
        unfinished=sum(counts[milestone] for milestone in UNFINISHED),
        counts=counts,
        reasons=tuple(Reason(*row) for row in archive.trouble_counts()),
        links_expire_at=deaths[0] if deaths else None,
        next_try_at=archive.next_try_at(now),
        links_dead=dead,
        links_alive=len(deaths) - dead,
        last_link_expires_at=deaths[-1] if deaths else None,
        safe=sum(counts[milestone] for milestone in (*_FETCHED, *PLACED)),
        without_caption=archive.without_caption(),
    )

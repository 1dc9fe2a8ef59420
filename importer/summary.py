"""What an archive comes to in numbers, for `plan`, `status` and their JSON lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from importer.archive.view import PLACED, UNFINISHED, ArchiveView
from importer.model import Account, LeftOut, Milestone

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
class Gap:
    """Posts that are left out at one destination for one reason, though published elsewhere."""

    destination: str
    code: str
    text: str
    hint: str
    posts: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Where an archive stands. Times are UTC.

    `links_*` speak of posts whose file is still to be fetched by a link that dies; `safe` posts
    need none any more. `without_caption` would be published without words, `without_alt` have no
    alt text of their own. `finish_at` is when the import will be finished if it runs whenever it
    may, `limited_by` the limit that decides. `destinations` are those of the last run. Of `unseen`
    videos it is still to be seen whether they play; a run from `look_at` on looks.
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
    destinations: tuple[str, ...]
    left_out: tuple[Gap, ...]
    finish_at: datetime | None = None
    limited_by: str = ""
    unseen: int = 0
    look_at: datetime | None = None
    without_alt: int = 0


def summarise(archive: ArchiveView, now: datetime) -> Summary:
    """Read the numbers of an archive."""
    counts = archive.counts()
    deaths = archive.link_deaths()
    dead = sum(at <= now for at in deaths)
    unseen, look_at = archive.looks()
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
        destinations=archive.destinations(),
        left_out=gaps(archive.left_out(), archive.destinations()),
        unseen=unseen,
        look_at=look_at,
        without_alt=archive.without_alt(),
    )


def gaps(left_out: Iterable[LeftOut], destinations: Collection[str]) -> tuple[Gap, ...]:
    """What is left out at these destinations, by reason, most frequent first."""
    number = Counter(
        (one.destination, one.code, one.text, one.hint)
        for one in left_out
        if one.destination in destinations
    )
    return tuple(Gap(*reason, posts) for reason, posts in number.most_common())

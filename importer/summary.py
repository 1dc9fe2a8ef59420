"""What an archive comes to in numbers, for `plan`, `status` and their JSON lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from importer.archive.view import PLACED, UNFINISHED, ArchiveView
from importer.model import Account, Milestone


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
    """Where an archive stands. Times are UTC."""

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


def summarise(archive: ArchiveView, now: datetime) -> Summary:
    """Read the numbers of an archive."""
    counts = archive.counts()
    return Summary(
        archive=str(archive.folder),
        account=archive.account(),
        posts=sum(counts.values()),
        chosen=sum(counts.values()) - counts[Milestone.SKIPPED],
        published=sum(counts[milestone] for milestone in PLACED),
        unfinished=sum(counts[milestone] for milestone in UNFINISHED),
        counts=counts,
        reasons=tuple(Reason(*row) for row in archive.trouble_counts()),
        links_expire_at=archive.soonest_expiry(),
        next_try_at=archive.next_try_at(now),
    )

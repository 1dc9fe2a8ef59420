"""Which posts are meant: by date, words, likes, kind, privacy, state, and what they lack. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from importer.model import Kind, Milestone, Post, Privacy

LINK_DIES_SOON = timedelta(days=2)


class State(StrEnum):
    """Where a post stands, as people ask for it."""

    WAITING = "waiting"
    PUBLISHED = "published"
    LEFT_OUT = "left out"
    FAILED = "failed"


STATES = {
    Milestone.FOUND: State.WAITING,
    Milestone.FETCHED: State.WAITING,
    Milestone.PREPARED: State.WAITING,
    Milestone.PUBLISHED: State.PUBLISHED,
    Milestone.VERIFIED: State.PUBLISHED,
    Milestone.SKIPPED: State.LEFT_OUT,
    Milestone.FAILED: State.FAILED,
}


@dataclass(frozen=True, slots=True)
class Selection:
    """What posts must be like; what is `None`, empty or false asks for nothing.

    `since` and `until` are days in UTC, both of them included. `match` is found in the caption,
    the alternative text or the id, in capitals or not. `no_caption` asks for posts without words,
    `dying_link` for those whose file is still to come by a link that dies soon or has died.
    """

    since: date | None = None
    until: date | None = None
    min_likes: int | None = None
    kind: Kind | None = None
    privacy: Privacy | None = None
    state: State | None = None
    match: str = ""
    no_caption: bool = False
    dying_link: bool = False

    @property
    def is_everything(self) -> bool:
        """Whether no post is left aside."""
        return self == EVERYTHING

    def of(self, posts: Iterable[Post], now: datetime) -> list[Post]:
        """Those of some posts that are meant, in their order."""
        if self.is_everything:
            return list(posts)
        return [post for post in posts if self.matches(post, now)]

    def matches(self, post: Post, now: datetime) -> bool:
        """Whether a post is meant; `now` tells which links die soon."""
        if self.since or self.until:
            day = post.posted_at.astimezone(UTC).date()
            if (self.since and day < self.since) or (self.until and day > self.until):
                return False
        return (
            (self.min_likes is None or (post.likes is not None and post.likes >= self.min_likes))
            and (self.kind is None or post.kind is self.kind)
            and (self.privacy is None or post.privacy is self.privacy)
            and (self.state is None or STATES[post.milestone] is self.state)
            and (not self.no_caption or not post.caption.strip())
            and (not self.dying_link or link_is_dying(post, now))
            and (not self.match or self._is_found(post))
        )

    def _is_found(self, post: Post) -> bool:
        wanted = self.match.casefold()
        return any(wanted in text.casefold() for text in (post.caption, post.alt, post.id))


EVERYTHING = Selection()


def link_is_dying(post: Post, now: datetime) -> bool:
    """Whether a post's file is still to come by a link that dies soon, or has died."""
    is_to_come = post.milestone in (Milestone.FOUND, Milestone.FAILED) and not post.source_path
    dies_at = post.link_expires_at
    return is_to_come and dies_at is not None and dies_at <= now + LINK_DIES_SOON

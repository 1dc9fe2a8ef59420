"""What a server lets an account do in a time, how much of it is used, and when more fits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

HOUR, DAY = 3_600, 86_400
# The server's clock counts in whole seconds.
_MARGIN = timedelta(seconds=1)
# More than that is not on its way at once.
_UNDER_WAY = 32


class Kind(StrEnum):
    """What is counted."""

    POINTS = "points"
    """Points for changes of records, by account."""
    UPLOADS = "uploads"
    """Uploaded files, by network address."""
    REQUESTS = "requests"
    """Requests of any kind, by network address."""
    VIDEOS = "videos"
    """Videos that a video service takes, by account."""
    BYTES = "bytes"
    """What these may have in all, by account."""
    POSTS = "posts"
    """Published posts: our own pace, not the server's limit."""


BY_SERVICE = frozenset({Kind.VIDEOS, Kind.BYTES})
BY_ACCOUNT = BY_SERVICE | {Kind.POINTS, Kind.POSTS}

# The reference PDS since 2024 (rate-limits.ts); a server that counts otherwise says so in its
# answers, and that is believed.
REFERENCE: Mapping[tuple[Kind, int], int] = {
    (Kind.POINTS, HOUR): 5_000,
    (Kind.POINTS, DAY): 35_000,
    (Kind.UPLOADS, DAY): 1_000,
    (Kind.REQUESTS, 300): 3_000,
}
VIDEOS_A_DAY = 25
"""What Bluesky's video service has taken of an account since 2024, as far as anybody knows."""
BYTES_A_DAY = 10_000_000_000
"""And how many bytes they had in all: so many videos of the largest size do not come to it."""
OWN_VIDEOS = 1
"""How many videos a day are left to the person."""
POINTS = {"create": 3, "update": 2, "delete": 1}
"""What a change costs, by its name in `applyWrites`; `putRecord` counts as an update."""


@dataclass(frozen=True, slots=True)
class Window:
    """One limit: `limit` things of a kind within `seconds` from the first.

    `kept` of them are left to the person. `resets_at` (UTC) is `None` before the first.
    """

    kind: Kind
    seconds: int
    limit: int
    kept: int = 0
    used: int = 0
    resets_at: datetime | None = None

    @property
    def allowed(self) -> int:
        """How many Tokaway may use; never none at all."""
        return max(1, self.limit - self.kept)

    def at(self, now: datetime) -> Window:
        """The window as it is at a time: empty once it was reset."""
        if self.resets_at and self.resets_at <= now:
            return replace(self, used=0, resets_at=None)
        return self

    def spent(self, amount: int, now: datetime) -> Window:
        """The window after so many more."""
        window = self.at(now)
        until = window.resets_at or now + timedelta(seconds=self.seconds) + _MARGIN
        return replace(window, used=window.used + amount, resets_at=until)

    def told(self, by_server: Window, now: datetime) -> Window:
        """The window as the server tells it, unless what it has not counted yet is only on its way.

        Answers of requests that were under way together do not come in the order of their numbers.
        """
        counted = self.at(now).used
        if by_server.used < counted <= by_server.used + _UNDER_WAY:
            return replace(by_server, used=counted)
        return by_server

    def opens_at(self, amount: int, now: datetime) -> datetime:
        """When so many fit, none at once; more than is ever allowed fit into an empty window."""
        window = self.at(now)
        if not amount or not window.used or window.used + amount <= window.allowed:
            return now
        return window.resets_at or now


def kept_of(kind: Kind, limit: int, headroom: float) -> int:
    """What is left to the person: a share of a limit, one of a day's videos, nothing of our pace.

    A service that takes few videos decides how long an import lasts, and nobody posts many a day.
    """
    share = 0 if kind in (Kind.POSTS, Kind.BYTES) else int(limit * headroom)
    return min(share, OWN_VIDEOS) if kind is Kind.VIDEOS else share


def service_window(kind: Kind, known: Window | None, left: int, held: int, now: datetime) -> Window:
    """A day's videos or bytes, from how many a service says are left; it does not say of how many.

    `held` of them are in hand here and may be counted by the service already. What is left when a
    day begins is the limit; where those in hand leave it open, the limit of the day before.
    """
    usual = VIDEOS_A_DAY if kind is Kind.VIDEOS else BYTES_A_DAY
    usual = known.limit if known else usual
    if known is None or not known.at(now).used:
        limit = min(max(usual, left), left + held) or usual
    else:
        limit = max(usual, left)
    return Window(kind, DAY, limit, 0, max(0, limit - left - held), next_day(now))


def next_day(now: datetime) -> datetime:
    """When daily limits of videos begin anew: nobody says the hour, so just after midnight UTC."""
    day = now.astimezone(UTC) + timedelta(days=1)
    return day.replace(hour=0, minute=1, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Need:
    """What one post takes; `videos` go by a video service, `files` straight to the server.

    `video_bytes` is what those videos have in all, 0 if that is not known yet.
    """

    records: int = 1
    files: int = 1
    videos: int = 0
    video_bytes: int = 0

    @property
    def amounts(self) -> dict[Kind, int]:
        """How many of each kind; a lone record is put, several are created together."""
        points = POINTS["update"] if self.records == 1 else POINTS["create"] * self.records
        return {
            Kind.POINTS: points,
            Kind.UPLOADS: self.files,
            # A look at the key at the most, and a write.
            Kind.REQUESTS: self.files + 2,
            Kind.VIDEOS: self.videos,
            Kind.BYTES: self.video_bytes,
            Kind.POSTS: 1,
        }


def tightest(
    windows: Iterable[Window], amounts: Mapping[Kind, int], now: datetime
) -> tuple[Window, datetime] | None:
    """The window that makes these amounts wait longest, and until when; `None` if all fit."""
    waits = [
        (at, window)
        for window in windows
        if (at := window.opens_at(amounts.get(window.kind, 0), now)) > now
    ]
    if not waits:
        return None
    at, window = max(waits, key=lambda wait: wait[0])
    return window, at


_WORDS = {
    Kind.POINTS: "the server's limit on new records",
    Kind.UPLOADS: "the server's limit on uploaded files",
    Kind.REQUESTS: "the server's limit on requests",
    Kind.VIDEOS: "the video service's daily limit",
    Kind.BYTES: "the video service's daily limit",
    Kind.POSTS: "Tokaway's own pace",
}
_SPANS = {300: "in five minutes", HOUR: "an hour", DAY: "a day"}


def in_numbers(kind: Kind, amount: int) -> str:
    """So many of a kind as people read it; bytes are told in MB."""
    return f"{round(amount / 1_000_000) if kind is Kind.BYTES else amount:,}"


def in_words(window: Window) -> str:
    """A limit as people read it."""
    span = _SPANS.get(window.seconds, f"in {window.seconds} s")
    kept = f", {window.kept:,} of them kept for you" if window.kept else ""
    things = "MB" if window.kind is Kind.BYTES else window.kind
    most = in_numbers(window.kind, window.limit)
    return f"{_WORDS[window.kind]} ({most} {things} {span}{kept})"

"""One account's budget at its server: counts what is spent, and says when there is more."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from importer.budgets import (
    BY_ACCOUNT,
    BY_SERVICE,
    DAY,
    HOUR,
    POINTS,
    REFERENCE,
    VIDEOS_A_DAY,
    Kind,
    Need,
    Window,
    in_words,
    kept_of,
    service_window,
    tightest,
)
from importer.clock import utc_now
from importer.errors import TryLater
from importer.pds.resets import resets_in

# Which windows the headers of an answer speak of, by their length: several methods have limits
# of their own with the same lengths.
_UPLOADS = {"com.atproto.repo.uploadBlob"}
_WRITES = {
    "com.atproto.repo.applyWrites",
    "com.atproto.repo.createRecord",
    "com.atproto.repo.deleteRecord",
    "com.atproto.repo.putRecord",
}
_UNCOUNTED = {"com.atproto.sync.getRepo"}
_OTHERS = {
    "com.atproto.server.createSession",
    "com.atproto.server.refreshSession",
    "com.atproto.server.createAccount",
}
_POLICY = re.compile(r"(\d{1,9});w=(\d{1,9})", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


class Store(Protocol):
    """Where windows are kept, by host and account."""

    def windows(self, host: str, did: str) -> list[Window]:
        """What is known."""

    def put(self, host: str, did: str, windows: list[Window]) -> None:
        """Note windows as they are."""

    def spend(self, host: str, did: str, amounts: dict[Kind, int], now: datetime) -> None:
        """Count what was spent."""

    def learn(self, host: str, did: str, told: Window, now: datetime) -> None:
        """Believe a server that says how much of a window is used."""


class Together:
    """Accounts that publish at once from here: what they keep of limits that an address has."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hosts: dict[str, tuple[threading.Lock, dict[Kind, int]]] = {}

    def at(self, host: str) -> tuple[threading.Lock, dict[Kind, int]]:
        """What is kept at a host, and the lock of whoever looks or keeps more."""
        with self._lock:
            return self._hosts.setdefault(
                host, (threading.Lock(), dict.fromkeys(set(Kind) - BY_ACCOUNT, 0))
            )


class Budget:
    """What may still be sent. May be used from several threads; without a store it is endless.

    Args:
        store: the ledger of this machine.
        host: the server; its limits are learned from its answers.
        did: the account.
        headroom: the share of each limit that is left to the person.
        paces: how many posts we publish, by seconds.
        now: the clock.
        together: what other accounts keep that publish from here meanwhile.
    """

    def __init__(
        self,
        store: Store | None = None,
        host: str = "",
        did: str = "",
        *,
        headroom: float = 0.0,
        paces: Mapping[int, int] | None = None,
        now: Callable[[], datetime] = utc_now,
        together: Together | None = None,
    ) -> None:
        self._store = store
        self._host = host
        self.did = did
        self._headroom = headroom
        self._paces = dict(paces or {})
        self._now = now
        self._lock, by_address = (together or Together()).at(host)
        own = dict.fromkeys(BY_ACCOUNT, 0)
        # Where the room that is kept is counted, by kind.
        self._held: dict[Kind, dict[Kind, int]] = {
            kind: own if kind in BY_ACCOUNT else by_address for kind in Kind
        }
        self._mine = threading.local()
        # Until an answer speaks of limits there is nothing to count.
        self.counts_videos = False
        """Whether videos go by a video service, so that its limit counts."""
        self._is_limited = store is not None and bool(store.windows(host, did))

    def windows(self) -> list[Window]:
        """Every limit that is known, with what is used of it; of videos the usual one till then."""
        if self._store is None:
            return []
        known = {(Kind.VIDEOS, DAY): Window(Kind.VIDEOS, DAY, VIDEOS_A_DAY)}
        known |= {(one.kind, one.seconds): one for one in self._store.windows(self._host, self.did)}
        for seconds, limit in self._paces.items():
            pace = known.get((Kind.POSTS, seconds), Window(Kind.POSTS, seconds, limit))
            known[Kind.POSTS, seconds] = replace(pace, limit=limit)
        return [
            replace(window, kept=kept_of(window.kind, window.limit, self._headroom))
            for window in known.values()
            if (window.kind is not Kind.POSTS or window.seconds in self._paces)
            and (window.kind not in BY_SERVICE or self.counts_videos)
        ]

    def learn_quota(self, *, videos: int | None, video_bytes: int | None) -> None:
        """A video service says what it still takes today; `None` is what it does not say."""
        if self._store is None:
            return
        left = {Kind.VIDEOS: videos, Kind.BYTES: video_bytes}
        with self._lock:
            known = {one.kind: one for one in self._store.windows(self._host, self.did)}
            seen = [
                service_window(kind, known.get(kind), number, self._kept(kind), self._now())
                for kind, number in left.items()
                if number is not None
            ]
            self._store.put(self._host, self.did, seen)

    def set_pace(self, posts_an_hour: int) -> None:
        """Publish so many posts an hour from now on, 0 for as many as the server allows."""
        self._paces = {HOUR: posts_an_hour} if posts_an_hour else {}

    def begin_gently(self, first_day: int, a_day: int) -> None:
        """Publish so many posts in the 24 hours from the first time this is said, then so many."""
        self._paces[DAY] = a_day
        if self._store is None:
            return
        known = {(one.kind, one.seconds) for one in self._store.windows(self._host, self.did)}
        if (Kind.POSTS, DAY) not in known:
            # A window that opens with most of it used.
            first = Window(Kind.POSTS, DAY, a_day).spent(a_day - first_day, self._now())
            self._store.put(self._host, self.did, [first])

    @contextmanager
    def room_for(
        self, *, records: int, files: int, videos: int = 0, video_bytes: int = 0
    ) -> Iterator[None]:
        """Keep room for one post while it is published; it counts if nothing is raised.

        Raises:
            TryLater: there is no room, `at` says when there is.
        """
        if self._store is None:
            yield
            return
        amounts = Need(records, files, videos, video_bytes).amounts
        with self._lock:
            self._check(amounts)
            for kind, amount in amounts.items():
                self._held[kind][kind] += amount
        self._mine.held = dict(amounts)
        try:
            yield
            with self._lock:
                self._count_post(amounts)
        finally:
            self._let_go(self._mine.held)
            self._mine.held = None

    def check_room(self, *, records: int, files: int) -> None:
        """Make sure that one more post could be published now; nothing is kept for it.

        Raises:
            TryLater: there is no room, `at` says when there is.
        """
        if self._store is None:
            return
        amounts = Need(records, files).amounts
        with self._lock:
            self._check(amounts)

    def before(self, method: str, body: Mapping[str, Any] | None) -> None:
        """A request is about to be sent.

        Raises:
            TryLater: there is no room for another request.
        """
        if self._store is None or not self._is_limited or method in _UNCOUNTED:
            return
        amounts = {Kind.REQUESTS: 1, Kind.POINTS: _points(method, body)}
        amounts[Kind.UPLOADS] = int(method in _UPLOADS)
        held = getattr(self._mine, "held", None)
        if held is None:
            with self._lock:
                self._check({Kind.REQUESTS: 1})
                self._store.spend(self._host, self.did, amounts, self._now())
        else:
            self._store.spend(self._host, self.did, amounts, self._now())
            # What was kept for it is now spent instead.
            used = {kind: min(held[kind], amount) for kind, amount in amounts.items()}
            for kind, amount in used.items():
                held[kind] -= amount
            self._let_go(used)

    def after(self, method: str, headers: Mapping[str, str]) -> None:
        """An answer came: what it says about limits is truer than what was counted here."""
        match = _POLICY.fullmatch(headers.get("ratelimit-policy", ""))
        if self._store is None or match is None:
            return
        self._is_limited = True
        known = {(one.kind, one.seconds) for one in self._store.windows(self._host, self.did)}
        missing = [
            Window(kind, seconds, limit)
            for (kind, seconds), limit in REFERENCE.items()
            if (kind, seconds) not in known
        ]
        if missing:
            self._store.put(self._host, self.did, missing)
        limit, seconds = int(match[1]), int(match[2])
        kind = _kind(method, seconds)
        left, reset = _NUMBER.fullmatch(headers.get("ratelimit-remaining", "")), resets_in(headers)
        if kind and left and reset:
            used = max(0, limit - int(left[0]))
            seen = Window(kind, seconds, limit, 0, used, self._now() + reset)
            self._store.learn(self._host, self.did, seen, self._now())

    def _check(self, amounts: Mapping[Kind, int]) -> None:
        now = self._now()
        # What is kept for others is as good as used.
        windows = [self._with_kept(window.at(now)) for window in self.windows()]
        full = tightest(windows, amounts, now)
        if full:
            window, at = full
            raise TryLater(
                f"The budget is used up: {in_words(window)}.",
                hint="Tokaway goes on by itself when there is room again.",
                code="budget",
                at=at,
                whole_stage=True,
            )

    def _with_kept(self, window: Window) -> Window:
        return replace(window, used=window.used + self._kept(window.kind))

    def _count_post(self, amounts: Mapping[Kind, int]) -> None:
        assert self._store is not None  # noqa: S101
        now = self._now()
        by_service = {kind: amounts[kind] for kind in BY_SERVICE}
        self._store.spend(self._host, self.did, by_service, now)
        paces = [one.spent(1, now) for one in self.windows() if one.kind is Kind.POSTS]
        if paces:
            self._store.put(self._host, self.did, [replace(one, kept=0) for one in paces])

    def _let_go(self, amounts: Mapping[Kind, int]) -> None:
        with self._lock:
            for kind, amount in amounts.items():
                self._held[kind][kind] -= amount

    def _kept(self, kind: Kind) -> int:
        return self._held[kind][kind]


def _points(method: str, body: Mapping[str, Any] | None) -> int:
    if method not in _WRITES:
        return 0
    writes = (body or {}).get("writes")
    if isinstance(writes, list):
        return sum(POINTS[str(write["$type"]).rpartition("#")[2]] for write in writes)
    action = method.rpartition(".")[2].removesuffix("Record")
    return POINTS["update" if action == "put" else action]


def _kind(method: str, seconds: int) -> Kind | None:
    if method in _OTHERS or method in _UNCOUNTED:
        return None
    if seconds == 300:
        return Kind.REQUESTS
    if method in _UPLOADS:
        return Kind.UPLOADS
    return Kind.POINTS if method in _WRITES else None

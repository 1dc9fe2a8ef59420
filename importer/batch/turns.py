"""Whose turn it is among many: who waited longest comes first. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

LONGEST = timedelta(minutes=10)
"""Who only fetches, or waits for long encodings, hands over too."""


class Turns:
    """The creators who are not at work, in the order of their turns."""

    def __init__(self, names: Iterable[str]) -> None:
        self._ready = deque(names)
        self._resting: dict[str, datetime] = {}
        # The earliest of them: a forecast asks for it at every post.
        self._wakes_at: datetime | None = None

    def take(self, now: datetime) -> str | None:
        """Whose turn it is; `None` if nobody can work now."""
        self._wake(now)
        return self._ready.popleft() if self._ready else None

    def put_back(self, name: str) -> None:
        """Who had a turn comes after everybody who waits."""
        self._ready.append(name)

    def rest(self, name: str, until: datetime) -> None:
        """Nothing can be done for one before a time (UTC)."""
        self._resting[name] = until
        self._wakes_at = min(self._wakes_at or until, until)

    def is_anyone_ready(self, now: datetime) -> bool:
        """Whether somebody waits for a turn."""
        self._wake(now)
        return bool(self._ready)

    def wakes_at(self) -> datetime | None:
        """When the next who rests comes back."""
        return self._wakes_at

    @property
    def left(self) -> list[str]:
        """Everybody who is to have another turn."""
        return [*self._ready, *self._resting]

    def _wake(self, now: datetime) -> None:
        if self._wakes_at is None or self._wakes_at > now:
            return
        # Of those who wake together, who went to rest first comes first: that keeps the turns.
        for name in [name for name, until in self._resting.items() if until <= now]:
            del self._resting[name]
            self._ready.append(name)
        self._wakes_at = min(self._resting.values(), default=None)

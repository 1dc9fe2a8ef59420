"""Calls that wait for the server, its limits and the line to it, as `run` does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from importer.engine.pauses import LONGEST
from importer.engine.stop import Stop
from importer.errors import BudgetEmpty, Stopped, TryLater, Unreachable
from importer.settings import Settings

Given = TypeVar("Given")


class Patience:
    """How long one command waits, and whom it tells.

    Args:
        stop: ends the waiting.
        now: the clock.
        settings: whether to wait at all, how long at first, and for how long a server may be away.
        tell: hears why nothing goes on, and until when.
    """

    def __init__(
        self,
        stop: Stop,
        now: Callable[[], datetime],
        *,
        settings: Settings,
        tell: Callable[[str, datetime], None] = lambda reason, until: None,
    ) -> None:
        self._stop = stop
        self._now = now
        self._wait = settings.wait
        self._shortest = timedelta(seconds=settings.retry_seconds)
        self._longest = timedelta(seconds=settings.patience_seconds if settings.wait else 0)
        self._tell = tell

    def call(self, work: Callable[[], Given]) -> Given:
        """Do it, and again when the server says that there is room again, or may be back.

        Raises:
            Unreachable: the server has not answered for longer than is to be waited.
            BudgetEmpty: there is no room, and this command does not wait.
            Stopped: the user asked to stop meanwhile.
        """
        pause, since = self._shortest, None
        while True:
            try:
                return work()
            except TryLater as trouble:
                now = self._now()
                if trouble.at is None:
                    since = since or now
                    if now - since >= self._longest:
                        raise Unreachable(
                            f"{trouble.text} What was done so far is noted.",
                            hint="Check the network, then give the same command again.",
                        ) from trouble
                else:
                    since = None
                # A time that has gone by is none: the server's clock and ours disagree.
                told = trouble.at if trouble.at and trouble.at > now else None
                at = told or now + pause
                if trouble.at and not self._wait:
                    raise BudgetEmpty(
                        f"{trouble.text} What was done so far is noted.",
                        until=at,
                        hint=f"Give the same command again after {at:%Y-%m-%d %H:%M:%S} UTC.",
                    ) from trouble
                pause = self._shortest if told else min(pause * 2, LONGEST)
                self._until(at, trouble.text)

    def _until(self, at: datetime, reason: str) -> None:
        self._tell(reason, at)
        while (left := (at - self._now()).total_seconds()) > 0:
            if self._stop.draining.wait(min(left, 1.0)):
                raise Stopped

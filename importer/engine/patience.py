"""Calls that wait for the server's limits: what `verify`, `undo` and `update` are made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from importer.engine.stop import Stop
from importer.errors import BudgetEmpty, Stopped, TryLater, Unreachable

Given = TypeVar("Given")


class Patience:
    """How long one command waits, and whom it tells.

    Args:
        stop: ends the waiting.
        now: the clock.
        wait: whether to wait for a limit at all.
        tell: hears why nothing goes on, and until when.
    """

    def __init__(
        self,
        stop: Stop,
        now: Callable[[], datetime],
        *,
        wait: bool,
        tell: Callable[[str, datetime], None] = lambda reason, until: None,
    ) -> None:
        self._stop = stop
        self._now = now
        self._wait = wait
        self._tell = tell

    def call(self, work: Callable[[], Given]) -> Given:
        """Do it, and again when the server says that there is room again.

        Raises:
            Unreachable: the server does not answer.
            BudgetEmpty: there is no room, and this command does not wait.
            Stopped: the user asked to stop meanwhile.
        """
        while True:
            try:
                return work()
            except TryLater as trouble:
                if trouble.at is None:
                    raise Unreachable(
                        f"{trouble.text} What was done so far is noted.", hint=trouble.hint
                    ) from trouble
                if not self._wait:
                    raise BudgetEmpty(
                        f"{trouble.text} What was done so far is noted.",
                        until=trouble.at,
                        hint=f"Give the same command again after {trouble.at:%Y-%m-%d %H:%M:%S} "
                        "UTC.",
                    ) from trouble
                self._until(trouble.at, trouble.text)

    def _until(self, at: datetime, reason: str) -> None:
        self._tell(reason, at)
        while (left := (at - self._now()).total_seconds()) > 0:
            if self._stop.draining.wait(min(left, 1.0)):
                raise Stopped

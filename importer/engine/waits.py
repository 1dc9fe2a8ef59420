"""What a run has to wait for when nothing can be done now, and whether it should."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from importer.archive.view import ArchiveView
from importer.engine.pauses import Pause, Pauses
from importer.engine.schedule import BEFORE
from importer.errors import BudgetEmpty, Unreachable
from importer.model import Stage
from importer.settings import Settings


class Waits:
    """The waiting of one run."""

    def __init__(self, archive: ArchiveView, settings: Settings, pauses: Pauses) -> None:
        self._archive = archive
        self._settings = settings
        self._pauses = pauses

    def next(self, stages: Collection[Stage], now: datetime) -> tuple[datetime, str] | None:
        """When the next step of these stages may start, and why not sooner; `None` if none will.

        Raises:
            Unreachable: a server has been away for longer than is to be waited.
            BudgetEmpty: this run does not wait.
        """
        pauses = [
            pause
            for stage, pause in self._pauses.active(now)
            if stage in stages and self._archive.ready(BEFORE[stage], now, 1)
        ]
        next_try = self._archive.next_try_at(now, [BEFORE[stage] for stage in stages])
        wakes = [(pause.until, pause.reason) for pause in pauses]
        if next_try:
            wakes.append((next_try, "Some posts wait for their next try."))
        if not wakes:
            return None
        until, reason = min(wakes)
        for pause in pauses:
            self._lose_patience(pause, now)
        if not self._settings.wait:
            raise BudgetEmpty(
                f"{reason} Nothing is lost.",
                until=until,
                hint=f"Give the same command again after {until:%Y-%m-%d %H:%M:%S} UTC.",
            )
        return until, reason

    def _lose_patience(self, pause: Pause, now: datetime) -> None:
        patience = timedelta(seconds=self._settings.patience_seconds if self._settings.wait else 0)
        if pause.unreachable and now - pause.since >= patience:
            raise Unreachable(
                f"{pause.reason} Nothing is lost.",
                hint="Check the network, then give the same command again.",
            )

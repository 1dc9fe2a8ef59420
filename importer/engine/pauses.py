"""Stages that must start nothing for a while, because the trouble is not one post's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from importer.errors import TryLater
from importer.model import Stage

LONGEST = timedelta(minutes=5)
DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class Pause:
    """One stage at rest. `since` is when its trouble began, `tries` how often it came back."""

    until: datetime
    since: datetime
    reason: str
    unreachable: bool
    tries: int


class Pauses:
    """The pauses of all stages; each lasts twice as long as the one before, up to five minutes."""

    def __init__(self, shortest: timedelta) -> None:
        self._shortest = shortest
        self._pauses: dict[Stage, Pause] = {}
        self._worked_at: dict[Stage, datetime] = {}

    def pause(self, stage: Stage, now: datetime, trouble: TryLater) -> Pause:
        """Rest a stage until the server's own time, or for a while."""
        known = self._pauses.get(stage)
        tries, since = (known.tries, known.since) if known else (0, now)
        if known and trouble.unreachable and not known.unreachable:
            since = now  # a rate limit of hours is no reason to lose patience with a dead network
        # Several workers may report one outage: only trouble after a pause makes the next longer.
        if known is None or now >= known.until:
            tries += 1
        until = now + min(self._shortest * 2 ** min(tries, DOUBLINGS), LONGEST)
        if trouble.at and trouble.at > now:  # else the server's clock and ours disagree
            until = trouble.at
        if known:
            until = max(until, known.until)
        pause = Pause(until, since, trouble.text, trouble.unreachable, tries)
        self._pauses[stage] = pause
        return pause

    def worked(self, stage: Stage, now: datetime) -> None:
        """A step of the stage went through: its trouble is over."""
        self._pauses.pop(stage, None)
        self._worked_at[stage] = now

    def lift(self, stage: Stage) -> None:
        """Let a stage try again at once: what it waited for may be another now."""
        self._pauses.pop(stage, None)

    def worked_since(self, stage: Stage, moment: datetime) -> bool:
        """Whether a step of the stage went through at or after a moment."""
        return stage in self._worked_at and self._worked_at[stage] >= moment

    def active(self, now: datetime) -> list[tuple[Stage, Pause]]:
        """The stages at rest now."""
        return [(stage, pause) for stage, pause in self._pauses.items() if pause.until > now]

    def stages(self, now: datetime) -> set[Stage]:
        """The names of the stages at rest now."""
        return {stage for stage, _ in self.active(now)}

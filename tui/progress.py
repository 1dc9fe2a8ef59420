"""What the engine has told so far, as the run screen shows it; knows of no widget."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum, auto

from importer.archive.view import PLACED, UNFINISHED
from importer.clock import utc_now
from importer.events import (
    Counts,
    Event,
    Forecasted,
    InHand,
    Looked,
    Noticed,
    RunFinished,
    RunStarted,
    Status,
    StepDone,
    StepFailed,
    StepStarted,
    Stopping,
    Waiting,
)
from importer.model import Milestone, Stage
from importer.wording import narrate
from tui.advice import advice
from tui.language import _
from tui.shown import one_line

# The speed of a step is taken over its last so many samples, one a second.
_SAMPLES = 6
_REACHED = {
    Stage.FETCH: Milestone.FETCHED,
    Stage.PREPARE: Milestone.PREPARED,
    Stage.PUBLISH: Milestone.PUBLISHED,
}


class State(Enum):
    """What the run is about now."""

    SIGNING_IN = auto()
    PUBLISHING = auto()
    WAITING = auto()
    PAUSING = auto()
    PAUSED = auto()
    FINISHING = auto()
    LEAVING = auto()
    ENDED = auto()


@dataclass(slots=True)
class Hand:
    """One step in hand, with samples of how far it was."""

    now: InHand
    samples: deque[tuple[datetime, float]] = field(default_factory=lambda: deque(maxlen=_SAMPLES))

    @property
    def speed(self) -> float | None:
        """Units a second; `None` while nobody can tell."""
        if len(self.samples) < 2:
            return None
        (since, before), (until, after) = self.samples[0], self.samples[-1]
        seconds = (until - since).total_seconds()
        return (after - before) / seconds if seconds > 0 and after >= before else None


class Progress:
    """Hears every event of a run, in order.

    Args:
        milestones: where each chosen post stands when the run begins, in the order of the posts.
    """

    def __init__(self, milestones: dict[str, Milestone] | None = None) -> None:
        self.milestones = dict(milestones or {})
        self.counts: Counts = dict.fromkeys(Milestone, 0)
        self.hands: dict[str, Hand] = {}
        self.at = utc_now()
        self.handle = ""
        self.forecast: Forecasted | None = None
        self.waiting: Waiting | None = None
        self.is_pausing = False
        self._has_started = False
        self._stopping: Stopping | None = None
        self._has_ended = False
        self._lines: list[str] = []

    def hear(self, event: Event) -> None:
        """Take in one event."""
        self.at = event.at
        match event:
            case RunStarted():
                self._has_started, self.handle, self.counts = True, event.handle, event.counts
            case Forecasted():
                self.forecast = event
            case StepStarted():
                self.waiting = None
                self.hands[event.post] = Hand(InHand(event.post, event.stage, 0, None, "bytes"))
            case StepDone():
                self._let_go(event.post, _REACHED[event.stage])
            case StepFailed():
                self._let_go(event.post, event.milestone)
            case Looked():
                self._let_go(event.post, event.milestone)
            case Status():
                self._sample(event)
            case Waiting():
                self.waiting = event
            case Stopping():
                self._stopping = event
            case RunFinished():
                self.counts, self._has_ended = event.counts, True
                self.hands.clear()
            case _:
                pass
        line = _line(event)
        if line:
            self.say(line)

    def end(self) -> None:
        """The run is over, whether it told so or not."""
        self._has_ended = True
        self.hands.clear()

    def say(self, line: str) -> None:
        """Put a line into the log."""
        self._lines.append(f"{self.at.astimezone():%H:%M:%S}  {one_line(line)}")

    def take_lines(self) -> list[str]:
        """The lines of the log that came since this was last asked."""
        taken, self._lines = self._lines, []
        return taken

    @property
    def state(self) -> State:
        """What the run is about now."""
        if self._has_ended:
            return State.ENDED
        if self._stopping:
            return State.LEAVING if self._stopping.at_once else State.FINISHING
        if not self._has_started:
            return State.SIGNING_IN
        if self.is_pausing:
            return State.PAUSING if self.hands else State.PAUSED
        return State.WAITING if self.waiting and not self.hands else State.PUBLISHING

    @property
    def chosen(self) -> int:
        """How many posts are to be published, those that are among them."""
        return sum(self.counts.values()) - self.counts[Milestone.SKIPPED]

    @property
    def published(self) -> int:
        """How many stand on the server."""
        return sum(self.counts[milestone] for milestone in PLACED)

    @property
    def unfinished(self) -> int:
        """How many are still to go."""
        return sum(self.counts[milestone] for milestone in UNFINISHED)

    def through(self, stage: Stage) -> int:
        """How many posts are through a stage."""
        later = list(_REACHED.values())[list(_REACHED).index(stage) :]
        return sum(self.counts[milestone] for milestone in {*later, *PLACED})

    def upcoming(self, number: int) -> list[str]:
        """The next posts that wait: those ready to go out first."""
        found: list[str] = []
        for milestone in reversed(UNFINISHED):
            for post, stands in self.milestones.items():
                if len(found) == number:
                    return found
                if stands is milestone and post not in self.hands:
                    found.append(post)
        return found

    def _let_go(self, post: str, milestone: Milestone) -> None:
        self.hands.pop(post, None)
        if post in self.milestones:
            self.milestones[post] = milestone

    def _sample(self, status: Status) -> None:
        self.counts = status.counts
        held = self.hands
        self.hands = {}
        for now in status.in_hand:
            hand = held.get(now.post)
            if hand is None or hand.now.stage is not now.stage or hand.now.unit != now.unit:
                hand = Hand(now)
            hand.now = now
            hand.samples.append((status.at.astimezone(UTC), now.done))
            self.hands[now.post] = hand


def _line(event: Event) -> str | None:
    if isinstance(event, Stopping):
        return (
            _("Leaving now. Nothing is lost.")
            if event.at_once
            else _("Finishing what is in hand. Nothing new is started.")
        )
    if isinstance(event, RunFinished):
        return None  # the verdict says it
    if isinstance(event, (Looked, Noticed, StepFailed)):
        event = replace(event, hint=advice(event.code, event.hint))
    return narrate(event)

"""A batch at work: a few creators at once, each in turn, until nobody can go on.

Whole archives one after the other would let somebody with five posts wait for somebody with
5,000. All of them at once would be fair, but a thousand open archives, sessions and threads are not
flat memory. So a few have a place, only while they can work, and for a turn's posts; what a turn
costs besides is a look at the session and at what is new in the account.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from importer.archive.view import ArchiveView
from importer.batch.file import BatchFile, Creator
from importer.batch.hands import hands
from importer.batch.standing import INTERRUPTED, Finished, Listener, Standing
from importer.batch.turn import Shared, Turn
from importer.batch.turns import Turns
from importer.clock import utc_now
from importer.engine.pauses import LONGEST
from importer.engine.stop import Stop
from importer.engine.workers import Workers
from importer.errors import TokawayError, WorkersLost
from importer.events import Event
from importer.folders import is_archive
from importer.pds.budget import Together
from importer.pds.held_session import HeldSession

TICK_SECONDS = 0.2
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Course:
    """What is known of a creator from one turn to the next."""

    creator: Creator
    held: HeldSession = field(default_factory=HeldSession)
    turns: int = 0
    published: int = 0
    is_first: bool = True
    # Since when its server has not answered, and how often in a row.
    lost_at: datetime | None = None
    losses: int = 0
    standing: Standing | None = None


def run_batch(file: BatchFile, listener: Listener, stop: Stop | None = None) -> Finished:
    """Bring the posts of all creators as far as they will go; the same call resumes.

    Each has its own archive, lock and run, and what goes wrong for one is that one's own. Who has
    published a turn's posts lets others work, and who must wait leaves its place meanwhile.

    Args:
        file: who they are, and what is bounded.
        listener: hears what happens.
        stop: how the batch is told to stop.

    Raises:
        UserError: a cluster is named, and cannot be worked with.
        Unreachable: its scheduler does not answer.
        OSError: what is told cannot be written any more; all work was stopped.
    """
    with hands(file.bounds) as workers:
        return _Batch(file, listener, stop or Stop(), workers).run()


class _Batch:
    def __init__(self, file: BatchFile, listener: Listener, stop: Stop, workers: Workers) -> None:
        self._file = file
        self._stop = stop
        self._voice = _Voice(listener, stop)
        self._shared = Shared(workers, Together(), self._voice, stop)
        self._courses = {one.name: _Course(one) for one in file.creators}
        self._lock = threading.Lock()
        self._turns = Turns(_longest_wait_first(file.creators))
        self._running: dict[Future[Standing], Turn] = {}
        # What told that those who do the steps are gone.
        self._lost: Standing | None = None
        self._is_pausing = False

    def run(self) -> Finished:
        with ThreadPoolExecutor(self._file.bounds.jobs, "creator") as pool:
            while True:
                self._pass_on()
                is_stopping = self._stop.draining.is_set() or self._lost is not None
                if not is_stopping:
                    self._start(pool)
                if self._running:
                    done, _ = wait(self._running, TICK_SECONDS, FIRST_COMPLETED)
                    for future in done:
                        self._settle(future)
                elif is_stopping or not self._turns.left:
                    break
                else:
                    self._pause()
        if self._voice.trouble:
            raise self._voice.trouble
        return Finished(self._file.path, tuple(map(self._ended, self._courses.values())))

    def _pause(self) -> None:
        """Wait a moment for those who rest; that all of them do is told once."""
        if not self._is_pausing:
            self._is_pausing = True
            self._voice.pauses()
        self._stop.draining.wait(TICK_SECONDS)

    def _start(self, pool: ThreadPoolExecutor) -> None:
        while len(self._running) < self._file.bounds.jobs:
            with self._lock:
                name = self._turns.take(utc_now())
            if name is None:
                return
            course = self._courses[name]
            turn = Turn(
                course.creator,
                self._shared,
                course.held,
                posts=self._file.bounds.turn,
                published=course.published,
                is_first=course.is_first,
                others_wait=self._is_anyone_ready,
            )
            course.turns += 1
            self._is_pausing = False
            self._voice.begins(name, course.turns)
            self._running[pool.submit(turn.run)] = turn

    def _is_anyone_ready(self) -> bool:
        with self._lock:
            return self._turns.is_anyone_ready(utc_now())

    def _settle(self, future: Future[Standing]) -> None:
        turn = self._running.pop(future)
        standing, course = future.result(), self._courses[turn.creator.name]
        course.standing = standing
        course.published = turn.published
        # An export is read once; until that has worked there is no archive to go on with.
        course.is_first = course.is_first and standing.summary is None
        if standing.outcome == WorkersLost.default_code:
            self._lost = standing
        if standing.outcome == "unreachable" and turn.settings.wait:
            until = self._when_again(course, turn)
        else:
            course.lost_at, course.losses = None, 0
            until = standing.until if turn.settings.wait else None
        # Of those who were stopped themselves is told at the end, of all together.
        goes_on = standing.outcome == "turn_over" or until is not None
        if self._stop.draining.is_set() and (goes_on or standing.was_stopped):
            return
        if standing.outcome == "turn_over":
            with self._lock:
                self._turns.put_back(turn.creator.name)
        elif until:
            course.standing = replace(standing, until=until)
            with self._lock:
                self._turns.rest(turn.creator.name, until)
            self._voice.rests(course.standing)
        else:
            self._voice.ended(standing)

    def _when_again(self, course: _Course, turn: Turn) -> datetime | None:
        """When to try a server that does not answer; `None` if patience is lost."""
        now = utc_now()
        course.lost_at = course.lost_at or now
        if now - course.lost_at >= timedelta(seconds=turn.settings.patience_seconds):
            return None
        pause = timedelta(seconds=turn.settings.retry_seconds) * float(2 ** min(course.losses, 10))
        course.losses += 1
        return now + min(pause, LONGEST)

    def _pass_on(self) -> None:
        """Let those at work know that they must stop."""
        for turn in self._running.values():
            turn.heed(self._stop)
            if self._lost and not self._stop.draining.is_set():
                turn.stop.hand_over()

    def _ended(self, course: _Course) -> Standing:
        """How a creator ended; who was to have another turn was interrupted, or has no workers."""
        name = course.creator.name
        before = course.standing or Standing(
            name, course.creator.archive, "interrupted", INTERRUPTED
        )
        if not (name in self._turns.left or before.outcome == "turn_over"):
            return before
        if self._lost is None or self._stop.draining.is_set():
            return replace(before, outcome="interrupted", exit_code=INTERRUPTED)
        lost = replace(self._lost, creator=name, archive=course.creator.archive)
        return replace(lost, summary=before.summary, report=before.report)


class _Voice:
    """Lets one speak at a time; when nobody can hear any more, everybody stops."""

    def __init__(self, listener: Listener, stop: Stop) -> None:
        self._listener = listener
        self._stop = stop
        self._lock = threading.Lock()
        self.trouble: OSError | None = None

    def begins(self, creator: str, turn: int) -> None:
        with self._speaking():
            self._listener.begins(creator, turn)

    def note(self, creator: str, text: str) -> None:
        with self._speaking():
            self._listener.note(creator, text)

    def event(self, creator: str, event: Event) -> None:
        with self._speaking():
            self._listener.event(creator, event)

    def rests(self, standing: Standing) -> None:
        with self._speaking():
            self._listener.rests(standing)

    def ended(self, standing: Standing) -> None:
        with self._speaking():
            self._listener.ended(standing)

    def pauses(self) -> None:
        with self._speaking():
            self._listener.pauses()

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except OSError as error:
                self.trouble = self.trouble or error
                self._stop.leave()


def _longest_wait_first(creators: Sequence[Creator]) -> list[str]:
    """Who never had a run comes first, then whose last run is longest ago.

    So those at the end of the file have their turn too where each day's limits end before it.
    """
    return [one.name for one in sorted(creators, key=_last_run_at)]


def _last_run_at(creator: Creator) -> datetime:
    with suppress(TokawayError):
        if is_archive(creator.archive):
            with ArchiveView.open(creator.archive) as archive:
                return archive.last_run_at() or _NEVER
    return _NEVER

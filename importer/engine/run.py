"""The coordinator: starts steps, notes what came of them, tells what happens.

The table is the queue: a run holds no state that its archive does not, so starting and
resuming are the same call. Workers do the steps; this thread alone writes the archive and
emits events.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

from importer.archive.store import Archive
from importer.archive.view import UNFINISHED
from importer.clock import utc_now
from importer.engine.outcome import Outcome, outcome_of
from importer.engine.outlook import outlook
from importer.engine.pauses import Pauses
from importer.engine.reconcile import reconcile
from importer.engine.schedule import BEFORE, Room, next_steps
from importer.engine.setbacks import Setbacks
from importer.engine.stop import Stop
from importer.engine.teller import Teller
from importer.engine.waits import Waits
from importer.engine.watch import Watch
from importer.engine.wishes import TOO_LATE, Wishes
from importer.engine.workers import Threads, Work, Workers
from importer.errors import DiskFull, Refused, RunError, Stopped, TryLater
from importer.events import Event, InHand
from importer.model import Edit, Milestone, Post, Stage
from importer.settings import Settings
from importer.stages.fetch import fetch
from importer.stages.prepare import prepare
from importer.stages.publish import publish
from importer.stages.tools import Fetched, FileGone, Job, Prepared, Published, Result, Tools
from importer.step import Step

TICK_SECONDS = 0.2
LEAVING_SECONDS = 3.0
WORK: dict[Stage, Work] = {
    Stage.FETCH: fetch,
    Stage.PREPARE: prepare,
    Stage.PUBLISH: publish,
}
log = logging.getLogger("tokaway")


@dataclass(slots=True)
class _Running:
    post: Post
    stage: Stage
    step: Step
    started_at: datetime
    is_first_try: bool


def run(
    archive: Archive,
    tools: Tools,
    settings: Settings,
    emit: Callable[[Event], None],
    stop: Stop,
    now: Callable[[], datetime] = utc_now,
    wishes: Wishes | None = None,
    workers: Workers | None = None,
) -> Outcome:
    """Bring every chosen post as far as it will go, but as the person wishes meanwhile.

    The steps are done by `workers`, else by threads of the run's own. Returns when nothing is left
    to do, when the user stops the run, or when a `RunError` makes going on senseless: the outcome
    carries it. Nothing is lost in any of these cases.
    """
    coordinator = _Coordinator(archive, tools, settings, emit, stop, now, wishes or Wishes())
    with nullcontext(workers) if workers else Threads(coordinator.room.workers) as hands:
        return coordinator.run(hands)


class _Coordinator:
    def __init__(
        self,
        archive: Archive,
        tools: Tools,
        settings: Settings,
        emit: Callable[[Event], None],
        stop: Stop,
        now: Callable[[], datetime],
        wishes: Wishes,
    ) -> None:
        self._wishes = wishes
        self._archive = archive
        self._tools = tools
        self._settings = settings
        self._stop = stop
        self._now = now
        self._run = archive.start_run(now())
        self._tell = Teller(archive, emit, now, self._run)
        self._running: dict[Future[Result], _Running] = {}
        # Posts that a step of this run may have put on the server.
        self._tried: set[str] = set()
        self._pauses = Pauses(timedelta(seconds=settings.retry_seconds))
        self._setbacks = Setbacks(archive, settings, self._pauses, self._tell)
        self._waits = Waits(archive, settings, self._pauses)
        self._watch = Watch(archive, tools, settings, self._tell, now())
        # Posts in hand that the person wants left out.
        self._unwanted: set[str] = set()
        self._error: RunError | None = None
        self._published = 0
        # Posts that go out in order are prepared in order, and one at a time.
        self._behind = {Stage.PREPARE: Milestone.FOUND} if tools.in_order else {}
        self.room = Room(
            {
                Stage.FETCH: settings.fetch_jobs,
                Stage.PREPARE: 1 if tools.in_order else settings.prepare_jobs,
                Stage.PUBLISH: 1 if tools.in_order else settings.publish_jobs,
            },
            settings.buffer,
        )

    def run(self, workers: Workers) -> Outcome:
        self._tell.started(self._tools.account, self._tools.destinations)
        self._tell.notices(self._tools.notices)
        try:
            self._recognise()
            self._forecast()
            self._loop(workers)
        except RunError as error:
            self._error = error
        except Stopped:
            # While the account was read: there was no step yet that could have been left.
            pass
        finally:
            clean = self._leave()
        outcome = outcome_of(self._archive, self._settings, self._stop, self._error, clean=clean)
        try:
            self._archive.finish_run(self._run, self._now(), outcome.word)
        except DiskFull as error:
            outcome = Outcome("disk_full", error.exit_code, error, clean)
        self._tell.finished(outcome.word, outcome.exit_code, outcome.error)
        return outcome

    def _recognise(self) -> None:
        published = 0
        for post, records in reconcile(self._archive, self._tools):
            look_at = self._watch.published(self._now())
            if self._archive.note_recognised(post, records, look_at):
                published += 1
                self._remove_copy(post)
        if published:
            self._tell.recognised(published)

    def _forecast(self) -> None:
        tools = self._tools
        windows, now = tools.budget.windows(), self._now()
        seen = outlook(self._archive, self._settings, tools.style, windows, now)
        if seen:
            self._tell.forecast(seen)

    def _loop(self, workers: Workers) -> None:
        while True:
            self._tell_stop()
            if self._stop.at_once.is_set():
                return
            draining = self._stop.draining.is_set() or self._error is not None
            # One moment for both: what becomes ready between them must not end the run.
            now = self._now()
            if not draining:
                self._grant()
            rests = not draining and self._is_to_rest()
            if not (draining or rests):
                # What goes back is published once more, whatever the limit of this run.
                self._published -= self._watch.turn(now)
                self._start(workers, now)
            if not self._running:
                if draining or not (rests or self._waited(now)):
                    return
                if not rests:
                    continue
                self._stop.draining.wait(TICK_SECONDS)
            finished, _ = wait(self._running, TICK_SECONDS, FIRST_COMPLETED)
            for future in finished:
                self._settle(future)
            self._tell_status()

    def _grant(self) -> None:
        """Do what the person wished since the last look."""
        pace = self._wishes.take_pace()
        if pace is not None:
            self._tools.budget.set_pace(pace)
            self._pauses.lift(Stage.PUBLISH)
            self._forecast()
        for post_id in self._wishes.take_left_out():
            self._leave_out(post_id)

    def _leave_out(self, post_id: str) -> None:
        """Leave a post out by the person's wish, unless its records may stand on the server."""
        hand = next((one for one in self._running.values() if one.post.id == post_id), None)
        post = self._archive.post(post_id)
        if post_id in self._tried and not (hand and hand.is_first_try):
            self._tell.notices([TOO_LATE])
        elif hand:
            self._unwanted.add(post_id)
            hand.step.break_off()
        elif post and post.milestone in UNFINISHED:
            self._archive.edit([Edit(post_id, chosen=False)])
            self._tell.left_out(post)

    def _is_to_rest(self) -> bool:
        counts = self._archive.counts()
        return self._wishes.is_pausing and any(counts[milestone] for milestone in UNFINISHED)

    def _start(self, workers: Workers, now: datetime) -> None:
        posts: dict[str, Post] = {}
        queues: dict[Stage, list[str]] = {}
        for stage, milestone in BEFORE.items():
            most = len(self._running) + self.room.workers[stage]
            ready = self._archive.ready(milestone, now, most, self._behind.get(stage))
            posts.update((post.id, post) for post in ready)
            queues[stage] = [post.id for post in ready]
        in_hand = {running.post.id: running.stage for running in self._running.values()}
        paused = self._pauses.stages(now)
        if self._settings.dry_run:
            queues[Stage.FETCH] = self._to_try(queues[Stage.FETCH], in_hand)
        left = self._left(in_hand)
        if left is not None:
            waiting = [post_id for post_id in queues[Stage.PUBLISH] if post_id not in in_hand]
            queues[Stage.PUBLISH] = waiting[:left]
        prepared = self._archive.number_prepared()
        for stage, post_id in next_steps(queues, in_hand, prepared, self.room, paused):
            is_absent = post_id not in self._tried
            step = Step()
            running = _Running(posts[post_id], stage, step, now, is_absent)
            if stage == Stage.PUBLISH:
                self._tried.add(post_id)
            files = self._archive.files(post_id)
            records = tuple(self._archive.records(post_id))
            job = Job(running.post, files, self._archive.folder, is_absent, records)
            future = workers.submit(stage, WORK[stage], job, self._tools, step)
            self._running[future] = running
            self._tell.step_started(running.post, stage)

    def _left(self, in_hand: dict[str, Stage]) -> int | None:
        """How many more posts this run may start to publish; `None` without a `--limit`."""
        limit = 0 if self._settings.dry_run else self._settings.limit
        publishing = sum(stage == Stage.PUBLISH for stage in in_hand.values())
        return None if limit is None else max(0, limit - self._published - publishing)

    def _to_try(self, ready: list[str], in_hand: dict[str, Stage]) -> list[str]:
        """The posts that a dry run may fetch: with those on their way, what the buffer holds."""
        counts = self._archive.counts()
        fetching = sum(stage == Stage.FETCH for stage in in_hand.values())
        held = counts[Milestone.FETCHED] + counts[Milestone.PREPARED] + fetching
        waiting = [post_id for post_id in ready if post_id not in in_hand]
        return waiting[: max(0, self._settings.buffer - held)]

    def _settle(self, future: Future[Result]) -> None:
        running = self._running.pop(future)
        post, stage = running.post, running.stage
        outcome, code = "done", None
        try:
            result = future.result()
            self._note(running, result)
            self._setbacks.none()
            self._pauses.worked(stage, self._now())
        except Stopped:
            if self._stop.at_once.is_set():
                return
            # Broken off by itself, which no step is once it writes records.
            outcome = "left_out"
            if running.is_first_try:
                self._tried.discard(post.id)
        except FileGone:
            outcome = "file_gone"
            self._archive.put_back(post)
        except TryLater as trouble:
            outcome, code = "try_later", trouble.code
            self._setbacks.try_later(post, stage, running.started_at, self._now(), trouble)
        except Refused as refusal:
            outcome, code = "refused", refusal.code
            self._setbacks.give_up(post, stage, refusal)
        except RunError as error:
            outcome, code = "run_error", error.code
            self._error = self._error or error
        except Exception as fault:  # noqa: BLE001  whatever it is, the other posts go on
            outcome, code = "fault", "fault"
            self._error = self._error or self._setbacks.fault(post, stage, fault)
        self._archive.note_attempt(
            self._run, post, stage, running.started_at, self._now(), outcome, code
        )
        if post.id in self._unwanted:
            self._unwanted.discard(post.id)
            self._leave_out(post.id)

    def _note(self, running: _Running, result: Result) -> None:
        post = running.post
        match result:
            case Fetched(files=files):
                self._archive.note_fetched(post, files)
            case Prepared(files=files):
                self._archive.note_prepared(post, files)
            case Published():
                look_at = self._watch.published(self._now())
                self._archive.note_published(
                    post, result.of(self._run), result.left_out, look_at, result.not_right
                )
                self._remove_copy(post)
                self._published += 1
        self._tell.step_done(post, running.stage, running.started_at, result)
        if isinstance(result, Published) and result.not_right:
            self._tell.looked(post, Milestone.PUBLISHED, result.not_right)

    def _remove_copy(self, post: Post) -> None:
        if self._settings.keep_prepared:
            return
        try:
            self._archive.remove_copies(post.id)
        except OSError as error:
            log.warning("copies of %s stay on the disk: %s", post.id, error)

    def _waited(self, now: datetime) -> bool:
        """Whether there was something to wait for, and it was waited for a moment."""
        waits = (self._wait_for_the_next, self._linger)
        # A run that does not wait ends with what it may not wait for: after its looks.
        return any(one(now) for one in (waits if self._settings.wait else waits[::-1]))

    def _wait_for_the_next(self, now: datetime) -> bool:
        """Wait a moment for what may start later; false when nothing is left for this run."""
        if self._settings.dry_run:
            return False
        stages = [stage for stage in BEFORE if stage != Stage.PUBLISH or self._left({}) != 0]
        wake = self._waits.next(stages, now)
        if wake is None:
            return False
        until, reason = wake
        if self._tell.waiting(reason, until):
            self._forecast()
        self._stop.draining.wait(min((until - now).total_seconds(), 1.0))
        self._tell_status()
        return True

    def _linger(self, now: datetime) -> bool:
        """Wait a moment for a look at what is published; false when there is none to wait for."""
        return self._watch.lingers(now, self._stop)

    def _leave(self) -> bool:
        """Break off what is in hand; false if a step still hangs after being told to stop."""
        self._tell_stop()
        if self._running:
            self._stop.at_once.set()
            for future, running in list(self._running.items()):
                running.step.break_off()
                if future.cancel():
                    # Nobody had begun it.
                    del self._running[future]
            finished, hanging = wait(self._running, LEAVING_SECONDS)
            for future in finished:
                try:
                    self._settle(future)
                except RunError as error:
                    self._error = self._error or error
        else:
            hanging = set()
        return self._watch.leave(LEAVING_SECONDS) and not hanging

    def _tell_stop(self) -> None:
        stop = self._stop
        is_asked = stop.draining.is_set() and not stop.handing_over
        self._tell.stopping(draining=is_asked, at_once=stop.at_once.is_set())

    def _tell_status(self) -> None:
        self._tell.status(
            InHand(at.post.id, at.stage, at.step.done, at.step.total, at.step.unit)
            for at in self._running.values()
        )

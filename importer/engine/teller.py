"""Tells the listeners of a run what happens: in order, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from importer import __version__
from importer.archive.edits import LEFT_OUT
from importer.archive.view import ArchiveView
from importer.budgets import in_words
from importer.engine.forecast import Forecast
from importer.errors import RunError
from importer.events import (
    Event,
    Forecasted,
    InHand,
    Looked,
    Noticed,
    Recognised,
    RunFinished,
    RunStarted,
    Status,
    StepDone,
    StepFailed,
    StepStarted,
    Stopping,
    Waiting,
)
from importer.model import Account, Milestone, Notice, Post, Stage, Trouble
from importer.records.destination import Destination
from importer.stages.tools import Fetched, Prepared, Published, Result

STATUS_EVERY = timedelta(seconds=1)
_NEXT = {
    Milestone.FOUND: Stage.FETCH,
    Milestone.FETCHED: Stage.PREPARE,
    Milestone.PREPARED: Stage.PUBLISH,
}


class Teller:
    """The voice of one run."""

    def __init__(
        self,
        archive: ArchiveView,
        emit: Callable[[Event], None],
        now: Callable[[], datetime],
        run: int,
    ) -> None:
        self._archive = archive
        self._emit = emit
        self._now = now
        self._run = run
        self._status_at = datetime.min.replace(tzinfo=UTC)
        self._in_hand: dict[tuple[str, Stage], InHand] = {}
        self._wait: datetime | None = None
        self._stop = (False, False)

    def started(self, account: Account, destinations: Iterable[Destination]) -> None:
        """A run begins."""
        self._emit(
            RunStarted(
                self._now(),
                self._run,
                __version__,
                str(self._archive.folder),
                account.handle,
                account.did,
                account.pds,
                self._archive.counts(),
                tuple(one.NAME for one in destinations),
            )
        )

    def notices(self, notices: Iterable[Notice]) -> None:
        """What to know before posts go out."""
        for notice in notices:
            self._emit(Noticed(self._now(), self._run, notice.code, notice.text, notice.hint))

    def recognised(self, posts: int) -> None:
        """So many posts stand on the server already."""
        self._emit(Recognised(self._now(), self._run, posts))

    def forecast(self, seen: Forecast) -> None:
        """When the import will be finished."""
        limit = in_words(seen.limit) if seen.limit else ""
        self._emit(Forecasted(self._now(), self._run, seen.finish_at, limit))

    def step_started(self, post: Post, stage: Stage) -> None:
        """A worker takes a step."""
        self._emit(StepStarted(self._now(), self._run, post.id, stage))

    def step_done(self, post: Post, stage: Stage, started_at: datetime, result: Result) -> None:
        """A step is done and noted."""
        seconds = (self._now() - started_at).total_seconds()
        written = result.records if isinstance(result, Published) else ()
        uri = written[0].uri if written else None
        self._emit(StepDone(self._now(), self._run, post.id, stage, seconds, _words(result), uri))

    def step_failed(
        self, post: Post, stage: Stage, milestone: Milestone, why: Trouble, at: datetime | None
    ) -> None:
        """A step did not work; it is tried again `at`, or never."""
        words = (why.code, why.text, why.hint)
        self._emit(StepFailed(self._now(), self._run, post.id, stage, milestone, *words, at))

    def left_out(self, post: Post) -> None:
        """A post that waited is left out by the person's wish."""
        stage = _NEXT[post.milestone]
        self.step_failed(post, stage, Milestone.SKIPPED, LEFT_OUT, None)

    def looked(self, post: Post, milestone: Milestone, why: Trouble | None = None) -> None:
        """A published video plays; or it does not, and its post is where it stands now."""
        words = (why.code, why.text, why.hint) if why else ("", "", "")
        self._emit(Looked(self._now(), self._run, post.id, why is None, milestone, *words))

    def status(self, in_hand: Iterable[InHand]) -> None:
        """Where the run stands, unless that was told just now."""
        now = self._now()
        if now - self._status_at >= STATUS_EVERY:
            seconds, before = (now - self._status_at).total_seconds(), self._in_hand
            self._status_at = now
            self._in_hand = {(one.post, one.stage): one for one in in_hand}
            told = tuple(
                replace(one, rate=_rate(before.get(key), one, seconds))
                for key, one in self._in_hand.items()
            )
            self._emit(Status(now, self._run, self._archive.counts(), told))

    def waiting(self, reason: str, until: datetime) -> bool:
        """Nothing can be done before `until`; whether that is news."""
        is_news = self._wait != until
        if is_news:
            self._wait = until
            self._emit(Waiting(self._now(), self._run, reason, until))
        return is_news

    def stopping(self, *, draining: bool, at_once: bool) -> None:
        """The user asked to stop, if so."""
        if self._stop != (draining, at_once):
            self._stop = (draining, at_once)
            self._emit(Stopping(self._now(), self._run, at_once))

    def finished(self, outcome: str, exit_code: int, error: RunError | None) -> None:
        """The run is over."""
        text, hint = (error.text, error.hint) if error else ("", "")
        counts = self._archive.counts()
        self._emit(RunFinished(self._now(), self._run, outcome, counts, exit_code, text, hint))


def _rate(before: InHand | None, now: InHand, seconds: float) -> float | None:
    # What goes back began anew: another try, or another unit.
    if before is None or before.unit != now.unit or before.done > now.done:
        return None
    return (now.done - before.done) / seconds


def _words(result: Result) -> str:
    """What a step came to."""
    match result:
        case Fetched(files=files):
            first, total = files[0], sum(file.bytes for file in files)
            more = f" and {len(files) - 1} more" if len(files) > 1 else ""
            return f"{total} bytes, {first.width}x{first.height}, {first.codecs}{more}"
        case Prepared(files=files, reason=reason):
            done = dict.fromkeys(file.fit for file in files if file.fit)
            return f"{', '.join(done)}: {reason}"
        case Published(text=text):
            return text

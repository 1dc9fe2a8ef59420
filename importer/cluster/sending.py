"""Fetching and preparing on a Dask cluster; publishing, and the archive, stay here.

A step and what comes of it are plain data. Files lie in the archive: either the workers see it
under the same path, or they are carried there and back through a store.
"""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial

import distributed

from importer.cluster.carrying import Shelf, carry, is_worth_it, owner, pack, sweep
from importer.cluster.store import Store
from importer.cluster.working import LOOK_SECONDS, PROGRESS, Order, Parcels, Progress, do
from importer.engine.workers import Threads, Work
from importer.errors import Refused, Stopped, TryLater, WorkersLost
from importer.model import Stage
from importer.stages.tools import Fetched, Job, Prepared, Result, Tools
from importer.step import Step

# Files of so many posts are on their way to and from a store at once.
_CARRIERS = 8


@dataclass(slots=True, eq=False)
class _Errand:
    """A step that a worker is to do, and where its answer is waited for."""

    name: str
    stage: Stage
    work: Work
    job: Job
    tools: Tools
    step: Step
    answer: Future[Result]
    # What is logged on the way belongs to the run that the step is of.
    context: Context = field(default_factory=copy_context)
    parcels: Parcels | None = None
    stop: distributed.Event | None = None


class Cluster:
    """Workers of a run: those of a Dask cluster for files, threads here for what is published.

    With a store, what was begun here or needs no encoding is done by threads here too.
    """

    def __init__(self, client: distributed.Client, threads: Threads, store: Store | None) -> None:
        self._client = client
        self._threads = threads
        self._store = store
        self._run = uuid.uuid4().hex
        self._carriers = ThreadPoolExecutor(_CARRIERS, "carrier")
        self._lock = threading.Lock()
        self._owners: set[str] = set()
        self._sent: dict[str, _Errand] = {}
        self._lost: WorkersLost | None = None
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="cluster")
        self._watcher.start()
        client.subscribe_topic(PROGRESS, self._hear)

    def submit(
        self, stage: Stage, work: Work, job: Job, tools: Tools, step: Step
    ) -> Future[Result]:
        """Have a step done as soon as a worker is free."""
        if self._store:
            self._sweep(self._store, owner(tools.account.did, job.archive))
        if stage is Stage.PUBLISH:
            return self._threads.submit(stage, work, job, tools, step)
        answer: Future[Result] = Future()
        # It may have begun already, for all that is known here: it is told to stop instead.
        answer.set_running_or_notify_cancel()
        name = f"tokaway-{stage}-{uuid.uuid4().hex}"
        errand = _Errand(name, stage, work, job, tools, step, answer)
        if self._store:
            self._carriers.submit(errand.context.copy().run, self._bring, self._store, errand)
        else:
            self._send(errand)
        return answer

    def close(self) -> None:
        """Send nothing more."""
        self._closing.set()
        self._watcher.join()
        # One may hang in the network: whatever it still carries is nobody's.
        self._carriers.shutdown(wait=False, cancel_futures=True)

    def _bring(self, store: Store, errand: _Errand) -> None:
        """Put into the store what a step needs, and send it; or have it done here."""
        stage, job, tools, step = errand.stage, errand.job, errand.tools, errand.step
        try:
            step.check()
            if not is_worth_it(stage, job, tools):
                done = self._threads.submit(stage, errand.work, job, tools, step)
                done.add_done_callback(partial(_pass_on, errand.answer))
                return
            whose = owner(tools.account.did, job.archive)
            shelf = Shelf(store, f"{whose}{self._run}.{job.post.id}.")
            # A worker that fetches is given nothing, but it needs the shelf.
            given = pack(shelf, job, step) if stage is Stage.PREPARE else ()
        except Exception as error:  # noqa: BLE001  whatever it is, it is the step's
            errand.answer.set_exception(error)
            return
        errand.parcels = Parcels(shelf, given)
        self._send(errand)

    def _send(self, errand: _Errand) -> None:
        job, tools, name = errand.job, errand.tools, errand.name
        if self._lost:
            errand.answer.set_exception(self._lost)
            return
        order = Order(tools.limits, tools.encoder.name, tools.long, tools.photos)
        try:
            errand.stop = distributed.Event(name, client=self._client)
            with self._lock:
                self._sent[name] = errand
            sent = self._client.submit(
                do, errand.work, job, order, name, errand.parcels, key=name, pure=False
            )
        except (OSError, RuntimeError) as closed:
            errand.answer.set_exception(self._lose(closed))
        else:
            sent.add_done_callback(partial(self._settle, errand))

    def _settle(self, errand: _Errand, done: distributed.Future) -> None:
        with self._lock:
            self._sent.pop(errand.name, None)
        result: Result | None = None
        try:
            error = self._in_words(done.exception(), errand.job)
            if error is None:
                result = done.result()
        except (CancelledError, OSError) as lost:
            error = self._lose(lost)
        if errand.parcels is None:
            _answer(errand.answer, result, error)
        elif self._closing.is_set():
            # What was made stays where it is: nobody waits for it any more.
            errand.answer.set_exception(Stopped())
        else:
            # A copy: who sent it may still be in its context.
            take = partial(self._take, errand, errand.parcels, result, error)
            self._carriers.submit(errand.context.copy().run, take)

    def _take(
        self,
        errand: _Errand,
        parcels: Parcels,
        result: Result | None,
        error: BaseException | None,
    ) -> None:
        """Bring what a step made into the archive, and leave nothing of the post in the store."""
        shelf, archive = parcels.shelf, errand.job.archive
        try:
            if isinstance(result, Fetched | Prepared):
                carry(
                    result.files,
                    parcels.given,
                    errand.step.check,
                    partial(shelf.take, archive),
                )
        except Exception as trouble:  # noqa: BLE001  whatever it is, it is the step's
            error = trouble
        if not (isinstance(error, TryLater) and error.shared):
            with suppress(TryLater):  # what stays there is swept by the next run
                shelf.clear()
        _answer(errand.answer, result, error)

    def _sweep(self, store: Store, whose: str) -> None:
        """Remove what dead runs of an archive left in the store, once."""
        with self._lock:
            if whose in self._owners:
                return
            self._owners.add(whose)
        self._carriers.submit(sweep, store, whose, self._run)

    def _watch(self) -> None:
        """Tell workers to stop whose steps were broken off."""
        while not self._closing.wait(LOOK_SECONDS):
            with self._lock:
                broken = [one for one in self._sent.values() if one.step.stop.is_set()]
            for one in broken:
                if one.stop:
                    one.stop.set()
                    one.stop = None

    def _hear(self, told: tuple[float, Progress]) -> None:
        """Note how far a step is that a worker does."""
        _, (name, done, total, unit) = told
        with self._lock:
            errand = self._sent.get(name)
        if errand:
            step = errand.step
            step.done, step.total, step.unit = done, total, unit

    def _in_words(self, error: BaseException | None, job: Job) -> BaseException | None:
        if isinstance(error, distributed.KilledWorker):
            return Refused(
                f"Every worker that took this post's files has died ({job.post.kind}).",
                hint="Look at the memory and the logs of the workers, then: tokaway retry ARCHIVE",
                code="worker_died",
            )
        if isinstance(error, CancelledError | distributed.comm.CommClosedError):
            return self._lose(error)
        return error

    def _lose(self, error: BaseException) -> WorkersLost:
        self._lost = self._lost or WorkersLost(
            f"The cluster is gone ({type(error).__name__}). Nothing is lost.",
            hint="Start its scheduler again, then give the same command again.",
        )
        return self._lost


def _pass_on(answer: Future[Result], done: Future[Result]) -> None:
    if done.cancelled():
        answer.set_exception(Stopped())
    else:
        _answer(answer, None if done.exception() else done.result(), done.exception())


def _answer(answer: Future[Result], result: Result | None, error: BaseException | None) -> None:
    if error is not None or result is None:
        answer.set_exception(error or Stopped())
    else:
        answer.set_result(result)

"""Fetching and preparing on a Dask cluster; publishing, and the archive, stay here.

A step and what comes of it are plain data, and files lie in the archive: so the workers must see it
under the same path. Dask is imported by nothing else, and is an extra.
"""

from __future__ import annotations

import functools
import platform
import threading
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import distributed
import httpx

from importer import __version__
from importer.engine.workers import Threads, Work
from importer.errors import Refused, Unreachable, UserError
from importer.media.download import open_client
from importer.media.encoder import find as find_encoder
from importer.media.encoders import Encoder
from importer.media.ffmpeg import Ffmpeg
from importer.media.ffmpeg import find as find_ffmpeg
from importer.model import Limits, Long, Photos, Stage
from importer.stages.tools import Job, Result, Tools
from importer.step import Step

_CONNECT_SECONDS = 5.0
# How often is looked whether a step must stop: here, and by its worker.
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker fetches and prepares with."""

    limits: Limits
    ffmpeg: Ffmpeg
    encoder: Encoder
    http: httpx.Client
    long: Long
    photos: Photos


@dataclass(frozen=True, slots=True)
class _Order:
    """What a bench must be like, as it is sent. FFmpeg is each worker's own."""

    limits: Limits
    encoder: str
    long: Long
    photos: Photos


@dataclass(slots=True)
class _Sent:
    """A step that a worker has, or will have."""

    step: Step
    stop: distributed.Event
    is_told: bool = False


class Cluster:
    """Workers of a run: those of a Dask cluster for files, threads here for what is published."""

    def __init__(self, client: distributed.Client, threads: Threads) -> None:
        self._client = client
        self._threads = threads
        self._lock = threading.Lock()
        self._sent: dict[str, _Sent] = {}
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="cluster")
        self._watcher.start()

    def submit(
        self, stage: Stage, work: Work, job: Job, tools: Tools, step: Step
    ) -> Future[Result]:
        """Have a step done as soon as a worker is free."""
        if stage is Stage.PUBLISH:
            return self._threads.submit(stage, work, job, tools, step)
        name = f"tokaway-{stage}-{uuid.uuid4().hex}"
        order = _Order(tools.limits, tools.encoder.name, tools.long, tools.photos)
        answer: Future[Result] = Future()
        # It may have begun already, for all that is known here: it is told to stop instead.
        answer.set_running_or_notify_cancel()
        with self._lock:
            self._sent[name] = _Sent(step, distributed.Event(name, client=self._client))
        try:
            sent = self._client.submit(_do, work, job, order, name, key=name, pure=False)
        except (OSError, RuntimeError) as closed:
            answer.set_exception(_lost(closed))
        else:
            sent.add_done_callback(lambda done: self._settle(name, done, answer, job))
        return answer

    def close(self) -> None:
        """Send nothing more."""
        self._closing.set()
        self._watcher.join()

    def _settle(
        self, name: str, done: distributed.Future, answer: Future[Result], job: Job
    ) -> None:
        with self._lock:
            self._sent.pop(name, None)
        try:
            error = _in_words(done.exception(), job)
            if error is None:
                answer.set_result(done.result())
                return
        except (CancelledError, OSError) as lost:
            error = _lost(lost)
        answer.set_exception(error)

    def _watch(self) -> None:
        """Tell workers to stop whose steps were broken off."""
        while not self._closing.wait(_LOOK_SECONDS):
            with self._lock:
                broken = [
                    one for one in self._sent.values() if one.step.stop.is_set() and not one.is_told
                ]
            for one in broken:
                one.is_told = True
                one.stop.set()


@contextmanager
def cluster(address: str, threads: Mapping[Stage, int]) -> Iterator[Cluster]:
    """Work with the cluster whose scheduler is at an address.

    Raises:
        Unreachable: no scheduler answers there, or it has no workers.
        UserError: a worker has another version of Tokaway, or none.
    """
    try:
        client = distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Unreachable(
            f"No Dask scheduler answers at {address}. Nothing was sent.",
            hint="Start one (dask scheduler), and check the address that it prints.",
            code="no_cluster",
        ) from error
    with client, Threads(threads) as own:
        _check(client, address)
        workers = Cluster(client, own)
        try:
            yield workers
        finally:
            workers.close()


def _check(client: distributed.Client, address: str) -> None:
    try:
        versions: dict[str, str] = client.run(_version)
    except ImportError as error:
        raise _other_version("none", address) from error
    if not versions:
        raise Unreachable(
            f"The Dask scheduler at {address} has no workers. Nothing was sent.",
            hint=f"Start some on machines that see the archives: dask worker {address}",
            code="no_workers",
        )
    for worker, version in versions.items():
        if version != __version__:
            raise _other_version(version, worker)


def _other_version(version: str, where: str) -> UserError:
    return UserError(
        f"The workers of the cluster must have Tokaway {__version__}; at {where} it is {version}.",
        hint=f"Install it there: pip install 'tokaway[dask]=={__version__}'",
        code="worker_version",
    )


def _in_words(error: BaseException | None, job: Job) -> BaseException | None:
    if isinstance(error, distributed.KilledWorker):
        return Refused(
            f"Every worker that took this post's files has died ({job.post.kind}).",
            hint="Look at the memory and the logs of the workers, then: tokaway retry ARCHIVE",
            code="worker_died",
        )
    if isinstance(error, CancelledError | distributed.comm.CommClosedError):
        return _lost(error)
    return error


def _lost(error: BaseException) -> Unreachable:
    return Unreachable(
        f"The cluster is gone ({type(error).__name__}). Nothing is lost.",
        hint="Start its scheduler again, then give the same command again.",
        code="cluster_lost",
    )


# What workers do.


def _version() -> str:
    return __version__


def _do(work: Work, job: Job, order: _Order, name: str) -> Result:
    if not job.archive.is_dir():
        raise Unreachable(
            f"A worker of the cluster ({platform.node()}) does not see {job.archive}.",
            hint="Mount the folder there, under the same path.",
            code="no_shared_folder",
        )
    step = Step()
    with _hearing(name, step):
        step.check()
        # What comes here needs no more of its tools than a bench has.
        return work(job, cast(Tools, _bench(order)), step)


@functools.cache
def _bench(order: _Order) -> Bench:
    program = find_ffmpeg()
    encoder = find_encoder(order.encoder, program)
    return Bench(order.limits, program, encoder, open_client(), order.long, order.photos)


@contextmanager
def _hearing(name: str, step: Step) -> Iterator[None]:
    """Break the step off as soon as its sender says so."""
    told = distributed.Event(name, client=distributed.get_client())
    is_over = threading.Event()

    def listen() -> None:
        while not is_over.wait(_LOOK_SECONDS):
            if told.is_set():
                step.break_off()
                return

    listener = threading.Thread(target=listen, name="stop", daemon=True)
    listener.start()
    try:
        yield
    finally:
        is_over.set()
        listener.join()

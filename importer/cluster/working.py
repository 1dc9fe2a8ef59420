"""What workers of a cluster do: a step as it comes, with tools of their own."""

from __future__ import annotations

import functools
import platform
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import distributed
import httpx

from importer import __version__
from importer.cluster.carrying import Parcel, Shelf, carry
from importer.cluster.store import Store
from importer.engine.workers import Work
from importer.errors import DiskFull, TokawayError, Unreachable
from importer.landing import is_full
from importer.media.download import open_client
from importer.media.encoder import find as find_encoder
from importer.media.encoders import Encoder
from importer.media.ffmpeg import Ffmpeg
from importer.media.ffmpeg import find as find_ffmpeg
from importer.model import Limits, Long, Photos
from importer.stages.tools import Fetched, Job, Prepared, Result, Tools
from importer.step import Step

# How often is looked whether a step must stop: here, and by who sent it.
LOOK_SECONDS = 0.5
PROGRESS = "tokaway-progress"
"""Under this name workers tell how far their steps are: `Progress` as a list."""
Progress = tuple[str, float, float | None, str]
"""The name of a step, and its `done`, `total` and `unit`."""


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
class Order:
    """What a bench must be like, as it is sent. FFmpeg is each worker's own."""

    limits: Limits
    encoder: str
    long: Long
    photos: Photos


@dataclass(frozen=True, slots=True)
class Parcels:
    """The files that a step needs, on their shelf; what it makes goes there too."""

    shelf: Shelf
    given: tuple[Parcel, ...]


def version() -> str:
    """Which Tokaway this worker has."""
    return __version__


def look(store: Store, name: str) -> str:
    """See whether a worker can read what lies in a store, and write: what is wrong, in words."""
    with tempfile.TemporaryDirectory(prefix="tokaway-") as folder:
        path = Path(folder) / name
        try:
            store.check()
            store.get(name, path)
            store.put(path, f"{name}.{platform.node()}")
        except TokawayError as trouble:
            return f"{platform.node()}: {trouble.text}"
    return ""


def do(work: Work, job: Job, order: Order, name: str, parcels: Parcels | None) -> Result:
    """Do a step: in the archive that all see, or with files that are brought and taken back.

    Raises:
        Unreachable: the archive is not seen.
        TryLater: the store is away.
        DiskFull: this worker has no room.
    """
    step = Step()
    with _hearing(name, step):
        step.check()
        if parcels:
            return _do_apart(work, job, order, parcels, step)
        if not job.archive.is_dir():
            raise Unreachable(
                f"A worker of the cluster ({platform.node()}) does not see {job.archive}.",
                hint="Mount the folder there, under the same path, or name a store (--store URL).",
                code="no_shared_folder",
            )
        # What comes here needs no more of its tools than a bench has.
        return work(job, cast(Tools, _bench(order)), step)


def _do_apart(work: Work, job: Job, order: Order, parcels: Parcels, step: Step) -> Result:
    shelf, given = parcels.shelf, parcels.given
    # If this worker is killed, Dask removes its folder.
    place = distributed.get_worker().local_directory
    try:
        with tempfile.TemporaryDirectory(prefix="tokaway-", dir=place) as folder:
            archive = Path(folder)
            for parcel in given:
                step.check()
                shelf.take(archive, parcel)
            result = work(replace(job, archive=archive), cast(Tools, _bench(order)), step)
            if isinstance(result, Fetched | Prepared):
                carry(result.files, given, step.check, functools.partial(shelf.put, archive))
            return result
    except DiskFull as full:
        raise _no_room() from full
    except OSError as error:
        if is_full(error):
            raise _no_room() from error
        raise


def _no_room() -> DiskFull:
    return DiskFull(
        f"A worker of the cluster ({platform.node()}) has no room for a video. Nothing is lost.",
        hint="Free some space there, or give it another folder: dask worker --local-directory. "
        "Then give the same command again.",
        code="worker_disk_full",
    )


@functools.cache
def _bench(order: Order) -> Bench:
    program = find_ffmpeg()
    encoder = find_encoder(order.encoder, program)
    return Bench(order.limits, program, encoder, open_client(), order.long, order.photos)


@contextmanager
def _hearing(name: str, step: Step) -> Iterator[None]:
    """Tell the sender how far a step is; break it off if the sender says so, or is gone."""
    told = distributed.Event(name, client=distributed.get_client())
    worker = distributed.get_worker()
    is_over = threading.Event()

    def listen() -> None:
        before: Progress | None = None
        while not is_over.wait(LOOK_SECONDS):
            if told.is_set() or _is_forgotten(worker, name):
                step.break_off()
                return
            now: Progress = (name, step.done, step.total, step.unit)
            if now != before:
                worker.log_event(PROGRESS, now)
                before = now

    listener = threading.Thread(target=listen, name="stop", daemon=True)
    listener.start()
    try:
        yield
    finally:
        is_over.set()
        listener.join()


def _is_forgotten(worker: distributed.Worker, name: str) -> bool:
    """Whether nobody waits for a step any more: its sender was killed, or cut off."""
    task = worker.state.tasks.get(name)
    return task is not None and task.state == "cancelled"

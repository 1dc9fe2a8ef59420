"""How much more is prepared with more workers of a Dask cluster, each on a core of its own.

    python benchmarks/cluster.py [VIDEOS]

Every worker is held to one core, as if it were a machine with one: FFmpeg would use all of them by
itself. What is measured is the throughput of videos that must be encoded, as a ratio to one worker;
`none` is the same work in this process, held to one core too, and shows what the cluster costs;
`through a store` is the same with workers that do not see the archive: each file goes there and
back through a server with the API of S3, which shares these cores. Last come many videos that are
sent as they are: that many steps a second can be handed out at all.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import distributed

from importer.archive.store import Archive
from importer.cluster.opening import cluster
from importer.engine.workers import Threads, Workers
from importer.media.encoders import SOFTWARE
from importer.media.ffmpeg import find
from importer.media.probe import probe
from importer.model import Limits, Long, Photos, Role, Stage
from importer.stages.place import describe, post_folder
from importer.stages.prepare import prepare
from importer.stages.tools import Job, Result, Tools
from importer.step import Step
from tests.batch.object_store import BUCKET, ObjectStore
from tests.clips import run
from tests.posts import exported

ROUNDS = 3
STEPS = 200
SAMPLE = Path(__file__).parents[1] / "samples" / "demo" / "media" / "clip1.mp4"
STORE = f"s3://{BUCKET}/benchmark"
ONE_EACH = dict.fromkeys(Stage, 1)


@dataclass(frozen=True)
class Work:
    """Videos in an archive that all must be encoded."""

    jobs: list[Job]
    tools: Tools

    def seconds(self, workers: Workers) -> float:
        """How long it takes to prepare them all."""
        began = time.perf_counter()
        answers: list[Future[Result]] = [
            workers.submit(Stage.PREPARE, prepare, job, self.tools, Step()) for job in self.jobs
        ]
        for answer in answers:
            answer.result()
        took = time.perf_counter() - began
        for job in self.jobs:
            for copy in post_folder(job.archive, job.post.id).glob("prepared*"):
                copy.unlink()
        return took


def phone_clip(folder: Path) -> Path:
    """Two seconds of HEVC, as a phone records it: it must be encoded."""
    clip = folder / "clip.mp4"
    run(
        *("-f", "lavfi", "-i", "testsrc2=s=720x1280:r=30:d=2"),
        *("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"),
        *("-tag:v", "hvc1", clip),
    )
    return clip


def staged(folder: Path, clip: Path, videos: int) -> Work:
    """An archive with copies of a video."""
    jobs = []
    with Archive.create(folder) as archive:
        archive.absorb([exported(second) for second in range(videos)])
        for post in archive.posts():
            path = post_folder(archive.folder, post.id) / "original.mp4"
            shutil.copyfile(clip, path)
            original = describe(Role.ORIGINAL, archive.folder, path, probe(path))
            jobs.append(Job(post, {Role.ORIGINAL: (original,)}, archive.folder))
    tools = SimpleNamespace(
        account=SimpleNamespace(did="did:plc:benchmark"),
        limits=Limits(10**8, 10**6, 180.0, "benchmark"),
        ffmpeg=find(),
        encoder=SOFTWARE,
        long=Long.SPLIT,
        photos=Photos.THREAD,
    )
    return Work(jobs, cast(Tools, tools))


def hold_to(core: int) -> None:
    """Keep a process, and the programs it starts, on one core."""
    os.sched_setaffinity(0, {core})


def with_cluster(number: int, work: Work, store: str | None = None) -> float:
    with distributed.LocalCluster(
        n_workers=number, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as made:
        with distributed.Client(made, set_as_default=False) as client:
            for core, worker in enumerate(client.scheduler_info()["workers"]):
                client.run(hold_to, core % (os.cpu_count() or 1), workers=[worker])
        with cluster(made.scheduler_address, ONE_EACH, store) as workers:
            work.seconds(workers)  # the first of each kind loads what it needs
            return work.seconds(workers)


def without(work: Work) -> float:
    cores = os.sched_getaffinity(0)
    hold_to(0)
    try:
        with Threads(ONE_EACH) as workers:
            return work.seconds(workers)
    finally:
        os.sched_setaffinity(0, cores)


def main() -> None:
    videos = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    most = os.cpu_count() or 1
    ways: dict[str, Callable[[Work], float]] = {"none, in the program itself": without}
    for number in range(1, most + 1):
        ways[str(number)] = partial(with_cluster, number)
        ways[f"{number}, through a store"] = partial(with_cluster, number, store=STORE)
    best: dict[str, float] = {}
    with (
        ObjectStore() as store,
        tempfile.TemporaryDirectory(prefix="tokaway-cluster-") as folder,
    ):
        os.environ.update(store.variables)
        place = Path(folder)
        work = staged(place / "encoded.tokaway", phone_clip(place), videos)
        # In turns: what else the machine does hits all of them.
        for _ in range(ROUNDS):
            for name, way in ways.items():
                best[name] = min(best.get(name, float("inf")), way(work))
        print("| workers | videos a second | of one worker |\n| --- | --- | --- |")
        for name, seconds in best.items():
            print(f"| {name} | {videos / seconds:.1f} | {best['1'] / seconds:.1f} |")
        seconds = with_cluster(most, staged(place / "kept.tokaway", SAMPLE, STEPS))
        print(f"\n{STEPS / seconds:.0f} steps a second that need no encoding, {most} workers")
        print(f"load {os.getloadavg()[2]:.1f} on {most} cores")


if __name__ == "__main__":
    main()

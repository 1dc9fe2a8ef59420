"""Files fetched and prepared by worker processes: as well as here, also when one of them dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import distributed
import pytest

from importer.archive.view import ArchiveView
from importer.cluster.opening import cluster
from importer.cluster.sending import Cluster
from importer.errors import Stopped
from importer.media.encoders import SOFTWARE
from importer.model import Action, Limits, Long, MediaFile, Photos, Role, Stage
from importer.stages.tools import Job, Result, Tools
from importer.step import Step
from tests.batch.crowd import Crowd
from tests.batch.test_batch import name
from tests.end_to_end.command_line import Running
from tests.end_to_end.server_truth import assert_exactly

PATIENCE = 60
FITS = (Action.KEEP, Action.REMUX, Action.TRANSCODE, Action.TRANSCODE)
NOBODY = "tcp://127.0.0.1:1"


@dataclass(frozen=True, slots=True)
class Scheduler:
    """A scheduler of its own, and where it listens."""

    process: subprocess.Popen[bytes]
    address: str


@pytest.fixture
def workers() -> Iterator[distributed.LocalCluster]:
    """Two worker processes of one thread each."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as cluster:
        yield cluster


@pytest.fixture
def pair(crowd: Crowd) -> Crowd:
    """Two creators whose videos need every sort of treatment."""
    for one in ("anna", "ben"):
        crowd.add(one, FITS, handle=name())
    crowd.write("jobs = 2", "keep_prepared = true")
    return crowd


def files(crowd: Crowd, creator: str) -> list[MediaFile]:
    """What an archive notes of all its files."""
    with ArchiveView.open(crowd.archive(creator)) as archive:
        return [
            file
            for post in archive.posts()
            for role in (Role.ORIGINAL, Role.PREPARED)
            for file in archive.files(post.id)[role]
        ]


def processing(workers: distributed.LocalCluster, stage: str) -> int | None:
    """The process that is at work on a step of a stage, if any is."""
    with distributed.Client(workers, set_as_default=False) as client:
        pids = client.run(os.getpid)
        for worker, keys in client.processing().items():
            if any(f"-{stage}-" in str(key) for key in keys):
                pid: int = pids[worker]
                return pid
    return None


@pytest.mark.cluster
def test_a_cluster_makes_the_same_files_and_a_worker_that_dies_loses_nothing(
    pair: Crowd, workers: distributed.LocalCluster
) -> None:
    # First without a cluster, as a dry run: the files are what counts.
    plain = pair.tokaway("batch", pair.file, "--dry-run")
    assert plain.code == 0, plain.err
    made = {one: files(pair, one) for one in pair.accounts}
    for one in pair.accounts:
        pair.archive(one).rename(pair.folder / f"{one}.before")

    address = workers.scheduler_address
    with pair.tokaway.running("batch", pair.file, "--json", "--cluster", address) as running:
        os.kill(at_work(running, workers), signal.SIGKILL)
        assert running.end() == 0, running.read[-1]
    assert [line for line in running.read if line["event"] == "step_failed"] == []
    for one, account in pair.accounts.items():
        assert files(pair, one) == made[one]
        assert_exactly(pair.pds, account.did, pair.staged[one].public)


def at_work(running: Running, workers: distributed.LocalCluster) -> int:
    """A worker process in the middle of preparing."""
    while True:
        running.wait_for("step_started", stage="prepare")
        pid = processing(workers, "prepare")
        if pid:
            return pid


@pytest.mark.cluster
def test_what_is_broken_off_stops_on_the_workers_too(
    pair: Crowd, workers: distributed.LocalCluster
) -> None:
    address = workers.scheduler_address
    with pair.tokaway.running("batch", pair.file, "--json", "--cluster", address) as running:
        running.wait_for("step_started", stage="prepare")
        running.signal(signal.SIGTERM)
        assert running.end() == 130
    assert processing(workers, "prepare") is None
    assert pair.tokaway("batch", pair.file, "--cluster", address).code == 0
    for one, account in pair.accounts.items():
        assert_exactly(pair.pds, account.did, pair.staged[one].public)


@pytest.mark.cluster
def test_a_cluster_that_goes_away_ends_the_batch_and_nothing_is_lost(
    pair: Crowd, workers: distributed.LocalCluster
) -> None:
    address = workers.scheduler_address
    at_once = ("--jobs", "1", "--cluster", address)
    with pair.tokaway.running("batch", pair.file, "--json", *at_once) as running:
        running.wait_for("step_started", stage="prepare")
        workers.close()
        assert running.end() == 6
    ends = [line for line in running.read if line["event"] == "creator_done"]
    assert {line["outcome"] for line in ends} == {"cluster_lost"}
    assert pair.tokaway("batch", pair.file).code == 0
    for one, account in pair.accounts.items():
        assert_exactly(pair.pds, account.did, pair.staged[one].public)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    """A scheduler and a worker, each in a process of its own, as a person starts them."""
    file = tmp_path / "scheduler.json"
    with ExitStack() as stack:

        def start(*arguments: str | Path) -> subprocess.Popen[bytes]:
            # Its warnings are its own.
            program = [sys.executable, "-W", "ignore", "-m", "dask", *map(str, arguments)]
            process = subprocess.Popen(program, stderr=subprocess.DEVNULL, cwd=tmp_path)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        process = start(
            *("scheduler", "--host", "127.0.0.1", "--port", "0"),
            *("--no-dashboard", "--dashboard-address", "127.0.0.1:0"),
            *("--scheduler-file", file),
        )
        one = ("--nworkers", "1", "--nthreads", "1", "--no-nanny", "--no-dashboard")
        start("worker", *one, "--scheduler-file", file)
        with distributed.Client(scheduler_file=str(file), set_as_default=False) as client:
            client.wait_for_workers(1, timeout=60)
            address: str = client.scheduler.address
        yield Scheduler(process, address)


@pytest.mark.cluster
def test_a_scheduler_that_is_killed_ends_the_batch_at_once_for_everybody(
    crowd: Crowd, scheduler: Scheduler
) -> None:
    names = ("anna", "ben", "carla", "dora")
    for one in names:
        crowd.add(one, FITS[2:3], handle=name())
    crowd.write("jobs = 2")
    through = ("--json", "--cluster", scheduler.address)
    with crowd.tokaway.running("batch", crowd.file, *through) as running:
        running.wait_for("step_started", stage="prepare")
        scheduler.process.kill()
        assert running.end() == 6
    # Nobody else was let in, to find out by himself.
    assert {line["turn"] for line in running.read if line["event"] == "creator_turn"} == {1}
    assert len([line for line in running.read if line["event"] == "creator_turn"]) == 2
    end = running.read[-1]
    assert end["event"] == "batch_done" and end["exit"] == 6
    assert sorted(end["outcomes"]["cluster_lost"]) == sorted(names)
    assert crowd.tokaway("batch", crowd.file).code == 0
    for one, account in crowd.accounts.items():
        assert_exactly(crowd.pds, account.did, crowd.staged[one].public)


def half_way(sent_to: Cluster, tmp_path: Path, step: Step) -> Future[Result]:
    """A step that a worker has begun, and tells of."""
    answer = sent_to.submit(Stage.PREPARE, half_done, *given(tmp_path), step)
    while step.done != 3:
        assert not wait([answer], 0.05).done, answer.exception()
    return answer


@pytest.mark.cluster
def test_a_step_on_a_worker_tells_how_far_it_is_and_stops_when_told(
    workers: distributed.LocalCluster, tmp_path: Path
) -> None:
    step = Step()
    with cluster(workers.scheduler_address, dict.fromkeys(Stage, 1)) as sent_to:
        answer = half_way(sent_to, tmp_path, step)
        assert (step.total, step.unit) == (6, "seconds")
        step.break_off()
        assert isinstance(answer.exception(PATIENCE), Stopped)


@pytest.mark.cluster
def test_a_step_whose_sender_is_gone_is_broken_off(
    workers: distributed.LocalCluster, tmp_path: Path
) -> None:
    step = Step()
    with cluster(workers.scheduler_address, dict.fromkeys(Stage, 1)) as sent_to:
        half_way(sent_to, tmp_path, step)
    # Its client is closed, and never told the step to stop.
    end = time.monotonic() + PATIENCE / 2
    while not (tmp_path / "stopped").exists():
        assert time.monotonic() < end


def given(archive: Path) -> tuple[Job, Tools]:
    """As much of a job, and of tools, as a step needs that does nothing."""
    tools = SimpleNamespace(
        limits=Limits(10**8, 10**6, 180.0, "test"),
        encoder=SOFTWARE,
        long=Long.SPLIT,
        photos=Photos.THREAD,
    )
    return cast(Job, SimpleNamespace(archive=archive)), cast(Tools, tools)


def half_done(job: Job, tools: Tools, step: Step) -> Result:
    """Get so far, and no further until it is told to stop."""
    step.done, step.total, step.unit = 3, 6, "seconds"
    if step.stop.wait(PATIENCE):
        (job.archive / "stopped").touch()
    step.check()
    raise AssertionError("never told to stop")


def test_a_cluster_that_is_not_there_is_told_before_anything_is_sent(pair: Crowd) -> None:
    ended = pair.tokaway("batch", pair.file, "--cluster", NOBODY)
    assert ended.code == 6
    assert "No Dask scheduler answers" in ended.err and "dask scheduler" in ended.err
    assert pair.line.calls() == []


def test_without_dask_the_cluster_is_told_of_and_nothing_else_changes(pair: Crowd) -> None:
    hidden = "import sys; sys.modules['distributed'] = None; from importer.cli import main; main()"
    program = (sys.executable, "-c", hidden)
    ended = pair.tokaway("batch", pair.file, "--cluster", NOBODY, program=program)
    assert ended.code == 2 and "pip install 'tokaway[dask]'" in ended.err
    assert pair.tokaway("batch", pair.file, "--plan", program=program).code == 0

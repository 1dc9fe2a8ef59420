"""Several runs beside each other: they share workers, and hand over to one another."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import importer.engine.run
from importer.archive.store import Archive
from importer.engine.outcome import Outcome
from importer.engine.run import run
from importer.engine.stop import Stop
from importer.engine.workers import Threads
from importer.errors import DiskFull
from importer.events import Event, StepDone, StepStarted, Stopping
from importer.model import Milestone, Stage
from importer.run_log import RunLog
from importer.stages.tools import Job
from importer.step import Step
from tests.engine.house import PATIENCE, QUICK, House
from tests.posts import exported


def test_a_run_hands_over_when_it_is_told_to_and_goes_on_later(house: House) -> None:
    house.add(5)

    def watch(event: Event) -> None:
        if isinstance(event, StepDone) and event.stage == Stage.PUBLISH:
            house.stop.hand_over()

    house.watch = watch
    assert house.run() == Outcome("turn_over", 0)
    # Nobody asked to stop.
    assert house.told(Stopping) == []
    assert 0 < house.count(Milestone.PUBLISHED) < 5
    assert house.again() == Outcome("all_published", 0)


def test_a_run_told_to_hand_over_at_its_very_end_has_ended(house: House) -> None:
    house.add(1)
    house.watch = lambda event: house.stop.hand_over() if isinstance(event, StepDone) else None
    for _ in range(3):
        outcome = house.run()
        house.stop = Stop()
    assert outcome == Outcome("all_published", 0)


def test_runs_share_threads_that_are_never_more_than_allowed(house: House, tmp_path: Path) -> None:
    met = threading.Barrier(2, timeout=PATIENCE)

    def meet(job: Job, step: Step) -> None:
        met.wait()

    house.plan(Stage.FETCH, exported(0).id, meet, meet)

    def one(number: int) -> Outcome:
        with Archive.create(tmp_path / f"{number}.tokaway") as archive:
            archive.absorb([exported(second) for second in range(4)])
            return run(archive, house.tools, QUICK, lambda event: None, Stop(), workers=workers)

    with Threads(dict.fromkeys(Stage, 2)) as workers, ThreadPoolExecutor(5) as runs:
        assert set(runs.map(one, range(5))) == {Outcome("all_published", 0)}
    assert len(house.stages.written) == 20
    assert max(house.stages.most.values()) == 2


def test_a_step_that_nobody_began_is_forgotten_when_its_run_ends(house: House) -> None:
    third = house.add(3)[-1]
    held, let_go = threading.Event(), threading.Event()

    def hold(job: Job, step: Step) -> None:
        held.set()
        assert let_go.wait(PATIENCE)

    other = Job(house.post(third), {}, house.archive.folder)
    house.plan(Stage.FETCH, third, hold)
    house.watch = lambda event: house.stop.leave() if isinstance(event, StepStarted) else None
    with Threads(dict.fromkeys(Stage, 1)) as workers:
        # Another run has the only thread that fetches.
        busy = workers.submit(
            Stage.FETCH, house.stages.work(Stage.FETCH), other, house.tools, Step()
        )
        assert held.wait(PATIENCE)
        assert house.run(workers=workers) == Outcome("interrupted", 130)
        let_go.set()
        busy.result(PATIENCE)
    assert house.stages.called(Stage.FETCH) == [third]
    assert house.attempts() == []


def test_each_log_has_the_troubles_of_its_own_run(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = threading.Barrier(2, timeout=PATIENCE)

    def warn(job: Job, *_: object) -> object:
        met.wait()
        logging.getLogger("tokaway").warning("trouble in %s", job.archive.name)
        raise DiskFull("The disk is full.")

    monkeypatch.setitem(importer.engine.run.WORK, Stage.FETCH, warn)

    def one(name: str) -> str:
        folder = tmp_path / name
        with Archive.create(folder) as archive, RunLog(folder):
            archive.absorb([exported()])
            run(archive, house.tools, QUICK, lambda event: None, Stop(), workers=workers)
        return (folder / "run.log").read_text(encoding="utf-8")

    with Threads(dict.fromkeys(Stage, 2)) as workers, ThreadPoolExecutor(2) as runs:
        mine, theirs = runs.map(one, ("mine", "theirs"))
    assert "trouble in mine" in mine and "theirs" not in mine
    assert "trouble in theirs" in theirs and "mine" not in theirs

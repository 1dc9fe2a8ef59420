"""A run that is told to stop: it finishes what is in hand, or breaks it off."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

import importer.engine.run
from importer.clock import utc_now
from importer.engine.outcome import Outcome
from importer.engine.stop import Stop
from importer.errors import (
    TryLater,
)
from importer.events import (
    Event,
    StepDone,
    StepFailed,
    StepStarted,
    Stopping,
    Waiting,
)
from importer.model import (
    Milestone,
    Stage,
)
from importer.stages.tools import Job
from importer.step import Step
from tests.engine.house import PATIENCE, House


def test_the_first_wish_to_stop_lets_finish_what_is_in_hand(house: House) -> None:
    posts = house.add(4)
    stopping = threading.Event()

    def watch(event: Event) -> None:
        if isinstance(event, StepStarted):
            house.stop.draining.set()
        if isinstance(event, Stopping):
            stopping.set()

    def hold(job: Job, step: Step) -> None:
        assert stopping.wait(PATIENCE)
        step.check()

    house.watch = watch
    for post in posts:
        house.plan(Stage.FETCH, post, hold)
    assert house.run() == Outcome("interrupted", 130)
    assert sorted(house.stages.called(Stage.FETCH)) == posts[:2]
    assert house.count(Milestone.FETCHED) == 2
    assert house.count(Milestone.FOUND) == 2
    assert [event.at_once for event in house.told(Stopping)] == [False]
    assert house.again() == Outcome("all_published", 0)


def test_the_second_wish_to_stop_breaks_off_what_is_in_hand(house: House) -> None:
    posts = house.add(4)

    def watch(event: Event) -> None:
        if isinstance(event, StepStarted) and event.post == posts[1]:
            house.stop.ask()
        if isinstance(event, Stopping):
            house.stop.ask()

    def hold(job: Job, step: Step) -> None:
        assert step.stop.wait(PATIENCE)
        step.check()

    house.watch = watch
    for post in posts[:2]:
        house.plan(Stage.FETCH, post, hold)
    assert house.run() == Outcome("interrupted", 130)
    assert [event.at_once for event in house.told(Stopping)] == [False, True]
    assert house.told(StepFailed) == house.told(StepDone) == []
    # A step that was broken off never happened.
    assert house.attempts() == []
    assert [post.tries for post in house.archive.posts(Milestone.FOUND)] == [0] * 4
    assert house.again() == Outcome("all_published", 0)


def test_what_works_in_the_last_moment_is_noted_all_the_same(house: House) -> None:
    [post] = house.add(1)

    def finish_anyway(job: Job, step: Step) -> None:
        assert step.stop.wait(PATIENCE)

    def watch(event: Event) -> None:
        if isinstance(event, StepStarted):
            house.stop.leave()

    house.watch = watch
    house.plan(Stage.FETCH, post, finish_anyway)
    assert house.run() == Outcome("interrupted", 130)
    assert house.post(post).milestone == Milestone.FETCHED
    assert [event.at_once for event in house.told(Stopping)] == [True]


def test_a_worker_that_hangs_does_not_hold_up_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer.engine.run, "LEAVING_SECONDS", 0.01)
    [post] = house.add(1)
    release, ended = threading.Event(), threading.Event()

    def hang(job: Job, step: Step) -> None:
        release.wait(PATIENCE)
        ended.set()

    def watch(event: Event) -> None:
        if isinstance(event, StepStarted):
            house.stop.leave()

    house.watch = watch
    house.plan(Stage.FETCH, post, hang)
    try:
        assert house.run() == Outcome("interrupted", 130, clean=False)
        assert house.post(post).milestone == Milestone.FOUND
    finally:
        release.set()
        assert ended.wait(PATIENCE)


def test_a_run_that_was_stopped_before_it_began_starts_nothing(house: House) -> None:
    house.add(2)
    house.stop.ask()
    assert house.run() == Outcome("interrupted", 130)
    assert house.story() == ["run_started", "forecast", "stopping", "run_finished"]
    assert house.stages.calls == []


def test_a_wish_to_stop_ends_a_long_wait(house: House) -> None:
    [post] = house.add(1)
    tomorrow = utc_now() + timedelta(days=1)
    house.plan(Stage.FETCH, post, TryLater("Tomorrow.", at=tomorrow))

    def watch(event: Event) -> None:
        if isinstance(event, Waiting):
            house.stop.ask()

    house.watch = watch
    assert house.run() == Outcome("interrupted", 130)
    assert house.told(Waiting)[0].until == house.post(post).next_try_at


def test_asking_goes_from_draining_to_leaving() -> None:
    stop = Stop()
    assert stop.ask() is False
    assert (stop.draining.is_set(), stop.at_once.is_set()) == (True, False)
    assert stop.ask() is True
    assert stop.ask() is True
    leaving = Stop()
    leaving.leave()
    assert leaving.draining.is_set()
    assert leaving.at_once.is_set()

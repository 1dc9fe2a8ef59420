"""What the person wants while a run goes on: a pause, a post left out, another pace."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from importer.archive.ledger import Ledger
from importer.budgets import HOUR, Kind
from importer.clock import utc_now
from importer.engine.outcome import Outcome
from importer.errors import TryLater
from importer.events import Event, Noticed, Status, StepDone, StepFailed, StepStarted, Waiting
from importer.model import Milestone, Stage
from importer.pds.budget import Budget
from importer.stages.tools import Job
from importer.step import Step
from tests.engine.house import PATIENCE, House

LEFT_OUT = "left_out"


def test_a_pause_finishes_what_is_in_hand_and_starts_nothing_until_it_goes_on(house: House) -> None:
    posts = house.add(4)
    at_rest: list[int] = []

    def watch(event: Event) -> None:
        if isinstance(event, StepStarted) and not at_rest:
            house.wishes.pause()
        if isinstance(event, Status) and house.wishes.is_pausing and not event.in_hand:
            at_rest.append(event.counts[Milestone.FETCHED])
            house.wishes.go_on()

    house.watch = watch
    assert house.run() == Outcome("all_published", 0)
    assert at_rest == [2]
    assert sorted(house.stages.written) == posts


def test_a_paused_run_can_be_stopped(house: House) -> None:
    house.add(3)
    house.wishes.pause()

    def watch(event: Event) -> None:
        if isinstance(event, Status):
            house.stop.ask()

    house.watch = watch
    assert house.run() == Outcome("interrupted", 130)
    assert house.stages.calls == []
    house.wishes.go_on()
    assert house.again() == Outcome("all_published", 0)


def test_a_pause_with_nothing_left_to_do_is_the_end(house: House) -> None:
    house.add(1)

    def watch(event: Event) -> None:
        if isinstance(event, StepStarted) and event.stage == Stage.PUBLISH:
            house.wishes.pause()

    house.watch = watch
    assert house.run() == Outcome("all_published", 0)


def test_a_post_that_waits_is_left_out_and_the_others_go_on(house: House) -> None:
    posts = house.add(4)
    house.wishes.leave_out(posts[3])
    assert house.run() == Outcome("all_published", 0)
    assert sorted(house.stages.written) == posts[:3]
    left = house.post(posts[3])
    assert (left.milestone, left.trouble_code, left.chosen) == (Milestone.SKIPPED, LEFT_OUT, False)
    [told] = house.told(StepFailed)
    assert (told.post, told.milestone, told.code) == (posts[3], Milestone.SKIPPED, LEFT_OUT)


@pytest.mark.parametrize("stage", Stage)
def test_a_post_in_hand_is_broken_off_alone_and_left_out(house: House, stage: Stage) -> None:
    first, second = house.add(2)

    def hold(job: Job, step: Step) -> None:
        house.wishes.leave_out(first)
        assert step.stop.wait(PATIENCE)
        step.check()

    def unhurt(job: Job, step: Step) -> None:
        step.check()

    house.plan(stage, first, hold)
    house.plan(stage, second, unhurt)
    assert house.run() == Outcome("all_published", 0)
    assert house.stages.written == [second]
    assert house.post(first).milestone == Milestone.SKIPPED
    assert (stage, LEFT_OUT, None) in house.attempts()


def test_a_post_whose_step_ends_before_it_hears_of_it_is_left_out_afterwards(house: House) -> None:
    [post] = house.add(1)

    def finish_anyway(job: Job, step: Step) -> None:
        house.wishes.leave_out(post)
        assert step.stop.wait(PATIENCE)

    house.plan(Stage.FETCH, post, finish_anyway)
    house.run()
    assert house.post(post).milestone == Milestone.SKIPPED
    assert house.told(StepDone)[0].stage == Stage.FETCH
    assert house.stages.written == []


def test_a_post_that_got_published_meanwhile_stays_and_it_is_said(house: House) -> None:
    [post] = house.add(1)

    def finish_anyway(job: Job, step: Step) -> None:
        house.wishes.leave_out(post)
        assert step.stop.wait(PATIENCE)

    house.plan(Stage.PUBLISH, post, finish_anyway)
    assert house.run() == Outcome("all_published", 0)
    assert house.post(post).milestone == Milestone.PUBLISHED
    assert [told.code for told in house.told(Noticed)] == ["too_late"]


def test_a_post_that_may_stand_on_the_server_is_finished(house: House) -> None:
    """Its first answer was lost: the records may be there, whatever the archive says."""
    [post] = house.add(1)

    def watch(event: Event) -> None:
        if isinstance(event, StepFailed):
            house.wishes.leave_out(post)

    house.watch = watch
    house.plan(Stage.PUBLISH, post, TryLater("The answer was lost."))
    assert house.run() == Outcome("all_published", 0)
    assert house.post(post).milestone == Milestone.PUBLISHED
    assert [told.code for told in house.told(Noticed)] == ["too_late"]


def test_a_second_try_is_not_broken_off(house: House) -> None:
    [post] = house.add(1)
    told = threading.Event()

    def watch(event: Event) -> None:
        if isinstance(event, Noticed):
            told.set()

    def go_on(job: Job, step: Step) -> None:
        house.wishes.leave_out(post)
        assert told.wait(PATIENCE)
        step.check()

    house.watch = watch
    house.plan(Stage.PUBLISH, post, TryLater("The answer was lost."), go_on)
    assert house.run() == Outcome("all_published", 0)
    assert house.post(post).milestone == Milestone.PUBLISHED


def test_leaving_at_once_leaves_no_post_out_that_may_be_on_its_way(house: House) -> None:
    [post] = house.add(1)

    def hold(job: Job, step: Step) -> None:
        house.wishes.leave_out(post)
        house.stop.leave()
        assert step.stop.wait(PATIENCE)
        step.check()

    house.plan(Stage.PUBLISH, post, hold)
    assert house.run() == Outcome("interrupted", 130)
    assert house.post(post).milestone == Milestone.PREPARED


def test_an_unknown_or_finished_post_cannot_be_left_out(house: House) -> None:
    [post] = house.add(1)
    house.run()
    house.add(2)
    house.wishes.leave_out(post)
    house.wishes.leave_out("20010101T000000")
    assert house.again() == Outcome("all_published", 0)
    assert house.count(Milestone.PUBLISHED) == 2


def test_another_pace_holds_at_once_and_ends_a_wait_for_the_old_one(
    house: House, tmp_path: Path
) -> None:
    [post] = house.add(1)
    ledger = Ledger(tmp_path)
    budget = Budget(ledger, "pds.test", "did:plc:maker", paces={HOUR: 1})
    house.tools = replace(house.tools, budget=budget)
    later = utc_now() + timedelta(hours=1)

    def watch(event: Event) -> None:
        if isinstance(event, Waiting):
            house.wishes.change_pace(30)

    house.watch = watch
    house.plan(Stage.PUBLISH, post, TryLater("Tokaway's own pace.", at=later, whole_stage=True))
    try:
        assert house.run() == Outcome("all_published", 0)
        limits = {(one.kind, one.seconds): one.limit for one in budget.windows()}
        assert limits[Kind.POSTS, HOUR] == 30
        budget.set_pace(0)
        assert not any(one.kind is Kind.POSTS for one in budget.windows())
    finally:
        ledger.close()

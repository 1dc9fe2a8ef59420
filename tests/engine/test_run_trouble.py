"""Trouble of a post, of a stage, and of the whole run: what goes on, what waits, what ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from importer.clock import utc_now
from importer.engine.outcome import Outcome
from importer.errors import (
    BudgetEmpty,
    DiskFull,
    Fault,
    Refused,
    SignInNeeded,
    TryLater,
    Unreachable,
)
from importer.events import (
    Event,
    RunFinished,
    Status,
    StepDone,
    StepFailed,
    StepStarted,
    Waiting,
)
from importer.model import (
    Milestone,
    Stage,
)
from importer.settings import Settings
from importer.stages.tools import Job
from importer.step import Step
from tests.engine.house import PATIENCE, QUICK, House, Shelf
from tests.posts import NOW, bring_to

# trouble with one post


def test_a_refused_post_fails_with_its_reason_and_the_others_go_on(house: House) -> None:
    posts = house.add(3)
    refusal = Refused("TikTok deleted it.", hint="Look elsewhere.", code="gone")
    house.plan(Stage.FETCH, posts[1], refusal)
    assert house.run() == Outcome("some_failed", 1)
    post = house.post(posts[1])
    assert (post.milestone, post.trouble_code) == (Milestone.FAILED, "gone")
    assert (post.trouble, post.hint) == ("TikTok deleted it.", "Look elsewhere.")
    assert house.count(Milestone.PUBLISHED) == 2
    [failed] = house.told(StepFailed)
    assert (failed.post, failed.stage, failed.milestone) == (
        posts[1],
        Stage.FETCH,
        Milestone.FAILED,
    )
    assert (failed.code, failed.text, failed.hint) == ("gone", refusal.text, refusal.hint)
    assert failed.retry_at is None


def test_a_post_that_failed_before_still_makes_the_run_one_with_failures(house: House) -> None:
    posts = house.add(2)
    house.plan(Stage.FETCH, posts[0], Refused("No."))
    house.run()
    assert house.again() == Outcome("some_failed", 1)
    assert house.story() == ["run_started", "run_finished"]


def test_a_post_left_out_by_a_decision_is_skipped_and_no_failure(house: House) -> None:
    posts = house.add(2)
    house.plan(Stage.PREPARE, posts[0], Refused("Too long.", code="does_not_fit", skip=True))
    assert house.run() == Outcome("all_published", 0)
    assert house.post(posts[0]).milestone == Milestone.SKIPPED
    [failed] = house.told(StepFailed)
    assert (failed.milestone, failed.code) == (Milestone.SKIPPED, "does_not_fit")


@pytest.mark.parametrize("stage", Stage)
def test_a_post_is_tried_as_often_as_set_and_then_fails(house: House, stage: Stage) -> None:
    posts = house.add(2)
    house.plan(stage, posts[0], *[TryLater("Not now.", code="busy")] * 9)
    assert house.run(replace(QUICK, tries=3, retry_seconds=0.001)) == Outcome("some_failed", 1)
    assert house.stages.called(stage).count(posts[0]) == 3
    assert house.post(posts[0]).milestone == Milestone.FAILED
    assert house.post(posts[1]).milestone == Milestone.PUBLISHED
    failed = house.told(StepFailed)
    before = {
        Stage.FETCH: Milestone.FOUND,
        Stage.PREPARE: Milestone.FETCHED,
        Stage.PUBLISH: Milestone.PREPARED,
    }
    assert [event.milestone for event in failed] == [before[stage]] * 2 + [Milestone.FAILED]
    assert [event.retry_at is None for event in failed] == [False, False, True]


def test_each_wait_for_a_post_is_longer_and_none_is_cut_short(house: House) -> None:
    [post] = house.add(1)
    house.plan(Stage.FETCH, post, *[TryLater("Not now.")] * 3)
    assert house.leap(Settings(retry_seconds=0.005)) == Outcome("all_published", 0)
    started = [event.at for event in house.told(StepStarted) if event.stage == Stage.FETCH]
    waits = [after - before for before, after in pairwise(started)]
    assert waits == [timedelta(milliseconds=wait) for wait in (5, 20, 80)]
    assert [event.retry_at for event in house.told(StepFailed)] == started[1:]


def test_a_post_that_got_through_starts_its_next_stage_with_all_its_tries(house: House) -> None:
    [post] = house.add(1)
    for stage in Stage:
        house.plan(stage, post, TryLater("Not now."), TryLater("Not now."))
    settings = replace(QUICK, tries=3, retry_seconds=0.001)
    assert house.run(settings) == Outcome("all_published", 0)
    assert house.post(post).trouble is None


def test_a_waiting_post_holds_up_nobody(house: House) -> None:
    posts = house.add(3)
    tomorrow = utc_now() + timedelta(days=1)
    house.plan(Stage.FETCH, posts[0], TryLater("Come back tomorrow.", at=tomorrow))
    outcome = house.run(replace(QUICK, wait=False, fetch_jobs=1))
    assert house.count(Milestone.PUBLISHED) == 2
    assert isinstance(outcome.error, BudgetEmpty)


def test_a_retry_time_that_is_over_by_our_clock_is_no_invitation_to_hammer(house: House) -> None:
    [post] = house.add(1)
    yesterday = utc_now() - timedelta(days=1)
    house.plan(Stage.FETCH, post, TryLater("Not now.", at=yesterday))
    house.run()
    [failed] = house.told(StepFailed)
    assert failed.retry_at > failed.at


# trouble of a whole stage


def test_trouble_of_the_whole_stage_is_counted_against_no_post(house: House) -> None:
    posts = house.add(4)
    for post in posts:
        house.plan(Stage.PUBLISH, post, *[TryLater("Slow down.", whole_stage=True)] * 2)
    settings = replace(QUICK, tries=1, retry_seconds=0.001)
    assert house.run(settings) == Outcome("all_published", 0)
    failed = house.told(StepFailed)
    assert {event.milestone for event in failed} == {Milestone.PREPARED}
    assert all(event.retry_at for event in failed)


def test_a_paused_stage_starts_nothing_and_the_others_go_on(house: House) -> None:
    posts = house.add(5)
    paused = threading.Event()

    def watch(event: Event) -> None:
        if isinstance(event, StepFailed):
            paused.set()

    def fetch_late(job: Job, step: Step) -> None:
        assert paused.wait(PATIENCE)

    house.watch = watch
    house.plan(Stage.PUBLISH, posts[0], TryLater("Slow down.", whole_stage=True))
    house.plan(Stage.FETCH, posts[4], fetch_late)
    assert house.leap(replace(QUICK, publish_jobs=1, fetch_jobs=1)).word == "all_published"
    [failed] = house.told(StepFailed)
    began = house.told(StepStarted)
    [prepared] = [at for at in began if (at.stage, at.post) == (Stage.PREPARE, posts[4])]
    assert prepared.at < failed.retry_at
    published = [event.at for event in began if event.stage == Stage.PUBLISH]
    assert published == [failed.at, *[failed.retry_at] * 5]
    [waiting] = house.told(Waiting)
    assert (waiting.reason, waiting.until) == ("Slow down.", failed.retry_at)


def test_a_run_that_may_not_wait_says_when_to_come_back(house: House) -> None:
    posts = house.add(3)
    tomorrow = utc_now() + timedelta(days=1)
    for post in posts:
        house.plan(
            Stage.PUBLISH, post, TryLater("The quota is used up.", at=tomorrow, whole_stage=True)
        )
    outcome = house.run(replace(QUICK, wait=False))
    assert (outcome.word, outcome.exit_code) == ("budget_empty", 75)
    assert isinstance(outcome.error, BudgetEmpty)
    assert outcome.error.until == tomorrow
    assert "The quota is used up." in outcome.error.text
    assert f"{tomorrow:%Y-%m-%d}" in outcome.error.hint
    assert house.count(Milestone.PREPARED) == 3
    house.stages.plan.clear()
    assert house.again() == Outcome("all_published", 0)


def test_the_earliest_of_several_times_is_told(house: House) -> None:
    posts = house.add(2)
    soon, late = utc_now() + timedelta(hours=1), utc_now() + timedelta(days=1)
    house.plan(Stage.FETCH, posts[0], TryLater("Later.", at=soon))
    house.plan(Stage.PUBLISH, posts[1], TryLater("Tomorrow.", at=late, whole_stage=True))
    outcome = house.run(replace(QUICK, wait=False))
    assert isinstance(outcome.error, BudgetEmpty)
    assert abs(outcome.error.until - soon) < timedelta(milliseconds=1)


def test_an_unreachable_server_is_waited_for_until_patience_is_lost(house: House) -> None:
    posts = house.add(3)
    gone = TryLater("pds.test does not answer.", whole_stage=True, unreachable=True)
    for post in posts:
        house.plan(Stage.PUBLISH, post, *[gone] * 99)
    outcome = house.leap(Settings(retry_seconds=0.01, patience_seconds=0.1))
    assert (outcome.word, outcome.exit_code) == ("unreachable", 6)
    assert isinstance(outcome.error, Unreachable)
    assert "pds.test does not answer." in outcome.error.text
    assert len(house.stages.called(Stage.PUBLISH)) > 2
    assert house.count(Milestone.PREPARED) == 3
    house.stages.plan.clear()
    assert house.again() == Outcome("all_published", 0)


def test_an_unreachable_server_that_comes_back_is_no_end(house: House) -> None:
    posts = house.add(2)
    gone = TryLater("pds.test does not answer.", whole_stage=True, unreachable=True)
    house.plan(Stage.PUBLISH, posts[0], gone, gone, gone)
    assert house.run() == Outcome("all_published", 0)


def test_one_dead_host_beside_others_that_answer_is_its_own_posts_trouble(house: House) -> None:
    dead, alive = house.add(2)
    fetched = threading.Event()

    def watch(event: Event) -> None:
        if isinstance(event, StepDone) and event.post == alive:
            fetched.set()

    def fail(job: Job, step: Step) -> None:
        assert fetched.wait(PATIENCE)
        raise TryLater("cdn.test does not answer.", whole_stage=True, unreachable=True)

    house.watch = watch
    house.plan(Stage.FETCH, dead, fail)
    assert house.run(replace(QUICK, tries=1)) == Outcome("some_failed", 1)
    assert house.post(dead).milestone == Milestone.FAILED
    assert house.post(alive).milestone == Milestone.PUBLISHED


def test_what_all_posts_need_is_nobodys_own_trouble_though_others_got_through(house: House) -> None:
    early, late = house.add(2)
    fetched = threading.Event()

    def watch(event: Event) -> None:
        if isinstance(event, StepDone) and event.post == early:
            fetched.set()

    def fail(job: Job, step: Step) -> None:
        assert fetched.wait(PATIENCE)
        raise TryLater("The store is away.", whole_stage=True, unreachable=True, shared=True)

    house.watch = watch
    house.plan(Stage.FETCH, late, fail)
    assert house.run(replace(QUICK, tries=1)) == Outcome("all_published", 0)


def test_a_run_that_may_not_wait_leaves_an_unreachable_server_at_once(house: House) -> None:
    posts = house.add(1)
    gone = TryLater("pds.test does not answer.", whole_stage=True, unreachable=True)
    house.plan(Stage.PUBLISH, posts[0], gone)
    assert house.leap(replace(QUICK, wait=False)).exit_code == 6


@pytest.mark.parametrize("whole_stage", [True, False])
def test_what_becomes_ready_while_the_coordinator_looks_does_not_end_the_run(
    house: House, whole_stage: bool
) -> None:
    posts = house.add(12)
    clock = NOW

    def now() -> datetime:
        nonlocal clock
        clock += timedelta(milliseconds=1)
        return clock

    def trouble_until(milliseconds: int) -> Callable[[Job, Step], None]:
        def wait_a_moment(job: Job, step: Step) -> None:
            at = clock + timedelta(milliseconds=milliseconds)
            raise TryLater("Not now.", at=at, whole_stage=whole_stage)

        return wait_a_moment

    for number, post in enumerate(posts):
        for stage in Stage:
            # Each trouble ends at another point of the coordinator's round.
            house.plan(stage, post, trouble_until(10 + number))
    settings = Settings(retry_seconds=0.01, fetch_jobs=1, publish_jobs=1, buffer=1)
    assert house.run(settings, now) == Outcome("all_published", 0)


# trouble of the whole run


def test_three_unknown_exceptions_in_a_row_end_the_run(house: House) -> None:
    posts = house.add(6)
    for post in posts:
        house.plan(Stage.FETCH, post, KeyError("unknown"))
    outcome = house.run(replace(QUICK, fetch_jobs=1))
    assert (outcome.word, outcome.exit_code) == ("fault", 70)
    assert isinstance(outcome.error, Fault)
    assert house.count(Milestone.FAILED) == 3
    assert house.count(Milestone.FOUND) == 3
    failed = house.post(posts[0])
    assert failed.trouble_code == "fault"
    assert "KeyError" in (failed.trouble or "")


def test_unknown_exceptions_apart_from_each_other_fail_only_their_posts(house: House) -> None:
    posts = house.add(6)
    for post in (posts[0], posts[1], posts[3], posts[4]):
        house.plan(Stage.PUBLISH, post, ZeroDivisionError())
    for post in posts:
        bring_to(house.archive, post, Milestone.PREPARED)
    assert house.run(replace(QUICK, publish_jobs=1)) == Outcome("some_failed", 1)
    assert house.count(Milestone.FAILED) == 4
    assert house.count(Milestone.PUBLISHED) == 2


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (SignInNeeded("The password is wrong.", hint="Make a new one."), 3),
        (DiskFull("The disk is full.", hint="Free some space."), 4),
        (Unreachable("No network."), 6),
    ],
)
def test_an_error_of_the_run_lets_finish_what_is_in_hand_and_starts_nothing(
    house: House, error: Exception, exit_code: int
) -> None:
    posts = house.add(6)
    bring_to(house.archive, posts[0], Milestone.PREPARED)
    noted = threading.Event()

    def watch(event: Event) -> None:
        # The error is noted once its step is no longer in hand.
        if isinstance(event, Status) and all(held.post != posts[0] for held in event.in_hand):
            noted.set()

    def hold(job: Job, step: Step) -> None:
        assert noted.wait(PATIENCE)

    house.watch = watch
    house.plan(Stage.PUBLISH, posts[0], error)
    for post in posts[1:]:
        house.plan(Stage.FETCH, post, hold)
    outcome = house.run()
    assert outcome.error is error
    assert outcome.exit_code == exit_code
    assert {post for _, post, _ in house.stages.calls} == set(posts[:3])
    assert house.count(Milestone.PREPARED) == 1
    assert house.count(Milestone.FETCHED) == 2
    assert house.count(Milestone.FOUND) == 3
    finished = house.told(RunFinished)[0]
    assert (finished.text, finished.hint) == (str(error), outcome.error.hint)
    assert house.again() == Outcome("all_published", 0)


def test_the_first_of_several_errors_of_the_run_is_told(house: House) -> None:
    posts = house.add(2)
    first, second = DiskFull("First."), SignInNeeded("Second.")
    raised = threading.Event()

    def later(job: Job, step: Step) -> None:
        assert raised.wait(PATIENCE)
        raise second

    house.watch = lambda event: raised.set() if isinstance(event, Status) else None
    house.plan(Stage.FETCH, posts[0], first)
    house.plan(Stage.FETCH, posts[1], later)
    outcome = house.run()
    assert outcome.error in (first, second)
    assert sorted(outcome for _, outcome, _ in house.attempts()) == ["run_error", "run_error"]
    assert house.count(Milestone.FOUND) == 2


def test_a_full_disk_under_the_archive_itself_loses_nothing(house: House) -> None:
    posts = house.add(40)
    database = house.archive._db

    def fill_the_disk(event: Event) -> None:
        if len(house.stages.written) >= 3:
            [[pages]] = database.execute("PRAGMA page_count").fetchall()
            database.execute(f"PRAGMA max_page_count = {pages}")

    house.watch = fill_the_disk
    outcome = house.run()
    assert (outcome.word, outcome.exit_code) == ("disk_full", 4)
    assert sum(house.archive.counts().values()) == 40
    published = house.count(Milestone.PUBLISHED)
    assert 3 <= published < 40
    # What was written to the server and not noted is found by its key.
    known = {record.post for record in house.archive.records()}
    unknown = [house.post(post) for post in house.stages.written if post not in known]
    house.tools = replace(house.tools, repo=Shelf(*(post.id for post in unknown)))
    database.execute("PRAGMA max_page_count = 100000")
    assert house.again() == Outcome("all_published", 0)
    assert sorted(house.stages.written) == posts

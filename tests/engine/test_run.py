"""The coordinator over a real archive, real files and real threads; only the stages are small."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

import importer.engine.run
from importer import __version__
from importer.clock import utc_now
from importer.engine.outcome import Outcome
from importer.engine.stop import Stop
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
    Recognised,
    RunFinished,
    Status,
    StepDone,
    StepFailed,
    StepStarted,
    Stopping,
    Waiting,
    to_json,
)
from importer.model import (
    Action,
    Milestone,
    Privacy,
    Role,
    Stage,
    Trouble,
)
from importer.records.destinations import named
from importer.settings import Settings
from importer.stages.tools import FileGone, Job, Prepared, Result, Tools
from importer.step import Step
from tests.engine.house import PATIENCE, QUICK, Act, House, Shelf
from tests.posts import ACCOUNT, NOW, bring_to, exported

UNFINISHED = (Milestone.FOUND, Milestone.FETCHED, Milestone.PREPARED)


def names_on_disk(house: House) -> set[str]:
    return {path.name for path in (house.archive.folder / "media").rglob("*") if path.is_file()}


# the way it should be


def test_every_post_is_published_and_only_originals_stay(house: House) -> None:
    posts = house.add(7)
    assert house.run() == Outcome("all_published", 0)
    assert house.count(Milestone.PUBLISHED) == 7
    assert sorted(house.stages.written) == posts
    assert {record.post for record in house.archive.records()} == set(posts)
    assert names_on_disk(house) == {"original.mp4"}


def test_where_posts_show_by_their_arrival_they_go_oldest_first(house: House) -> None:
    """However the steps before it take turns."""
    posts = house.add(9)
    house.tools = replace(house.tools, destinations=named(["spark"]))
    late = threading.Event()

    def wait(job: Job, step: Step) -> None:
        assert late.wait(PATIENCE)

    house.plan(Stage.FETCH, posts[0], wait)
    house.plan(Stage.FETCH, posts[8], lambda job, step: late.set())
    house.plan(Stage.PUBLISH, posts[4], TryLater("Not now.", code="later", whole_stage=True))
    settings = replace(QUICK, fetch_jobs=4, prepare_jobs=4, publish_jobs=4)
    assert house.run(settings) == Outcome("all_published", 0)
    assert house.stages.written == posts
    assert (house.stages.most[Stage.PREPARE], house.stages.most[Stage.PUBLISH]) == (1, 1)


def test_one_that_waits_for_its_next_try_holds_no_other_up(house: House) -> None:
    posts = house.add(3)
    house.tools = replace(house.tools, destinations=named(["spark"]))
    house.plan(Stage.FETCH, posts[0], TryLater("Not now.", code="later"))
    assert house.run(replace(QUICK, retry_seconds=0.5)) == Outcome("all_published", 0)
    assert house.stages.written == [posts[1], posts[2], posts[0]]


def test_the_story_of_one_post(house: House) -> None:
    [post] = house.add(1)
    house.run()
    assert house.story() == [
        "run_started",
        "forecast",
        f"step_started fetch {post}",
        f"step_done fetch {post}",
        f"step_started prepare {post}",
        f"step_done prepare {post}",
        f"step_started publish {post}",
        f"step_done publish {post}",
        "run_finished",
    ]


def test_the_story_of_one_post_as_json(house: House) -> None:
    house.add(1)
    house.run(now=lambda: NOW)
    at = {"at": "2026-11-23T12:00:00.000Z", "run": 1}
    post = {"post": "20240131T235959"}
    counts = dict.fromkeys(["found", "fetched", "prepared", "published", "verified"], 0)
    counts |= {"skipped": 0, "failed": 0}
    lines = [to_json(event) for event in house.events if not isinstance(event, Status)]
    assert lines == [
        {
            "event": "run_started",
            **at,
            "version": __version__,
            "archive": str(house.archive.folder),
            "handle": "maker.test",
            "did": "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
            "pds": "https://pds.test",
            "counts": counts | {"found": 1},
            "destinations": ["bluesky"],
        },
        {"event": "forecast", **at, "finish_at": "2026-11-23T12:00:03.000Z", "limit": ""},
        {"event": "step_started", **at, **post, "stage": "fetch"},
        {
            "event": "step_done",
            **at,
            **post,
            "stage": "fetch",
            "seconds": 0.0,
            "text": "4 bytes, 1080x1920, h264/aac",
            "uri": None,
        },
        {"event": "step_started", **at, **post, "stage": "prepare"},
        {
            "event": "step_done",
            **at,
            **post,
            "stage": "prepare",
            "seconds": 0.0,
            "text": "remux: For a test.",
            "uri": None,
        },
        {"event": "step_started", **at, **post, "stage": "publish"},
        {
            "event": "step_done",
            **at,
            **post,
            "stage": "publish",
            "seconds": 0.0,
            "text": "published",
            "uri": "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3kkcuqmgzi2b6",
        },
        {
            "event": "run_finished",
            **at,
            "outcome": "all_published",
            "counts": counts | {"published": 1},
            "exit": 0,
            "text": "",
            "hint": "",
        },
    ]


def test_a_run_with_nothing_to_do_ends_at_once(house: House) -> None:
    assert house.run() == Outcome("all_published", 0)
    assert house.story() == ["run_started", "run_finished"]


def test_what_was_not_chosen_is_not_touched(house: House) -> None:
    house.archive.absorb([exported(0, privacy=Privacy.ONLY_YOU), exported(1)])
    assert house.run().word == "all_published"
    assert house.count(Milestone.SKIPPED) == 1
    assert len(house.stages.written) == 1


def test_a_run_goes_on_where_the_posts_stand(house: House) -> None:
    posts = house.add(4)
    for post, milestone in zip(posts, [*UNFINISHED, Milestone.PUBLISHED], strict=True):
        bring_to(house.archive, post, milestone)
    house.run()
    assert house.stages.called(Stage.FETCH) == posts[:1]
    assert house.stages.called(Stage.PREPARE) == posts[1:2] + posts[:1]
    assert sorted(house.stages.called(Stage.PUBLISH)) == posts[:3]
    assert house.count(Milestone.PUBLISHED) == 4


def test_steps_of_a_stage_run_side_by_side_up_to_their_number(house: House) -> None:
    posts = house.add(6)
    together = threading.Barrier(3)

    def meet(job: Job, step: Step) -> None:
        together.wait(PATIENCE)

    for post in posts[:3]:
        house.plan(Stage.FETCH, post, meet)
    settings = replace(QUICK, fetch_jobs=3, prepare_jobs=2, publish_jobs=1)
    assert house.run(settings).word == "all_published"
    assert house.stages.most[Stage.FETCH] == 3
    assert house.stages.most[Stage.PREPARE] <= 2
    assert house.stages.most[Stage.PUBLISH] == 1


def test_prepared_files_never_outgrow_the_buffer(house: House) -> None:
    posts = house.add(8)
    for post in posts[:2]:
        house.plan(Stage.PUBLISH, post, *[TryLater("Not now.", whole_stage=True)] * 2)
    seen: list[int] = []
    house.watch = lambda event: seen.append(house.count(Milestone.PREPARED))
    settings = replace(QUICK, buffer=2, prepare_jobs=2)
    assert house.run(settings).word == "all_published"
    assert max(seen) == 2


def test_an_original_that_is_fit_as_it_is_stays_after_publishing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    [post] = house.add(1)

    def keep(job: Job, tools: Tools, step: Step) -> Result:
        original = job.files[Role.ORIGINAL][0]
        return Prepared((replace(original, role=Role.PREPARED, fit=Action.KEEP),), "as it is")

    monkeypatch.setitem(importer.engine.run.WORK, Stage.PREPARE, keep)
    assert house.run().word == "all_published"
    assert house.archive.path(f"media/{post}/original.mp4").read_bytes() == b"film"


def test_a_copy_that_cannot_be_removed_does_not_undo_the_publishing(house: House) -> None:
    [post] = house.add(1)

    def block(job: Job, step: Step) -> None:
        copy = job.archive / job.files[Role.PREPARED][0].path
        copy.unlink()
        copy.mkdir()

    house.plan(Stage.PUBLISH, post, block)
    assert house.run() == Outcome("all_published", 0)
    assert house.post(post).milestone == Milestone.PUBLISHED


# recognising


def test_posts_that_stand_on_the_server_are_not_sent_again(house: House) -> None:
    first, second, third = house.add(3)
    house.archive.note_failed(house.post(second), Trouble("gone", "It is gone."))
    house.tools = replace(house.tools, repo=Shelf(first, second))
    assert house.run() == Outcome("all_published", 0)
    assert [event.posts for event in house.told(Recognised)] == [2]
    assert house.story()[:2] == ["run_started", "recognised"]
    assert house.stages.written == [third]
    runs = {record.post: record.run for record in house.archive.records()}
    assert runs == {first: None, second: None, third: 1}


def test_a_recognised_post_gives_its_copy_back_to_the_disk(house: House) -> None:
    [post] = house.add(1)
    bring_to(house.archive, post, Milestone.PREPARED)
    house.tools = replace(house.tools, repo=Shelf(post))
    assert house.run() == Outcome("all_published", 0)
    assert house.stages.calls == []
    assert names_on_disk(house) == {"original.mp4"}


def test_a_server_that_does_not_answer_at_the_start_ends_the_run(house: House) -> None:
    house.add(2)
    trouble = Unreachable("pds.test does not answer.")
    house.tools = replace(house.tools, repo=Shelf(trouble=trouble))
    outcome = house.run()
    assert (outcome.word, outcome.exit_code) == ("unreachable", 6)
    assert house.story() == ["run_started", "run_finished"]
    assert house.stages.calls == []
    assert house.count(Milestone.FOUND) == 2


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


# stopping


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


# files that vanish


@pytest.mark.parametrize(
    ("stage", "role", "fetched", "prepared"),
    [
        (Stage.PREPARE, Role.ORIGINAL, 2, 2),
        (Stage.PUBLISH, Role.PREPARED, 1, 2),
        (Stage.PUBLISH, Role.ORIGINAL, 2, 2),
    ],
)
def test_a_post_whose_file_is_gone_goes_back_to_where_it_can_go_on(
    house: House, stage: Stage, role: Role, fetched: int, prepared: int
) -> None:
    [post] = house.add(1)

    def vanish(job: Job, step: Step) -> None:
        (job.archive / job.files[role][0].path).unlink()
        raise FileGone

    house.plan(stage, post, vanish)
    assert house.run() == Outcome("all_published", 0)
    assert len(house.stages.called(Stage.FETCH)) == fetched
    assert len(house.stages.called(Stage.PREPARE)) == prepared
    assert ("file_gone", None) in [attempt[1:] for attempt in house.attempts()]


# --limit


@pytest.mark.parametrize("milestone", [Milestone.FOUND, Milestone.PREPARED])
def test_a_limit_is_never_exceeded(house: House, milestone: Milestone) -> None:
    posts = house.add(7)
    for post in posts:
        bring_to(house.archive, post, milestone)
    settings = replace(QUICK, limit=3, publish_jobs=4)
    assert house.run(settings) == Outcome("limit_reached", 0)
    assert house.count(Milestone.PUBLISHED) == 3
    assert house.again(settings) == Outcome("limit_reached", 0)
    assert house.count(Milestone.PUBLISHED) == 6
    assert house.again(settings) == Outcome("all_published", 0)


def test_only_what_was_published_counts_against_the_limit(house: House) -> None:
    posts = house.add(4)
    house.plan(Stage.PUBLISH, posts[0], Refused("No."))
    house.plan(Stage.PUBLISH, posts[1], TryLater("Not now."))
    house.run(replace(QUICK, limit=2))
    assert house.count(Milestone.PUBLISHED) == 2


def test_a_run_at_its_limit_does_not_wait_for_the_server(house: House) -> None:
    posts = house.add(2)
    for post in posts:
        bring_to(house.archive, post, Milestone.PREPARED)
    tomorrow = utc_now() + timedelta(days=1)
    house.plan(Stage.PUBLISH, posts[0], TryLater("Tomorrow.", at=tomorrow))
    assert house.run(replace(QUICK, limit=1, publish_jobs=1)) == Outcome("limit_reached", 0)


# --dry-run


def test_a_dry_run_prepares_what_the_buffer_holds_and_publishes_nothing(house: House) -> None:
    house.add(9)
    settings = replace(QUICK, dry_run=True, buffer=3, fetch_jobs=4)
    assert house.run(settings) == Outcome("dry_run", 0)
    assert house.count(Milestone.PREPARED) == len(house.stages.called(Stage.FETCH)) == 3
    assert house.stages.called(Stage.PUBLISH) == [] and house.archive.records() == []
    assert house.again(settings) == Outcome("dry_run", 0)
    assert house.count(Milestone.PREPARED) == 3
    assert house.again() == Outcome("all_published", 0)
    assert house.count(Milestone.PUBLISHED) == 9


def test_a_dry_run_tries_others_instead_of_waiting(house: House) -> None:
    posts = house.add(4)
    tomorrow = utc_now() + timedelta(days=1)
    house.plan(Stage.FETCH, posts[0], TryLater("Tomorrow.", at=tomorrow))
    house.plan(Stage.FETCH, posts[1], Refused("No."))
    assert house.run(replace(QUICK, dry_run=True, buffer=2)) == Outcome("dry_run", 1)
    assert house.count(Milestone.PREPARED) == 2


# history and status


def test_every_step_is_kept_in_the_history(house: House) -> None:
    [post] = house.add(1)
    house.plan(Stage.FETCH, post, TryLater("Not now.", code="busy"))
    house.plan(Stage.PUBLISH, post, Refused("No.", code="too_large"))
    house.run()
    assert house.attempts() == [
        ("fetch", "try_later", "busy"),
        ("fetch", "done", None),
        ("prepare", "done", None),
        ("publish", "refused", "too_large"),
    ]
    with closing(sqlite3.connect(house.archive.folder / "archive.db")) as connection:
        assert connection.execute("SELECT outcome FROM runs").fetchall() == [("some_failed",)]


def test_status_shows_what_is_in_hand_and_how_far_it_is(house: House) -> None:
    [post] = house.add(1)
    seen, moved = threading.Event(), threading.Event()

    def watch(event: Event) -> None:
        if isinstance(event, Status) and event.in_hand:
            (moved if event.in_hand[0].rate else seen).set()

    def hold(job: Job, step: Step) -> None:
        step.done, step.total, step.unit = 3, 4, "seconds"
        assert seen.wait(PATIENCE)
        step.done = 4
        assert moved.wait(PATIENCE)

    house.watch = watch
    house.plan(Stage.FETCH, post, hold)
    house.run()
    first = next(event for event in house.told(Status) if event.in_hand)
    [held] = first.in_hand
    assert (held.post, held.stage, held.done, held.total) == (post, Stage.FETCH, 3, 4)
    assert (held.unit, held.rate) == ("seconds", None)
    faster = next(event.in_hand[0] for event in house.told(Status) if event.in_hand[0].rate)
    assert faster.done == 4
    assert 0 < (faster.rate or 0) <= 1
    assert first.counts[Milestone.FOUND] == 1


# whatever happens

TROUBLES: list[Callable[[], Act]] = [
    lambda: TryLater("Not now."),
    lambda: TryLater("Slow down.", whole_stage=True),
    lambda: TryLater("No answer.", whole_stage=True, unreachable=True),
    lambda: Refused("No."),
    lambda: Refused("Too long.", skip=True),
    lambda: KeyError("unknown"),
    lambda: SignInNeeded("Who are you?"),
    lambda: FileGone(),
]


@pytest.mark.parametrize("seed", range(12))
def test_no_post_is_ever_lost_or_published_twice(house: House, seed: int) -> None:
    chance = random.Random(seed)
    posts = house.add(10)
    for post in posts:
        for stage in Stage:
            if chance.random() < 0.4:
                troubles = chance.choices(TROUBLES, weights=[9, 9, 9, 2, 2, 1, 1, 4], k=2)
                house.plan(stage, post, *(trouble() for trouble in troubles))
    settings = Settings(
        retry_seconds=0.001,
        tries=chance.randint(1, 4),
        buffer=chance.randint(1, 4),
        fetch_jobs=chance.randint(1, 3),
        publish_jobs=chance.randint(1, 3),
        limit=chance.choice([None, 3]),
    )
    for _ in range(30):
        stop_after = chance.randint(1, 60)
        house.stop = Stop()

        def watch(event: Event, last: int = stop_after) -> None:
            if len(house.events) == last:
                house.stop.ask()
            if len(house.events) == last + 1 and last % 2:
                house.stop.ask()

        house.watch = watch
        outcome = house.run(settings)
        assert outcome.clean
        assert outcome.word in {
            "all_published",
            "some_failed",
            "limit_reached",
            "interrupted",
            "sign_in",
            "fault",
        }
        for failed in house.archive.posts(Milestone.FAILED):
            house.archive.put_back(failed)
    counts = house.archive.counts()
    assert sum(counts.values()) == 10
    assert counts[Milestone.PUBLISHED] + counts[Milestone.SKIPPED] == 10
    assert {record.post for record in house.archive.records()} == set(house.stages.written)


def test_records_name_the_post_they_stand_for(house: House) -> None:
    [post] = house.add(1)
    house.run()
    records = house.archive.records()
    assert [(record.post, record.did) for record in records] == [(post, ACCOUNT.did)]

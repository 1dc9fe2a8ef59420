"""The coordinator over a real archive, real files and real threads; only the stages are small."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import pytest

import importer.engine.run
from importer import __version__
from importer.engine.outcome import Outcome
from importer.errors import (
    Refused,
    TryLater,
    Unreachable,
)
from importer.events import (
    Event,
    Recognised,
    Status,
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
from importer.stages.tools import FileGone, Job, Prepared, Result, Tools
from importer.step import Step
from tests.engine.house import PATIENCE, QUICK, House, Shelf
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
    assert house.leap() == Outcome("all_published", 0)
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


def test_records_name_the_post_they_stand_for(house: House) -> None:
    [post] = house.add(1)
    house.run()
    records = house.archive.records()
    assert [(record.post, record.did) for record in records] == [(post, ACCOUNT.did)]


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

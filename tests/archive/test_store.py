"""The archive as it lies on the disk: its queue, its numbers, its runs and its database."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.errors import UserError
from importer.model import (
    Account,
    Milestone,
    Privacy,
    Stage,
    Trouble,
)
from importer.records.destinations import USUAL
from tests.archive.noting import LATE, NOTES, SOON, TROUBLE, only, sql
from tests.posts import (
    ACCOUNT,
    NOW,
    bring_to,
    current,
    exported,
    link,
    record_of,
)

# the queue


def ready_ids(archive: Archive, milestone: Milestone, at: datetime = NOW) -> list[str]:
    return [post.id[-6:] for post in archive.ready(milestone, at, 99)]


def test_links_that_die_soonest_are_fetched_first(archive: Archive) -> None:
    archive.absorb(
        [
            exported(0, links=(link("a"),)),
            exported(1, links=(link("b", LATE),)),
            exported(2, links=(link("c", SOON),)),
            exported(3, links=(link("d", LATE), link("e", SOON - timedelta(hours=1)))),
            exported(4, links=(link("f", SOON),)),
        ]
    )
    assert ready_ids(archive, Milestone.FOUND) == ["000002", "000001", "000003", "000000", "235959"]
    assert [post.id for post in archive.ready(Milestone.FOUND, NOW, 2)] == [
        "20240201T000002",
        "20240201T000001",
    ]


@pytest.mark.parametrize("milestone", [Milestone.FETCHED, Milestone.PREPARED])
def test_fetched_posts_are_taken_oldest_first(archive: Archive, milestone: Milestone) -> None:
    archive.absorb(
        [
            exported(2, links=(link("c", SOON),)),
            exported(0, 1, links=(link("b", SOON),)),
            exported(0, 0, links=(link("a", LATE),)),
        ]
    )
    for post in archive.posts():
        bring_to(archive, post.id, milestone)
    assert ready_ids(archive, milestone) == ["235959", "5959-1", "000001"]


def test_only_posts_that_are_meant_wait_in_the_queue(archive: Archive) -> None:
    archive.absorb([exported(), exported(1), exported(2)])
    first, second, third = archive.posts()
    archive.note_try_later(third, TROUBLE, LATE, count=True)
    bring_to(archive, first.id, Milestone.PREPARED)
    assert archive.number_prepared() == 1
    archive.mean_only([second.id])
    assert [post.id for post in archive.waiting(USUAL)] == [second.id]
    assert archive.ready(Milestone.FOUND, LATE, 9) == [second]
    assert archive.next_try_at(LATE - timedelta(days=1)) is None
    assert archive.number_prepared() == 0
    archive.mean_only([third.id])
    assert archive.next_try_at(LATE - timedelta(days=1)) == LATE
    with ArchiveView.open(archive.folder) as elsewhere:
        assert len(elsewhere.waiting(USUAL)) == 3


def test_a_post_is_ready_from_the_very_moment_of_its_next_try(archive: Archive) -> None:
    archive.absorb([exported()])
    archive.note_try_later(only(archive), TROUBLE, LATE, count=True)
    moment = timedelta(milliseconds=1)
    assert archive.ready(Milestone.FOUND, LATE - moment, 9) == []
    assert archive.next_try_at(LATE - moment) == LATE
    assert archive.ready(Milestone.FOUND, LATE, 9) == [only(archive)]
    assert archive.next_try_at(LATE) is None


def test_only_the_named_milestones_are_waited_for(archive: Archive) -> None:
    archive.absorb([exported(0), exported(1)])
    one, other = archive.posts()
    archive.note_try_later(one, TROUBLE, LATE, count=True)
    archive.note_try_later(
        bring_to(archive, other.id, Milestone.FETCHED), TROUBLE, SOON, count=True
    )
    assert archive.next_try_at(NOW) == SOON
    assert archive.next_try_at(NOW, [Milestone.FOUND]) == LATE
    assert archive.next_try_at(NOW, [Milestone.PREPARED]) is None


# counting


def test_counts_name_every_milestone_and_every_post(archive: Archive) -> None:
    assert archive.counts() == dict.fromkeys(Milestone, 0)
    archive.absorb([exported(second) for second in range(7)])
    posts = archive.posts()
    for post, milestone in zip(posts, Milestone, strict=True):
        bring_to(archive, post.id, milestone)
        if milestone in NOTES:
            move = NOTES[milestone][1]
            if current(archive, post.id).milestone != milestone:
                move(archive, current(archive, post.id))
    assert archive.counts() == dict.fromkeys(Milestone, 1)


def test_reasons_are_counted_most_frequent_first(archive: Archive) -> None:
    archive.absorb([exported(second) for second in range(4)])
    *many, one, published = archive.posts()
    for post in many:
        archive.note_failed(post, TROUBLE)
    archive.note_skipped(one, Trouble("does_not_fit", "Too long."))
    bring_to(archive, published.id, Milestone.PUBLISHED)
    archive.note_unverified(current(archive, published.id), TROUBLE)
    assert archive.trouble_counts() == [
        (Milestone.FAILED, "gone", "It is gone.", "Look elsewhere.", 2),
        (Milestone.SKIPPED, "does_not_fit", "Too long.", "", 1),
    ]


def test_posts_can_be_asked_for_by_milestone_and_choice(archive: Archive) -> None:
    archive.absorb([exported(0), exported(1, privacy=Privacy.ONLY_YOU), exported(2)])
    first, private, last = archive.posts()
    bring_to(archive, last.id, Milestone.FETCHED)
    assert archive.posts(Milestone.FOUND) == [first]
    assert archive.posts(chosen=False) == [private]
    wanted = archive.posts(Milestone.FETCHED, Milestone.SKIPPED, chosen=True)
    assert [post.id for post in wanted] == [last.id]
    assert archive.post("nobody") is None


# runs


def test_runs_and_attempts_are_kept(archive: Archive) -> None:
    archive.absorb([exported()])
    post = only(archive)
    run = archive.start_run(NOW)
    archive.note_attempt(run, post, Stage.FETCH, NOW, LATE, "refused", "gone")
    archive.finish_run(run, LATE, "some_failed")
    assert archive.start_run(LATE) == run + 1
    assert sql(archive, "SELECT started_at, ended_at, outcome FROM runs ORDER BY id") == [
        ("2026-11-23T12:00:00.000Z", "2026-11-26T12:00:00.000Z", "some_failed"),
        ("2026-11-26T12:00:00.000Z", None, None),
    ]
    assert sql(archive, "SELECT run, post, stage, outcome, trouble_code FROM attempts") == [
        (run, post.id, "fetch", "refused", "gone")
    ]


# the database


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE posts SET ordinal = 'first'",
        "UPDATE posts SET posted_at = NULL",
        "UPDATE posts SET milestone = 'lost'",
        "UPDATE posts SET milestone = NULL",
        "UPDATE posts SET kind = 'live'",
        "UPDATE posts SET privacy = 'perhaps'",
        "UPDATE posts SET chosen_by = 'chance'",
        "UPDATE posts SET tries = 1.5",
        "UPDATE files SET bytes = 'many'",
        "UPDATE files SET role = 'poster'",
        "UPDATE files SET fit = 'squeeze'",
        "UPDATE records SET cid = NULL",
        "INSERT INTO posts SELECT 'other', ordinal, posted_at, kind, privacy, caption, "
        "caption_source, alt, likes, allow_comments, allow_duets, allow_stitches, links, "
        "link_expires_at, source_path, chosen, chosen_by, milestone, tries, next_try_at, "
        "trouble_code, trouble, hint, alt_source, cover_url, long, photos, encode, disclosure, "
        "ai_generated, labels, langs, reworded FROM posts",
    ],
)
def test_the_tables_refuse_what_makes_no_sense(archive: Archive, statement: str) -> None:
    archive.absorb([exported()])
    before = bring_to(archive, only(archive).id, Milestone.PUBLISHED)
    with pytest.raises(sqlite3.IntegrityError):
        sql(archive, statement)
    assert only(archive) == before


def test_a_record_needs_a_post(archive: Archive) -> None:
    archive.absorb([exported()])
    post = only(archive)
    with pytest.raises(sqlite3.IntegrityError):
        archive.note_published(post, [replace(record_of(post), post="nobody")])
    assert only(archive).milestone == Milestone.FOUND


def test_an_archive_can_be_moved_to_another_place(tmp_path: Path) -> None:
    with Archive.create(tmp_path / "here") as archive:
        archive.absorb([exported()])
        post = bring_to(archive, only(archive).id, Milestone.PREPARED)
    (tmp_path / "here").rename(tmp_path / "there")
    with Archive.create(tmp_path / "there") as archive:
        for (file,) in archive.files(post.id).values():
            assert not Path(file.path).is_absolute()
            assert "\\" not in file.path
            assert archive.path(file.path).read_bytes() == b"film"
        archive.note_failed(only(archive), TROUBLE)
        assert archive.put_back(only(archive)) == Milestone.PREPARED


def test_what_is_noted_is_there_for_the_next_process(tmp_path: Path) -> None:
    with Archive.create(tmp_path) as archive:
        archive.absorb([exported()])
        post = bring_to(archive, only(archive).id, Milestone.PUBLISHED)
    with ArchiveView.open(tmp_path) as view:
        assert view.posts() == [post]
        assert view.records() == [record_of(post)]


def test_a_run_can_be_watched_from_beside(archive: Archive) -> None:
    archive.absorb([exported()])
    with ArchiveView.open(archive.folder) as view:
        assert view.counts()[Milestone.FOUND] == 1
        bring_to(archive, only(archive).id, Milestone.FETCHED)
        assert view.counts()[Milestone.FETCHED] == 1


def test_a_folder_without_an_archive_is_named_to_the_user(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        ArchiveView.open(tmp_path)
    assert caught.value.code == "no_archive"
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_named_to_the_user(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(UserError) as caught:
        Archive.create(tmp_path / "taken")
    assert caught.value.hint


def test_a_database_that_is_none_is_a_damaged_archive(tmp_path: Path) -> None:
    (tmp_path / "archive.db").write_bytes(b"not SQLite at all " * 400)
    for opening in (ArchiveView.open, Archive.create):
        with pytest.raises(UserError) as caught:
            opening(tmp_path)
        assert caught.value.code == "damaged_archive"
        assert "archive.db" in caught.value.hint


def test_damage_inside_the_database_is_told_in_words_too(tmp_path: Path) -> None:
    with Archive.create(tmp_path) as archive:
        archive.absorb([exported(second) for second in range(500)])
    database = tmp_path / "archive.db"
    data = database.read_bytes()
    database.write_bytes(data[: len(data) // 4])
    with pytest.raises(UserError) as caught, ArchiveView.open(tmp_path) as view:
        view.posts()
    assert caught.value.code == "damaged_archive"


def test_an_archive_belongs_to_one_account(archive: Archive) -> None:
    assert archive.account() is None
    archive.set_account(ACCOUNT)
    moved = Account(ACCOUNT.did, "new.test", "https://other.test")
    archive.set_account(moved)
    assert archive.account() == moved
    with pytest.raises(UserError) as caught:
        archive.set_account(Account("did:plc:other", "new.test", "https://other.test"))
    assert caught.value.code == "other_account"
    assert archive.account() == moved


def test_facts_are_remembered_and_replaced(archive: Archive) -> None:
    assert archive.fact("export") is None
    archive.set_fact("export", "one")
    archive.set_fact("export", "two")
    assert archive.fact("export") == "two"
    made_by = archive.fact("made_by")
    assert made_by is not None
    assert made_by.startswith("tokaway ")

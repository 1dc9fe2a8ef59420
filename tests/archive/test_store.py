"""The archive: every change is whole, allowed and durable."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from importer.archive.intake import Absorbed
from importer.archive.moves import MOVES
from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.errors import UserError
from importer.model import (
    DOES_NOT_FIT,
    Account,
    Edit,
    Kind,
    Long,
    Milestone,
    Photos,
    Post,
    Privacy,
    Role,
    Stage,
    Trouble,
)
from tests.posts import (
    ACCOUNT,
    FIRST,
    NOW,
    bring_to,
    current,
    exported,
    link,
    record_of,
    write_file,
)

TROUBLE = Trouble("gone", "It is gone.", "Look elsewhere.")
SOON, LATE, LATEST = (NOW + timedelta(days=days) for days in (1, 3, 5))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.create(tmp_path / "maker.tokaway") as made:
        yield made


def only(archive: Archive) -> Post:
    posts = archive.posts()
    assert len(posts) == 1
    return posts[0]


def sql(archive: ArchiveView, statement: str) -> list[Any]:
    """Look into the database, or meddle with it, behind the archive's back."""
    with closing(sqlite3.connect(archive.folder / "archive.db")) as connection, connection:
        return connection.execute(statement).fetchall()


# reading an export


def test_new_posts_are_found(archive: Archive) -> None:
    assert archive.absorb([exported(0, title="Hei"), exported(1)]) == Absorbed(2, 0, 0)
    first, second = archive.posts()
    assert (first.id, second.id) == ("20240131T235959", "20240201T000000")
    assert (first.caption, first.caption_source) == ("Hei", "title")
    assert (second.caption, second.caption_source) == ("", None)
    assert first.posted_at == FIRST
    assert first.links == exported(0).links
    assert {first.milestone, second.milestone} == {Milestone.FOUND}
    assert first.chosen


def test_the_same_export_again_changes_nothing(archive: Archive) -> None:
    posts = [exported(0), exported(1), exported(1, 1), exported(2, privacy=Privacy.ONLY_YOU)]
    archive.absorb(posts)
    before = archive.posts()
    assert archive.absorb(posts) == Absorbed(0, 0, 0)
    assert archive.posts() == before


@pytest.mark.parametrize(
    ("kind", "privacy", "code"),
    [
        (Kind.VIDEO, Privacy.ONLY_YOU, "private"),
        (Kind.VIDEO, Privacy.UNKNOWN, "private"),
        (Kind.PHOTO, Privacy.FRIENDS, "private"),
    ],
)
def test_what_a_rule_leaves_out_is_skipped_with_its_reason(
    archive: Archive, kind: Kind, privacy: Privacy, code: str
) -> None:
    archive.absorb([exported(kind=kind, privacy=privacy)])
    post = only(archive)
    assert (post.milestone, post.chosen, post.chosen_by) == (Milestone.SKIPPED, False, "rule")
    assert post.trouble_code == code
    assert archive.ready(Milestone.FOUND, NOW, 9) == []


def test_a_newer_export_brings_fresher_links(archive: Archive) -> None:
    archive.absorb([exported(links=(link("a", SOON),))])
    fresh = (link("a", LATE, signature="2"),)
    assert archive.absorb([exported(links=fresh)]) == Absorbed(0, 1, 0)
    assert only(archive).links == fresh
    assert archive.link_deaths() == [LATE]


@pytest.mark.parametrize(
    "links", [(link("a", SOON, signature="0"),), ()], ids=["an older link", "no link"]
)
def test_a_worse_export_does_not_take_links_away(archive: Archive, links: tuple[Any, ...]) -> None:
    archive.absorb([exported(links=(link("a", LATE),))])
    assert archive.absorb([exported(links=links)]) == Absorbed(0, 0, 0)
    assert only(archive).links == (link("a", LATE),)


@pytest.mark.parametrize("code", ["link_expired", "link_refused", "no_link", "page_unreadable"])
def test_fresher_links_put_back_a_post_that_could_not_be_fetched(
    archive: Archive, code: str
) -> None:
    archive.absorb([exported(links=(link("a", SOON),))])
    archive.note_try_later(only(archive), TROUBLE, None, count=True)
    archive.note_failed(only(archive), replace(TROUBLE, code=code))
    archive.absorb([exported(links=(link("a", LATE),))])
    post = only(archive)
    assert (post.milestone, post.tries, post.trouble) == (Milestone.FOUND, 0, None)


def test_fresher_links_do_not_put_back_a_post_that_failed_later(archive: Archive) -> None:
    archive.absorb([exported(links=(link("a", SOON),))])
    archive.note_failed(bring_to(archive, only(archive).id, Milestone.FETCHED), TROUBLE)
    assert archive.absorb([exported(links=(link("a", LATE),))]) == Absorbed(0, 1, 0)
    assert only(archive).milestone == Milestone.FAILED


@pytest.mark.parametrize(
    "milestone", [Milestone.FOUND, Milestone.FETCHED, Milestone.PREPARED, Milestone.FAILED]
)
def test_a_post_that_became_private_is_withdrawn(archive: Archive, milestone: Milestone) -> None:
    archive.absorb([exported()])
    post = bring_to(archive, only(archive).id, milestone)
    if milestone == Milestone.FAILED:
        archive.note_failed(post, TROUBLE)
    assert archive.absorb([exported(privacy=Privacy.FRIENDS)]) == Absorbed(0, 0, 1)
    post = only(archive)
    assert (post.milestone, post.chosen, post.trouble_code) == (Milestone.SKIPPED, False, "private")
    assert post.privacy == Privacy.FRIENDS


def test_a_post_left_out_already_can_become_private_too(archive: Archive) -> None:
    archive.absorb([exported()])
    archive.note_skipped(only(archive), Trouble("does_not_fit", "Too long."))
    assert archive.absorb([exported(privacy=Privacy.ONLY_YOU)]) == Absorbed(0, 0, 1)
    post = only(archive)
    assert (post.milestone, post.chosen, post.trouble_code) == (Milestone.SKIPPED, False, "private")


def test_a_withdrawn_post_with_fresher_links_stays_withdrawn(archive: Archive) -> None:
    archive.absorb([exported(links=(link("a", SOON),))])
    archive.note_failed(only(archive), TROUBLE)
    newer = exported(links=(link("a", LATE),), privacy=Privacy.ONLY_YOU)
    assert archive.absorb([newer]) == Absorbed(0, 1, 1)
    assert only(archive).milestone == Milestone.SKIPPED


def test_what_the_user_chose_stays_chosen(archive: Archive) -> None:
    archive.absorb([exported(privacy=Privacy.FRIENDS)])
    assert archive.choose_private() == 1
    assert archive.absorb([exported(privacy=Privacy.ONLY_YOU)]) == Absorbed(0, 0, 0)
    post = only(archive)
    assert (post.milestone, post.chosen, post.chosen_by) == (Milestone.FOUND, True, "user")
    assert post.privacy == Privacy.ONLY_YOU


def test_choosing_private_posts_leaves_public_posts_alone(archive: Archive) -> None:
    archive.absorb(
        [
            exported(0, privacy=Privacy.ONLY_YOU),
            exported(1, privacy=Privacy.UNKNOWN),
            exported(2, kind=Kind.PHOTO, privacy=Privacy.ONLY_YOU),
            exported(3),
        ]
    )
    assert archive.choose_private() == 3
    assert archive.choose_private() == 0
    assert all(post.chosen for post in archive.posts())
    assert archive.counts()[Milestone.FOUND] == 4


def test_a_public_post_is_never_withdrawn_by_being_read_again(archive: Archive) -> None:
    archive.absorb([exported(privacy=Privacy.FRIENDS)])
    assert archive.absorb([exported(privacy=Privacy.EVERYONE)]) == Absorbed(0, 0, 0)
    # It was private once: only the user's own word publishes it.
    assert only(archive).milestone == Milestone.SKIPPED


def test_what_an_older_export_did_not_say_a_newer_one_may(archive: Archive) -> None:
    archive.absorb([exported(links=(link("a", SOON),), privacy=Privacy.UNKNOWN)])
    archive.absorb([exported(links=(link("a", LATE),), privacy=Privacy.EVERYONE)])
    post = only(archive)
    assert (post.milestone, post.chosen, post.chosen_by) == (Milestone.FOUND, True, "rule")
    assert (post.privacy, post.trouble) == (Privacy.EVERYONE, None)


@pytest.mark.parametrize("links", [(link("a", SOON),), (link("a", None),)], ids=["older", "unsure"])
def test_an_export_not_known_to_be_newer_makes_nothing_public(
    archive: Archive, links: tuple[Any, ...]
) -> None:
    archive.absorb([exported(links=(link("a", LATE),), privacy=Privacy.UNKNOWN)])
    archive.absorb([exported(links=links, privacy=Privacy.EVERYONE)])
    assert (only(archive).milestone, only(archive).chosen) == (Milestone.SKIPPED, False)


def test_what_was_private_once_is_not_forgotten(archive: Archive) -> None:
    for at, privacy in (
        (SOON, Privacy.ONLY_YOU),
        (LATE, Privacy.EVERYONE),
        (LATEST, Privacy.UNKNOWN),
        (LATEST + timedelta(days=1), Privacy.EVERYONE),
    ):
        archive.absorb([exported(links=(link("a", at),), privacy=privacy)])
        assert only(archive).milestone == Milestone.SKIPPED
        assert not only(archive).chosen


def test_an_older_everyone_does_not_hide_a_newer_one(archive: Archive) -> None:
    for at, privacy in (
        (LATE, Privacy.UNKNOWN),
        (SOON, Privacy.EVERYONE),
        (LATEST, Privacy.EVERYONE),
    ):
        archive.absorb([exported(links=(link("a", at),), privacy=privacy)])
    assert (only(archive).milestone, only(archive).chosen) == (Milestone.FOUND, True)


def test_what_the_user_left_out_no_export_brings_back(archive: Archive) -> None:
    archive.absorb([exported(links=(link("a", SOON),), privacy=Privacy.UNKNOWN)])
    archive.edit([Edit(only(archive).id, chosen=False)])
    archive.absorb([exported(links=(link("a", LATE),), privacy=Privacy.EVERYONE)])
    assert (only(archive).milestone, only(archive).trouble_code) == (Milestone.SKIPPED, "left_out")


def test_an_older_export_without_privacy_withdraws_nothing(archive: Archive) -> None:
    archive.absorb([exported(links=(link("a", LATE),))])
    archive.absorb([exported(links=(link("a", SOON),), privacy=Privacy.UNKNOWN)])
    assert (only(archive).milestone, only(archive).privacy) == (Milestone.FOUND, Privacy.EVERYONE)


def test_a_newer_export_with_a_privacy_nobody_knows_withdraws(archive: Archive) -> None:
    archive.absorb([exported(links=(link("a", SOON),))])
    archive.absorb([exported(links=(link("a", LATE),), privacy=Privacy.UNKNOWN)])
    assert (only(archive).milestone, only(archive).trouble_code) == (Milestone.SKIPPED, "private")


def test_each_export_adds_the_words_that_the_others_lack(archive: Archive) -> None:
    archive.absorb([exported(links=(link("a", LATE),))])
    older = exported(links=(link("a", SOON),), title="Rye", alt="A loaf", cover_url="https://c/1")
    archive.absorb([older])
    post = only(archive)
    assert (post.caption, post.caption_source) == ("Rye", "title")
    assert (post.alt, post.alt_source) == ("A loaf", "export")
    assert post.cover_url is None  # It dies with its export's links.
    archive.absorb([exported(links=(link("a", LATEST),), title="Oats", cover_url="https://c/2")])
    assert (only(archive).caption, only(archive).cover_url) == ("Rye", "https://c/2")


def test_words_that_the_user_deleted_do_not_come_back(archive: Archive) -> None:
    archive.absorb([exported(title="Rye", alt="A loaf")])
    archive.edit([Edit(only(archive).id, caption="", alt="")])
    archive.absorb([exported(title="Rye", alt="A loaf")])
    assert (only(archive).caption, only(archive).alt) == ("", "")


def test_a_neighbour_of_the_same_second_may_disappear(archive: Archive) -> None:
    archive.absorb([exported(0, 0), exported(0, 1)])
    first, second = archive.posts()
    bring_to(archive, second.id, Milestone.PUBLISHED)
    assert archive.absorb([replace(exported(0, 1), ordinal=0)]) == Absorbed(0, 0, 0)
    assert [post.id for post in archive.posts()] == [first.id, second.id]
    assert current(archive, first.id).milestone == Milestone.FOUND
    assert current(archive, second.id).milestone == Milestone.PUBLISHED


@pytest.mark.parametrize("milestone", [Milestone.PUBLISHED, Milestone.VERIFIED])
def test_a_published_post_is_never_moved_by_an_export(
    archive: Archive, milestone: Milestone
) -> None:
    archive.absorb([exported(links=(link("a", SOON),))])
    bring_to(archive, only(archive).id, milestone)
    archive.absorb([exported(links=(link("a", LATE),), privacy=Privacy.ONLY_YOU)])
    post = only(archive)
    assert (post.milestone, post.chosen, post.privacy) == (milestone, True, Privacy.EVERYONE)


def test_an_export_is_taken_whole_or_not_at_all(archive: Archive) -> None:
    with pytest.raises(OverflowError):
        archive.absorb([exported(0), replace(exported(1), likes=2**70)])
    assert archive.posts() == []


# source folders


def test_a_local_file_puts_back_a_post_without_a_link(archive: Archive) -> None:
    archive.absorb([exported(links=())])
    post = only(archive)
    archive.note_failed(post, replace(TROUBLE, code="no_link"))
    assert archive.set_source_paths({post.id: Path("/films/a.mp4")}) == 1
    post = only(archive)
    assert (post.milestone, post.source_path) == (Milestone.FOUND, str(Path("/films/a.mp4")))
    assert archive.set_source_paths({post.id: Path("/films/a.mp4")}) == 0


def test_local_files_of_published_and_unknown_posts_are_left_alone(archive: Archive) -> None:
    archive.absorb([exported()])
    post = bring_to(archive, only(archive).id, Milestone.PUBLISHED)
    paths = {post.id: Path("/films/a.mp4"), "20200101T000000": Path("/films/b.mp4")}
    assert archive.set_source_paths(paths) == 0
    assert only(archive).source_path is None


def test_a_post_with_a_local_file_has_no_dying_link(archive: Archive) -> None:
    archive.absorb([exported(links=(link("a", SOON),))])
    assert archive.link_deaths() == [SOON]
    archive.set_source_paths({only(archive).id: Path("/films/a.mp4")})
    assert archive.link_deaths() == []


# moves

NOTES: dict[str, tuple[Milestone, Callable[[Archive, Post], object]]] = {
    "fetched": (
        Milestone.FETCHED,
        lambda archive, post: archive.note_fetched(
            post, [write_file(archive.folder, post, Role.ORIGINAL)]
        ),
    ),
    "prepared": (
        Milestone.PREPARED,
        lambda archive, post: archive.note_prepared(
            post, [write_file(archive.folder, post, Role.PREPARED)]
        ),
    ),
    "published": (
        Milestone.PUBLISHED,
        lambda archive, post: archive.note_published(post, [record_of(post)]),
    ),
    "failed": (Milestone.FAILED, lambda archive, post: archive.note_failed(post, TROUBLE)),
    "skipped": (Milestone.SKIPPED, lambda archive, post: archive.note_skipped(post, TROUBLE)),
}


def stand_at(archive: Archive, milestone: Milestone) -> Post:
    """The only post, brought to any milestone."""
    archive.absorb([exported()])
    post = bring_to(archive, only(archive).id, milestone)
    if milestone == Milestone.FAILED:
        archive.note_failed(post, TROUBLE)
    if milestone == Milestone.SKIPPED:
        archive.note_skipped(post, TROUBLE)
    return only(archive)


@pytest.mark.parametrize("before", Milestone)
@pytest.mark.parametrize("note", NOTES)
def test_each_note_moves_as_the_table_allows_or_changes_nothing(
    archive: Archive, before: Milestone, note: str
) -> None:
    post = stand_at(archive, before)
    assert post.milestone == before
    after, move = NOTES[note]
    files, records = archive.files(post.id), archive.records()
    if (before, after) in MOVES:
        move(archive, post)
        assert only(archive).milestone == after
    else:
        with pytest.raises(ValueError, match=f"from {before} to {after}"):
            move(archive, post)
        assert only(archive) == post
        assert archive.files(post.id) == files
        assert archive.records() == records


def test_a_stale_post_cannot_trick_the_table(archive: Archive) -> None:
    archive.absorb([exported()])
    stale = only(archive)
    bring_to(archive, stale.id, Milestone.PUBLISHED)
    with pytest.raises(ValueError, match="from published to fetched"):
        archive.note_fetched(stale, [write_file(archive.folder, stale, Role.ORIGINAL)])


def test_the_way_through_the_stages_leaves_files_and_a_record(archive: Archive) -> None:
    archive.absorb([exported()])
    post = bring_to(archive, only(archive).id, Milestone.VERIFIED)
    files = archive.files(post.id)
    assert [file.path for role in files for file in files[role]] == [
        f"media/{post.id}/original.mp4",
        f"media/{post.id}/prepared.mp4",
    ]
    assert archive.records() == [replace(record_of(post), verified_at=NOW)]
    assert archive.records(post.id) == archive.records()


@pytest.mark.parametrize("note", ["fetched", "prepared", "published"])
def test_going_on_forgets_the_trouble_before(archive: Archive, note: str) -> None:
    before = {"fetched": "found", "prepared": "fetched", "published": "prepared"}[note]
    post = stand_at(archive, Milestone(before))
    archive.note_try_later(post, TROUBLE, NOW, count=True)
    NOTES[note][1](archive, only(archive))
    post = only(archive)
    assert (post.tries, post.next_try_at, post.trouble_code) == (0, None, None)


def test_a_post_found_broken_on_the_server_is_still_published(archive: Archive) -> None:
    post = stand_at(archive, Milestone.VERIFIED)
    archive.note_unverified(post, TROUBLE)
    post = only(archive)
    assert (post.milestone, post.trouble) == (Milestone.PUBLISHED, TROUBLE.text)
    archive.note_unverified(post, replace(TROUBLE, text="Still gone."))
    assert only(archive).trouble == "Still gone."
    archive.note_verified(only(archive), NOW)
    post = only(archive)
    assert (post.milestone, post.trouble) == (Milestone.VERIFIED, None)
    archive.note_verified(post, LATE)
    assert archive.records()[0].verified_at == LATE


def test_trying_later_counts_only_when_it_is_the_posts_own_trouble(archive: Archive) -> None:
    archive.absorb([exported()])
    archive.note_try_later(only(archive), TROUBLE, LATE, count=True)
    post = only(archive)
    assert (post.tries, post.next_try_at, post.milestone) == (1, LATE, Milestone.FOUND)
    archive.note_try_later(post, TROUBLE, None, count=False)
    post = only(archive)
    assert (post.tries, post.next_try_at) == (1, None)
    assert (post.trouble_code, post.trouble, post.hint) == ("gone", TROUBLE.text, TROUBLE.hint)


# back to what the files support


@pytest.mark.parametrize("before", [Milestone.PREPARED, Milestone.FAILED])
@pytest.mark.parametrize(
    ("original", "prepared", "after"),
    [
        (b"film", b"film", Milestone.PREPARED),
        (b"film", None, Milestone.FETCHED),
        (b"film", b"fil", Milestone.FETCHED),
        (None, b"film", Milestone.FOUND),
        (b"", b"film", Milestone.FOUND),
        (None, None, Milestone.FOUND),
    ],
)
def test_a_post_goes_back_to_what_its_files_support(
    archive: Archive,
    before: Milestone,
    original: bytes | None,
    prepared: bytes | None,
    after: Milestone,
) -> None:
    archive.absorb([exported()])
    post = bring_to(archive, only(archive).id, Milestone.PREPARED)
    if before == Milestone.FAILED:
        archive.note_try_later(post, TROUBLE, LATE, count=True)
        archive.note_failed(only(archive), TROUBLE)
    for role, data in ((Role.ORIGINAL, original), (Role.PREPARED, prepared)):
        path = archive.path(archive.files(post.id)[role][0].path)
        if data is None:
            path.unlink()
        else:
            path.write_bytes(data)
    assert archive.put_back(only(archive)) == after
    post = only(archive)
    assert post.milestone == after
    assert (post.tries, post.next_try_at, post.trouble) == (0, None, None)


def test_a_post_whose_captions_are_gone_is_prepared_again(archive: Archive) -> None:
    archive.absorb([exported()])
    post = bring_to(archive, only(archive).id, Milestone.FETCHED)
    film = write_file(archive.folder, post, Role.PREPARED)
    captions = write_file(archive.folder, post, Role.CAPTIONS)
    archive.note_prepared(post, [film, captions])
    archive.path(captions.path).unlink()
    assert archive.put_back(only(archive)) == Milestone.FETCHED


@pytest.mark.parametrize("chosen", [True, False])
def test_treated_in_another_way_and_chosen_or_left_out_at_once(
    archive: Archive, chosen: bool
) -> None:
    archive.absorb([exported()])
    post = bring_to(archive, only(archive).id, Milestone.FETCHED)
    archive.note_skipped(post, Trouble(DOES_NOT_FIT, "It is too long."))
    archive.edit([Edit(post.id, chosen=chosen, long=Long.TRIM)])
    post = only(archive)
    at = Milestone.FETCHED if chosen else Milestone.SKIPPED
    assert (post.milestone, post.chosen) == (at, chosen)
    assert post.trouble_code == (None if chosen else "left_out")


def test_what_a_killed_slideshow_left_does_not_hinder_another_wish(archive: Archive) -> None:
    archive.absorb([exported(kind=Kind.PHOTO)])
    folder = archive.media_folder(only(archive).id)
    (folder / "prepared.0.mp4.x7k2").mkdir(parents=True)
    (folder / "prepared.1.jpg").write_bytes(b"photo")
    archive.edit([Edit(only(archive).id, photos=Photos.THREAD)])
    assert [path.name for path in folder.iterdir()] == ["prepared.0.mp4.x7k2"]


def test_a_failed_post_without_files_is_to_be_fetched_again(archive: Archive) -> None:
    post = stand_at(archive, Milestone.FAILED)
    assert archive.put_back(post) == Milestone.FOUND
    assert archive.ready(Milestone.FOUND, NOW, 9) == [only(archive)]


def test_a_published_post_is_not_put_back(archive: Archive) -> None:
    post = stand_at(archive, Milestone.PUBLISHED)
    with pytest.raises(ValueError, match="from published"):
        archive.put_back(post)
    assert only(archive).milestone == Milestone.PUBLISHED


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
    assert [post.id for post in archive.waiting()] == [second.id]
    assert archive.ready(Milestone.FOUND, LATE, 9) == [second]
    assert archive.next_try_at(LATE - timedelta(days=1)) is None
    assert archive.number_prepared() == 0
    archive.mean_only([third.id])
    assert archive.next_try_at(LATE - timedelta(days=1)) == LATE
    with ArchiveView.open(archive.folder) as elsewhere:
        assert len(elsewhere.waiting()) == 3


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


# any order of events

SECONDS = 4


class AnyOrder(RuleBasedStateMachine):
    """Whatever is noted in whatever order, each post stands where the table of moves allows."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory(prefix="tokaway-test-")
        self.archive = Archive.create(Path(self._folder.name))
        self.expected: dict[str, Milestone] = {}

    def teardown(self) -> None:
        self.archive.close()
        self._folder.cleanup()

    def pick(self, second: int) -> Post:
        return self.archive.posts()[second]

    def apply(self, post: Post, after: Milestone, change: Callable[[], object]) -> None:
        if (post.milestone, after) in MOVES:
            change()
            self.expected[post.id] = after
        else:
            with pytest.raises(ValueError, match="a post cannot go"):
                change()

    @initialize(private=st.sets(st.integers(0, SECONDS - 1)))
    def read_an_export(self, private: set[int]) -> None:
        self.archive.absorb(
            [
                exported(second, privacy=Privacy.FRIENDS if second in private else Privacy.EVERYONE)
                for second in range(SECONDS)
            ]
        )
        self.expected = {post.id: post.milestone for post in self.archive.posts()}

    @rule(second=st.integers(0, SECONDS - 1), note=st.sampled_from(sorted(NOTES)))
    def note(self, second: int, note: str) -> None:
        post, (after, move) = self.pick(second), NOTES[note]
        self.apply(post, after, lambda: move(self.archive, post))

    @rule(second=st.integers(0, SECONDS - 1), right=st.booleans())
    def verify(self, second: int, right: bool) -> None:
        post = self.pick(second)
        if post.milestone not in (Milestone.PUBLISHED, Milestone.VERIFIED):
            return
        if right:
            self.archive.note_verified(post, NOW)
        else:
            self.archive.note_unverified(post, TROUBLE)
        self.expected[post.id] = Milestone.VERIFIED if right else Milestone.PUBLISHED

    @rule(second=st.integers(0, SECONDS - 1), count=st.booleans())
    def try_later(self, second: int, count: bool) -> None:
        self.archive.note_try_later(self.pick(second), TROUBLE, SOON, count=count)

    @rule(second=st.integers(0, SECONDS - 1), role=st.sampled_from(Role))
    def lose_a_file(self, second: int, role: Role) -> None:
        for file in self.archive.files(self.pick(second).id).get(role, ()):
            self.archive.path(file.path).unlink(missing_ok=True)

    @rule(second=st.integers(0, SECONDS - 1))
    def put_back(self, second: int) -> None:
        post = self.pick(second)
        if post.milestone not in (Milestone.FETCHED, Milestone.PREPARED, Milestone.FAILED):
            return
        self.expected[post.id] = self.archive.put_back(post)

    @rule(
        second=st.integers(0, SECONDS - 1), days=st.integers(1, 9), privacy=st.sampled_from(Privacy)
    )
    def read_a_newer_export(self, second: int, days: int, privacy: Privacy) -> None:
        before = self.pick(second)
        links = (link(f"video-{second}-0", NOW + timedelta(days=days)),)
        self.archive.absorb([exported(second, links=links, privacy=privacy)])
        after = self.pick(second).milestone
        self.expected[before.id] = after
        if before.milestone in (Milestone.PUBLISHED, Milestone.VERIFIED):
            assert after == before.milestone

    @rule()
    def choose_private(self) -> None:
        self.archive.choose_private()
        for post in self.archive.posts():
            if self.expected[post.id] == Milestone.SKIPPED:
                self.expected[post.id] = post.milestone

    @rule()
    def open_again(self) -> None:
        self.archive.close()
        self.archive = Archive.create(Path(self._folder.name))

    @invariant()
    def each_post_stands_where_it_should(self) -> None:
        posts = self.archive.posts()
        assert {post.id: post.milestone for post in posts} == self.expected
        assert sum(self.archive.counts().values()) == len(posts)

    @invariant()
    def published_means_there_is_a_record(self) -> None:
        recorded = {record.post for record in self.archive.records()}
        placed = self.archive.posts(Milestone.PUBLISHED, Milestone.VERIFIED)
        assert {post.id for post in placed} <= recorded

    @invariant()
    def a_private_post_waits_for_the_users_word(self) -> None:
        for milestone in (Milestone.FOUND, Milestone.FETCHED, Milestone.PREPARED):
            for post in self.archive.ready(milestone, LATE, 99):
                assert post.privacy == Privacy.EVERYONE or post.chosen_by == "user"


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)

"""What is noted of a post moves it as the table allows, and forgets what no longer counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from importer.archive.moves import MOVES
from importer.archive.store import Archive
from importer.model import (
    DOES_NOT_FIT,
    Edit,
    Kind,
    Long,
    Milestone,
    Photos,
    Role,
    Trouble,
)
from tests.archive.noting import LATE, NOTES, TROUBLE, only, stand_at
from tests.posts import (
    NOW,
    bring_to,
    exported,
    record_of,
    write_file,
)


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

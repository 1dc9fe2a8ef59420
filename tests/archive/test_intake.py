"""What comes in from outside: the user's word wins, and what is published stays as it is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from importer.archive.edits import Edited
from importer.archive.migrations import migrations
from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.model import Edit, Kind, Milestone, Photos, Privacy, Profile, Seen, Trouble
from tests.posts import bring_to, current, exported


def add(archive: Archive, privacy: Privacy = Privacy.EVERYONE, kind: Kind = Kind.VIDEO) -> str:
    """A post one second after the last one; its id."""
    known = len(archive.posts())
    archive.absorb([exported(known, privacy=privacy, kind=kind)])
    return archive.posts()[-1].id


# captions


def test_a_found_caption_replaces_a_title_and_an_older_finding(archive: Archive) -> None:
    archive.absorb([exported(title="A title")])
    (post,) = archive.posts()
    assert archive.set_captions({post.id: ("Whole words #one", "yt-dlp")}) == 1
    assert archive.set_captions({post.id: ("Whole words #one", "yt-dlp")}) == 0
    assert archive.set_captions({post.id: ("Mended words", "TikTok page")}) == 1
    after = current(archive, post.id)
    assert (after.caption, after.caption_source) == ("Mended words", "TikTok page")


def test_that_there_is_no_caption_is_known_and_takes_no_words_away(archive: Archive) -> None:
    first, second = add(archive), add(archive)
    archive.set_captions({first: ("Words", "yt-dlp")})
    assert archive.set_captions({first: ("", "myfaveTT"), second: ("", "myfaveTT")}) == 0
    assert current(archive, first).caption == "Words"
    assert current(archive, first).caption_source == "yt-dlp"
    assert current(archive, second).caption_source == "myfaveTT"


def test_no_scan_replaces_what_the_user_wrote(archive: Archive) -> None:
    written, emptied = add(archive), add(archive)
    archive.edit([Edit(written, caption="Mine"), Edit(emptied, caption="")])
    found = {written: ("Found", "yt-dlp"), emptied: ("Found", "yt-dlp")}
    assert archive.set_captions(found) == 0
    assert current(archive, written).caption == "Mine"
    assert current(archive, emptied).caption == ""
    archive.absorb([exported(0, title="A title"), exported(1, title="A title")])
    assert current(archive, written).caption == "Mine"
    assert current(archive, emptied).caption == ""


@pytest.mark.parametrize("milestone", [Milestone.PUBLISHED, Milestone.VERIFIED])
def test_words_for_what_is_published_wait_for_an_update(
    archive: Archive, milestone: Milestone
) -> None:
    post = add(archive)
    bring_to(archive, post, milestone)
    assert archive.set_captions({post: ("Too late", "yt-dlp")}) == 0
    assert archive.reworded() == []
    edited = archive.edit([Edit(post, "Mine", "Seen", chosen=False)])
    assert edited == Edited(captions=1, alts=1, published=1)
    after = current(archive, post)
    assert (after.caption, after.alt, after.chosen, after.milestone) == (
        "Mine", "Seen", True, milestone,
    )  # fmt: skip
    assert archive.reworded() == [post]
    archive.note_unchanged(after)
    archive.edit([Edit(post, "Mine", "Seen")])
    assert archive.reworded() == []


def test_posts_that_are_not_in_the_archive_are_passed_over(archive: Archive) -> None:
    assert archive.set_captions({"20200101T000000": ("Words", "yt-dlp")}) == 0
    assert archive.edit([Edit("20200101T000000", caption="Words")]) == Edited()


# choices


@pytest.mark.parametrize("milestone", [Milestone.FOUND, Milestone.FETCHED, Milestone.PREPARED])
def test_a_post_left_out_and_chosen_again_goes_on_where_it_was(
    archive: Archive, milestone: Milestone
) -> None:
    post = add(archive)
    bring_to(archive, post, milestone)
    assert archive.edit([Edit(post, chosen=False)]) == Edited(left_out=1)
    left = current(archive, post)
    assert (left.milestone, left.chosen, left.trouble_code) == (
        Milestone.SKIPPED,
        False,
        "left_out",
    )
    assert archive.edit([Edit(post, chosen=True)]) == Edited(chosen=1)
    back = current(archive, post)
    assert (back.milestone, back.chosen, back.trouble_code) == (milestone, True, None)


def test_a_post_left_out_stays_so_whatever_an_export_or_a_flag_says(archive: Archive) -> None:
    public, private = add(archive), add(archive, Privacy.ONLY_YOU)
    archive.edit([Edit(public, chosen=False), Edit(private, chosen=False)])
    archive.absorb([exported(0), exported(1)])
    assert archive.choose_private() == 0
    assert not any(post.chosen for post in archive.posts())


def test_a_private_post_is_chosen_by_itself_and_stays_chosen(archive: Archive) -> None:
    chosen, other = add(archive, Privacy.ONLY_YOU), add(archive, Privacy.FRIENDS)
    assert archive.edit([Edit(chosen, chosen=True)]) == Edited(chosen=1)
    archive.absorb([exported(0, privacy=Privacy.FRIENDS), exported(1, privacy=Privacy.FRIENDS)])
    assert current(archive, chosen).milestone == Milestone.FOUND
    assert current(archive, other).milestone == Milestone.SKIPPED


def test_a_public_post_chosen_again_is_still_withdrawn_when_it_becomes_private(
    archive: Archive,
) -> None:
    post = add(archive)
    archive.edit([Edit(post, chosen=False)])
    archive.edit([Edit(post, chosen=True)])
    archive.absorb([exported(0, privacy=Privacy.ONLY_YOU)])
    after = current(archive, post)
    assert (after.milestone, after.trouble_code) == (Milestone.SKIPPED, "private")


def test_a_failed_post_can_be_left_out(archive: Archive) -> None:
    post = add(archive)
    archive.note_failed(current(archive, post), Trouble("gone", "It is gone."))
    assert archive.edit([Edit(post, chosen=False)]) == Edited(left_out=1)
    assert current(archive, post).milestone == Milestone.SKIPPED


def test_photo_posts_are_chosen_like_any_other(archive: Archive) -> None:
    post = add(archive, kind=Kind.PHOTO)
    assert current(archive, post).chosen
    edited = archive.edit([Edit(post, photos=Photos.FIRST)])
    assert edited == Edited(treated=1)
    assert current(archive, post).photos is Photos.FIRST


def test_edits_come_whole_or_not_at_all(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = add(archive), add(archive)

    def broken(*_: object, **__: object) -> None:
        raise sqlite3.IntegrityError("as if the second one broke")

    monkeypatch.setattr(Archive, "_choose", broken)
    with pytest.raises(sqlite3.IntegrityError):
        archive.edit([Edit(first, caption="Words"), Edit(second, chosen=False)])
    assert current(archive, first).caption == ""


def test_the_profile_comes_back_as_it_was(archive: Archive) -> None:
    assert archive.profile() is None
    profile = Profile(
        "ada", "Ada 🍞", "Bread.\n\nAnd more", "https://cdn.test/a?x", (("youtube", "a"),)
    )
    archive.set_profile(profile)
    assert archive.profile() == profile
    archive.set_profile(Profile(user_name="ada.new"))
    assert archive.profile() == Profile(user_name="ada.new")


# source folders


def test_what_was_seen_in_a_folder_replaces_what_was_known_of_it(archive: Archive) -> None:
    archive.note_seen("/one", {"a.mp4": Seen(1, 2, "told"), "b.mp4": Seen(3, 2**62)})
    archive.note_seen("/two", {"a.mp4": Seen(9, 9)})
    archive.note_seen("/one", {"b.mp4": Seen(4, 5)})
    assert archive.seen("/one") == {"b.mp4": Seen(4, 5)}
    assert archive.seen("/two") == {"a.mp4": Seen(9, 9)}
    assert archive.seen("/three") == {}


def test_an_archive_of_the_first_tables_gets_the_new_ones(tmp_path: Path) -> None:
    folder = tmp_path / "old.tokaway"
    folder.mkdir()
    connection = sqlite3.connect(folder / "archive.db")
    old = Database(connection)
    migrations.apply(old, stop_before="source_files")
    assert "source_files" not in old.table_names()
    connection.close()
    with Archive.create(folder) as archive:
        archive.note_seen("/one", {"a": Seen(1, 1)})
        assert archive.seen("/one") == {"a": Seen(1, 1)}
    with ArchiveView.open(folder) as view:
        assert view.posts() == []

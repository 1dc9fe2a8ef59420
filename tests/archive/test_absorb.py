"""Exports and source folders read into an archive: what is new, fresher, private or wanted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from importer.archive.intake import Absorbed
from importer.archive.store import Archive
from importer.model import (
    Edit,
    Kind,
    Milestone,
    Privacy,
    Trouble,
)
from tests.archive.noting import LATE, LATEST, SOON, TROUBLE, only
from tests.posts import (
    FIRST,
    NOW,
    bring_to,
    current,
    exported,
    link,
)

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

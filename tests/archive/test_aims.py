"""Where posts are to go, and how their milestones follow it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from importer.archive.store import Archive
from importer.model import Edit, LeftOut, Milestone, Post, Privacy, Record, Role, Trouble
from tests.posts import NOW, bring_to, current, exported, record_of

FIRST, SECOND = "20240131T235959", "20240201T000000"
BOTH = ("bluesky", "spark")
WHY = Trouble("too_long", "It is too long.", "Cut it.")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """Two posts."""
    with Archive.create(tmp_path / "maker.tokaway") as opened:
        opened.absorb([exported(), exported(1)])
        yield opened


def at_spark(post: Post) -> Record:
    record = record_of(post)
    collection = "so.sprk.feed.post"
    uri = record.uri.replace(record.collection, collection)
    return replace(record, destination="spark", collection=collection, uri=uri)


def stand(archive: Archive) -> list[Milestone]:
    return [post.milestone for post in archive.posts()]


def test_posts_go_to_bluesky_until_somebody_says_otherwise(archive: Archive) -> None:
    assert archive.destinations() == ("bluesky",)
    archive.aim_at(BOTH)
    assert archive.destinations() == BOTH
    assert stand(archive) == [Milestone.FOUND, Milestone.FOUND]


@pytest.mark.parametrize("milestone", [Milestone.PUBLISHED, Milestone.VERIFIED])
def test_what_is_published_goes_on_when_another_destination_is_wanted(
    archive: Archive, milestone: Milestone
) -> None:
    bring_to(archive, FIRST, milestone)
    assert [post.id for post in archive.lacking(BOTH)] == [FIRST]
    archive.aim_at(BOTH)
    # What it shows is on the server: it need not be fetched or prepared again.
    assert stand(archive) == [Milestone.PREPARED, Milestone.FOUND]
    assert archive.lacking(BOTH) == []
    archive.aim_at(("bluesky",))
    assert stand(archive) == [Milestone.PUBLISHED, Milestone.FOUND]
    assert len(archive.records(FIRST)) == 1


def test_what_was_never_prepared_here_is_fetched(archive: Archive) -> None:
    archive.note_recognised(current(archive, FIRST), [record_of(current(archive, FIRST))])
    archive.aim_at(BOTH)
    assert stand(archive) == [Milestone.FOUND, Milestone.FOUND]


def test_a_post_is_published_when_it_is_everywhere(archive: Archive) -> None:
    archive.aim_at(BOTH)
    post = current(archive, FIRST)
    assert not archive.note_recognised(post, [record_of(post)])
    assert current(archive, FIRST).milestone is Milestone.FOUND
    assert archive.recorded() == {(FIRST, "bluesky")}
    assert archive.note_recognised(post, [at_spark(post)])
    assert current(archive, FIRST).milestone is Milestone.PUBLISHED
    archive.aim_at(("spark",))
    archive.aim_at(("bluesky",))
    assert stand(archive) == [Milestone.PUBLISHED, Milestone.FOUND]
    assert len(archive.records(FIRST)) == 2


def test_a_destination_that_left_it_out_is_not_asked_again(archive: Archive) -> None:
    archive.aim_at(BOTH)
    post = bring_to(archive, FIRST, Milestone.PREPARED)
    archive.note_published(post, [record_of(post)], {"spark": WHY})
    assert archive.left_out() == [LeftOut(FIRST, "spark", WHY.code, WHY.text, WHY.hint)]
    archive.aim_at(BOTH)
    assert current(archive, FIRST).milestone is Milestone.PUBLISHED
    archive.note_gone(current(archive, FIRST))
    assert archive.left_out() == []


def test_what_stands_still_or_was_not_chosen_is_left_alone(archive: Archive) -> None:
    archive.absorb([exported(2, privacy=Privacy.ONLY_YOU)])
    bring_to(archive, FIRST, Milestone.PUBLISHED)
    archive.note_undone(current(archive, FIRST), {"bluesky"})
    archive.note_failed(current(archive, SECOND), WHY)
    archive.aim_at(BOTH)
    assert stand(archive) == [Milestone.SKIPPED, Milestone.FAILED, Milestone.SKIPPED]
    archive.aim_at(("bluesky",))
    assert stand(archive) == [Milestone.SKIPPED, Milestone.FAILED, Milestone.SKIPPED]


def test_a_post_that_fails_on_the_way_to_another_is_published_without_it(archive: Archive) -> None:
    bring_to(archive, FIRST, Milestone.VERIFIED)
    archive.aim_at(BOTH)
    archive.note_failed(current(archive, FIRST), WHY)
    archive.note_verified(current(archive, FIRST), NOW)
    archive.note_unverified(current(archive, FIRST), replace(WHY, code="other"))
    post = current(archive, FIRST)
    assert (post.milestone, post.trouble_code) == (Milestone.FAILED, WHY.code)
    (archive.folder / "media" / FIRST / "original.mp4").unlink()
    assert archive.put_back(post) is Milestone.PREPARED
    archive.note_failed(current(archive, FIRST), WHY)
    archive.aim_at(("bluesky",))
    post = current(archive, FIRST)
    assert (post.milestone, post.trouble_code) == (Milestone.PUBLISHED, None)


def test_what_was_prepared_for_others_only_is_prepared_anew(archive: Archive) -> None:
    bring_to(archive, FIRST, Milestone.PREPARED)
    archive.aim_at(("bluesky",))
    assert current(archive, FIRST).milestone is Milestone.PREPARED
    archive.aim_at(("spark",))
    assert current(archive, FIRST).milestone is Milestone.FETCHED
    assert archive.files(FIRST).keys() == {Role.ORIGINAL}
    # The copy stays: it is taken again if it is right.
    assert (archive.folder / "media" / FIRST / "prepared.mp4").exists()


def test_one_destination_taken_back_stays_so_until_it_is_chosen_again(archive: Archive) -> None:
    archive.aim_at(BOTH)
    post = bring_to(archive, FIRST, Milestone.PREPARED)
    archive.note_published(post, [record_of(post), at_spark(post)])
    archive.note_undone(current(archive, FIRST), {"spark"})
    assert [record.destination for record in archive.records(FIRST)] == ["bluesky"]
    archive.aim_at(BOTH)
    assert current(archive, FIRST).milestone is Milestone.PUBLISHED
    archive.edit([Edit(FIRST, chosen=True)])
    archive.aim_at(BOTH)
    assert current(archive, FIRST).milestone is Milestone.PREPARED
    archive.aim_at(("bluesky",))
    archive.note_undone(current(archive, FIRST), {"bluesky"})
    assert current(archive, FIRST).milestone is Milestone.SKIPPED


def test_what_was_taken_back_on_its_way_to_another_can_be_left_out(archive: Archive) -> None:
    bring_to(archive, FIRST, Milestone.PUBLISHED)
    archive.aim_at(BOTH)
    archive.note_skipped(current(archive, FIRST), WHY)
    archive.note_undone(current(archive, FIRST), {"bluesky"})
    post = current(archive, FIRST)
    assert (post.milestone, post.trouble_code, post.chosen) == (
        Milestone.SKIPPED,
        "undone",
        False,
    )


def test_new_words_for_a_post_on_its_way_to_another_wait_for_an_update(archive: Archive) -> None:
    bring_to(archive, FIRST, Milestone.PUBLISHED)
    archive.aim_at(BOTH)
    archive.edit([Edit(FIRST, caption="New"), Edit(SECOND, caption="New")])
    assert archive.reworded() == [FIRST]


def test_older_posts_come_before_those_behind_which_they_are(archive: Archive) -> None:
    bring_to(archive, SECOND, Milestone.FETCHED)

    def ready() -> list[str]:
        posts = archive.ready(Milestone.FETCHED, NOW, 9, behind=Milestone.FOUND)
        return [post.id for post in posts]

    assert [post.id for post in archive.ready(Milestone.FETCHED, NOW, 9)] == [SECOND]
    assert ready() == []
    # One that waits for its next try holds nobody up.
    later = NOW.replace(year=2030)
    archive.note_try_later(current(archive, FIRST), WHY, later, count=True)
    assert ready() == [SECOND]
    archive.note_try_later(current(archive, FIRST), WHY, None, count=False)
    bring_to(archive, FIRST, Milestone.FETCHED)
    assert ready() == [FIRST, SECOND]

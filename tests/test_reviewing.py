"""What a run will send, before it is sent: in all, and record by record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from importer.archive.store import Archive
from importer.model import Edit, MediaFile, Milestone, Photos, Post, Role, ServerLimits
from importer.plans import Plan, make_plan
from importer.records.bluesky import drafts
from importer.reviewing import prepared, records_of, sending
from importer.settings import Settings
from tests.posts import ACCOUNT, write_file
from tests.tui.archives import CAPTIONS, make_archive

LIMITS = ServerLimits(10**8, None, "test")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.create(make_archive(tmp_path / "maker.tokaway")) as archive:
        archive.set_account(ACCOUNT)
        archive.set_server_limits(LIMITS)
        yield archive


def planned(archive: Archive, settings: Settings | None = None) -> Plan:
    return make_plan(archive, settings or Settings())


def note_original(archive: Archive, post: Post, seconds: float = 15.0, size: int = 4) -> MediaFile:
    file = write_file(archive.folder, post, Role.ORIGINAL, b"x" * size)
    file = replace(file, seconds=seconds)
    archive.note_fetched(post, [file])
    return file


def test_before_anything_is_fetched(archive: Archive) -> None:
    told = sending(planned(archive))
    assert (told.posts, told.files, told.bytes, told.not_here) == (6, 5 + 12, 0, 6)
    assert told.room is None
    first = sending(planned(archive, Settings(photos=Photos.FIRST)))
    assert first.files == 5 + 10
    video = sending(planned(archive, Settings(photos=Photos.VIDEO)))
    assert video.files == 5 + 1


def test_what_is_known_tells_how_much_the_rest_will_need(archive: Archive) -> None:
    posts = archive.posts()
    note_original(archive, posts[0], size=100)
    note_original(archive, posts[1], size=300)
    told = sending(planned(archive, Settings(buffer=2)))
    assert (told.bytes, told.not_here) == (400, 4)
    assert told.room == 200 * (4 + 2)


def test_prepared_posts_could_be_sent_at_once(archive: Archive) -> None:
    post = archive.posts()[0]
    note_original(archive, post)
    archive.note_prepared(archive.posts(Milestone.FETCHED)[0], [
        replace(write_file(archive.folder, post, Role.PREPARED), part=part) for part in range(2)
    ])  # fmt: skip
    plan = planned(archive)
    assert [one.id for one in prepared(plan)] == [post.id]
    assert sending(plan).files == 2 + 4 + 12
    records = records_of(plan, plan.waiting[0])
    assert [draft.value["text"] for draft in records] == [CAPTIONS[0], "2/2"]


def test_records_are_those_that_will_be_written(archive: Archive) -> None:
    """But for the file, which is not here yet."""
    plan = planned(archive)
    for post in plan.waiting:
        for draft in records_of(plan, post):
            assert draft.value["$type"] == "app.bsky.feed.post"
    photos = records_of(plan, plan.waiting[4])
    assert [len(draft.value["embed"].get("items", ())) for draft in photos] == [10, 0]
    assert len(photos[1].value["embed"]["images"]) == 2
    long = records_of(plan, plan.waiting[1])
    assert len(long) == 2 and "embed" not in long[1].value
    none = drafts(plan.waiting[1], [], ACCOUNT.did, plan.style, is_video=True)
    assert [one.value["text"] for one in long] == [one.value["text"] for one in none]


def test_what_the_person_wants_of_one_post_counts(archive: Archive) -> None:
    post = archive.posts()[4]
    archive.edit([Edit(post.id, photos=Photos.VIDEO)])
    plan = planned(archive)
    (record,) = records_of(plan, plan.waiting[4])
    assert record.value["embed"]["$type"] == "app.bsky.embed.video"

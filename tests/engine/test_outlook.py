"""What the posts of an archive take of the limits, and when it will be finished."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from importer.archive.store import Archive
from importer.budgets import DAY, Kind, Window, in_words, next_day
from importer.engine.outlook import needs_of, outlook
from importer.model import Kind as PostKind
from importer.model import Milestone, Role
from importer.records.style import Style
from importer.settings import Settings
from tests.posts import NOW, bring_to, current, exported, write_file

VIDEOS, BYTES = Window(Kind.VIDEOS, DAY, 25), Window(Kind.BYTES, DAY, 3_000_000)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """Three videos: one that is prepared, one that is fetched, one of which nothing is known."""
    with Archive.create(tmp_path / "maker.tokaway") as made:
        made.absorb([exported(second) for second in range(3)])
        prepared, fetched, _ = (post.id for post in made.posts())
        bring_to(made, prepared, Milestone.FETCHED)
        sized(made, prepared, Role.PREPARED, 1_000_000)
        sized(made, fetched, Role.ORIGINAL, 2_000_000)
        yield made


def sized(archive: Archive, post_id: str, role: Role, size: int) -> None:
    post = current(archive, post_id)
    note = archive.note_fetched if role is Role.ORIGINAL else archive.note_prepared
    note(post, [write_file(archive.folder, post, role, bytes(size))])


def test_a_video_takes_its_bytes_and_one_that_is_not_fetched_as_many_as_the_others(
    archive: Archive,
) -> None:
    needs = needs_of(archive, archive.posts(), Settings(), Style(), [VIDEOS, BYTES])
    assert [need.video_bytes for need in needs] == [1_000_000, 2_000_000, 1_500_000]
    assert [need.videos for need in needs] == [1, 1, 1]


def test_bytes_count_at_a_video_service_only(archive: Archive) -> None:
    archive.absorb([exported(9, kind=PostKind.PHOTO)])
    direct = needs_of(archive, archive.posts(), Settings(), Style(), [])
    assert not any(need.video_bytes for need in direct)
    needs = needs_of(archive, archive.posts(), Settings(), Style(), [VIDEOS])
    assert [bool(need.video_bytes) for need in needs] == [True, True, True, False]


def test_bytes_can_decide_the_end(archive: Archive) -> None:
    seen = outlook(archive, Settings(), Style(), [VIDEOS, BYTES], NOW)
    assert seen and seen.limit
    assert in_words(seen.limit) == "the video service's daily limit (3 MB a day)"
    assert timedelta(days=1) < seen.finish_at - NOW < timedelta(days=1, minutes=1)


def test_what_is_used_of_them_today_counts(archive: Archive) -> None:
    full = Window(Kind.BYTES, DAY, 9_000_000, 0, 8_500_000, next_day(NOW))
    seen = outlook(archive, Settings(), Style(), [VIDEOS, full], NOW)
    assert seen and seen.limit == full
    assert seen.finish_at > next_day(NOW)

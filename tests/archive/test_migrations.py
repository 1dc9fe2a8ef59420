"""An archive that an older version made goes on where it stood."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlite_utils import Database

from importer.archive.migrations import migrations
from importer.archive.rows import links_to_json, moment
from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.model import Kind, Link, LinkKind, Milestone, Post, Privacy, Role, post_id
from tests.posts import FIRST, NOW, exported, link

BEFORE_PHOTOS = "parts_and_photos"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An archive of the version before photos: a photo post of each privacy, and a video."""
    folder = tmp_path / "old.tokaway"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "archive.db")) as connection:
        old = Database(connection)
        migrations.apply(old, stop_before=BEFORE_PHOTOS)
        rows: list[dict[str, Any]] = [
            {
                "id": post_id(FIRST + timedelta(seconds=second), 0),
                "ordinal": 0,
                "posted_at": moment(FIRST + timedelta(seconds=second)),
                "kind": "photo",
                "privacy": privacy.value,
                "links": links_to_json([photo_link(second, 1)]),
                "chosen": 0,
                "chosen_by": "rule",
                "milestone": "skipped",
                "trouble_code": "photo",
                "trouble": "A photo post: this version of Tokaway moves videos.",
            }
            for second, privacy in enumerate(Privacy)
        ]
        video = rows[0] | {
            "id": "20230101T000000",
            "posted_at": "2023-01-01T00:00:00.000Z",
            "kind": "video",
            "privacy": "everyone",
            "chosen": 1,
            "milestone": "prepared",
            "trouble_code": None,
            "trouble": None,
        }
        file = {
            "post": video["id"],
            "role": "prepared",
            "part": 0,
            "path": "media/20230101T000000/prepared.mp4",
            "bytes": 4,
            "sha256": "00" * 32,
            "width": 90,
            "height": 160,
            "seconds": 1.5,
            "codecs": "h264/aac",
            "fit": "remux",
        }
        old.table("posts").insert_all([*rows, video])
        old.table("files").insert(file)
    return folder


def photo_link(second: int, days: int) -> Link:
    at = NOW + timedelta(days=days)
    return replace(link(f"photo-{second}", at, signature=str(days)), kind=LinkKind.IMAGE)


def photos(archive: ArchiveView) -> dict[Privacy, Post]:
    return dict(zip(Privacy, (p for p in archive.posts() if p.kind == Kind.PHOTO), strict=True))


def test_only_photos_that_everyone_saw_are_chosen(folder: Path) -> None:
    with ArchiveView.open(folder) as archive:
        found = photos(archive)
        public = found.pop(Privacy.EVERYONE)
        assert (public.milestone, public.chosen, public.trouble) == (Milestone.FOUND, True, None)
        for post in found.values():
            assert (post.milestone, post.chosen) == (Milestone.SKIPPED, False)
            assert post.trouble_code == "private"
        assert len({post.trouble for post in found.values()}) == len(found)


def test_photos_of_unknown_privacy_come_back_when_an_export_says_everyone(folder: Path) -> None:
    with Archive.create(folder) as archive:
        archive.absorb(
            [
                exported(second, kind=Kind.PHOTO, links=(photo_link(second, 3),))
                for second in range(len(Privacy))
            ]
        )
        chosen = {privacy for privacy, post in photos(archive).items() if post.chosen}
        assert chosen == {Privacy.EVERYONE, Privacy.UNKNOWN}


def test_what_was_too_long_gets_another_chance(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "archive.db")) as connection, connection:
        connection.execute(
            "UPDATE posts SET milestone = 'skipped', trouble_code = 'does_not_fit' "
            "WHERE kind = 'video'"
        )
    with ArchiveView.open(folder) as archive:
        post = archive.post("20230101T000000")
    assert post
    assert (post.milestone, post.trouble_code) == (Milestone.FOUND, None)


def test_files_are_kept(folder: Path) -> None:
    with ArchiveView.open(folder) as archive:
        (file,) = archive.files("20230101T000000")[Role.PREPARED]
        assert (file.path, file.lang, file.fit) == (
            "media/20230101T000000/prepared.mp4",
            "",
            "remux",
        )


def test_two_commands_that_open_it_at_once(folder: Path) -> None:
    together = Barrier(4)
    opened: list[int] = []

    def look() -> None:
        together.wait()
        with ArchiveView.open(folder) as archive:
            opened.append(len(archive.posts()))

    threads = [Thread(target=look) for _ in range(together.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [len(Privacy) + 1] * together.parties

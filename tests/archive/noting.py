"""One post of an archive, what can be noted of it, and looks behind the archive's back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.model import (
    Milestone,
    Post,
    Role,
    Trouble,
)
from tests.posts import (
    NOW,
    bring_to,
    exported,
    record_of,
    write_file,
)

TROUBLE = Trouble("gone", "It is gone.", "Look elsewhere.")
SOON, LATE, LATEST = (NOW + timedelta(days=days) for days in (1, 3, 5))


def only(archive: Archive) -> Post:
    posts = archive.posts()
    assert len(posts) == 1
    return posts[0]


def sql(archive: ArchiveView, statement: str) -> list[Any]:
    """Look into the database, or meddle with it, behind the archive's back."""
    with closing(sqlite3.connect(archive.folder / "archive.db")) as connection, connection:
        return connection.execute(statement).fetchall()


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

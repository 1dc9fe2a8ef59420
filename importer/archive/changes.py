"""How an archive is changed: each time one transaction that writes facts and moves milestones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from importer.archive import moves
from importer.archive.rows import NO_TROUBLE
from importer.archive.trouble import sqlite_trouble
from importer.archive.view import PREPARED_PREFIX, ArchiveView
from importer.model import MediaFile, Milestone, Post, Role


class Changes(ArchiveView):
    """An archive that can be changed; what to change it by is said by those who build on it."""

    def set_fact(self, key: str, value: str) -> None:
        """Remember a word about the archive as a whole."""
        with self._change():
            self._db.execute(
                "INSERT INTO facts (key, value) VALUES (?, ?) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [key, value],
            )

    def remove_copies(self, post_id: str) -> None:
        """Free the disk of what was prepared for a post, noted or not; the original stays.

        Raises:
            OSError: a file cannot be removed.
        """
        for copy in self.media_folder(post_id).glob(f"{PREPARED_PREFIX}*"):
            # What a killed run worked in is a folder; the next run sweeps it away.
            if not copy.is_dir():
                copy.unlink(missing_ok=True)

    # inside a transaction

    @contextmanager
    def _change(self) -> Iterator[None]:
        with sqlite_trouble(self.folder), self._db.atomic():
            yield

    def _set(self, post_id: str, **columns: Any) -> None:
        assignments = ", ".join(f"{column} = ?" for column in columns)
        self._db.execute(
            f"UPDATE posts SET {assignments} WHERE id = ?",  # noqa: S608
            [*columns.values(), post_id],
        )

    def _move(self, post: Post, milestone: Milestone, **columns: Any) -> None:
        row = self._one("SELECT milestone FROM posts WHERE id = ?", [post.id])
        moves.check(Milestone(row["milestone"]), milestone)
        self._set(post.id, milestone=milestone.value, **columns)

    def _begin_again(self, post: Post, milestone: Milestone) -> None:
        """Bring a post back to be published once more, or elsewhere too."""
        # What is published never goes back of itself: it is taken back, and chosen again.
        if post.milestone != Milestone.SKIPPED:
            self._move(post, Milestone.SKIPPED)
        self._move(post, milestone, tries=0, next_try_at=None, **NO_TROUBLE)

    def _goes_on_at(self, post: Post) -> Milestone:
        """Where a post can go on: what it shows on the server already needs no files here."""
        if self.records(post.id) and Role.PREPARED in self.files(post.id):
            return Milestone.PREPARED
        return self._supported(post)

    def _supported(self, post: Post) -> Milestone:
        """The last milestone that the files of a post support."""
        files = self.files(post.id)
        supported = Milestone.FOUND
        for role, milestone in (
            (Role.ORIGINAL, Milestone.FETCHED),
            (Role.PREPARED, Milestone.PREPARED),
        ):
            found = files.get(role)
            if role == Role.PREPARED and found:
                found += files.get(Role.CAPTIONS, ())
            if not found or not all(map(self._is_whole, found)):
                break
            supported = milestone
        return supported

    def _is_whole(self, file: MediaFile) -> bool:
        path = self.path(file.path)
        return path.is_file() and path.stat().st_size == file.bytes

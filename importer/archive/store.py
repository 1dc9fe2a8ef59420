"""The archive: one folder per creator whose database is the truth about the import.

Every change is one function and one transaction that writes a fact and moves the milestone
together.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from importer import __version__
from importer.archive import moves
from importer.archive.matching import match_posts, reason_to_skip
from importer.archive.rows import (
    NO_TROUBLE,
    file_to_row,
    links_to_json,
    moment,
    record_to_row,
    soonest_expiry,
    trouble_columns,
)
from importer.archive.view import MEDIA_NAME, PLACED, ArchiveView, sqlite_trouble
from importer.errors import DiskFull, UserError
from importer.model import (
    Account,
    ExportPost,
    MediaFile,
    Milestone,
    Post,
    Record,
    Role,
    Stage,
    Trouble,
    post_id,
)


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What a reading of an export changed: numbers of posts."""

    new: int
    refreshed: int
    withdrawn: int


class Archive(ArchiveView):
    """One creator's import, to be worked on: hold `archive.lock.locked` while it is open."""

    @classmethod
    def create(cls, folder: Path) -> Archive:
        """Open the archive in a folder, making both as needed.

        Raises:
            UserError: the folder cannot be used as an archive.
            DiskFull: there is no room for the database.
        """
        make_folder(folder)
        archive = cls._connect(folder)
        if archive.fact("made_by") is None:
            archive.set_fact("made_by", f"tokaway {__version__}")
        return archive

    def set_fact(self, key: str, value: str) -> None:
        """Remember a word about the archive as a whole."""
        with self._change():
            self._db.execute(
                "INSERT INTO facts (key, value) VALUES (?, ?) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [key, value],
            )

    def set_account(self, account: Account) -> None:
        """Bind the archive to an account; its handle and server may change, its DID not.

        Raises:
            UserError: the archive belongs to another account.
        """
        known = self.account()
        if known and known.did != account.did:
            raise UserError(
                f"This archive publishes to {known.handle} ({known.did}), not to "
                f"{account.handle}. Nothing was sent.",
                hint="To publish to a second account, make a second archive with --archive DIR.",
                code="other_account",
            )
        value = {"did": account.did, "handle": account.handle, "pds": account.pds}
        self.set_fact("account", json.dumps(value))

    def absorb(self, found: Sequence[ExportPost]) -> Absorbed:
        """Take over the posts of an export: new ones are added, known ones get fresh links.

        What the user chose stays. A post that has become private since the last export and is
        not published yet is withdrawn: skipped, unless the user chose it.
        """
        refreshed = withdrawn = 0
        with self._change():
            matched, new = match_posts(found, self.posts())
            for exported, ordinal in new:
                self._insert(exported, ordinal)
            for exported, post in matched:
                refreshed += self._refresh(post, exported)
                withdrawn += self._withdraw(post, exported)
        return Absorbed(len(new), refreshed, withdrawn)

    def choose_private(self) -> int:
        """Choose every skipped private video, on the user's explicit word; how many there were."""
        with self._change():
            private = [
                post for post in self.posts(Milestone.SKIPPED) if post.trouble_code == "private"
            ]
            for post in private:
                self._move(post, Milestone.FOUND, chosen=1, chosen_by="user", **NO_TROUBLE)
        return len(private)

    def set_source_paths(self, paths: Mapping[str, Path]) -> int:
        """Note which local file holds a post's original; how many unpublished posts gained one."""
        gained = 0
        with self._change():
            for post_id, path in paths.items():
                post = self.post(post_id)
                if post is None or post.milestone in PLACED or post.source_path == str(path):
                    continue
                gained += 1
                self._set(post_id, source_path=str(path))
                if self._failed_to_come(post):
                    self._move(post, Milestone.FOUND, tries=0, next_try_at=None, **NO_TROUBLE)
        return gained

    def note_fetched(self, post: Post, file: MediaFile) -> None:
        """The original is in place."""
        with self._change():
            self._put_file(post, file)
            self._move(post, Milestone.FETCHED, tries=0, next_try_at=None, **NO_TROUBLE)

    def note_prepared(self, post: Post, file: MediaFile) -> None:
        """A file that the servers accept is in place."""
        with self._change():
            self._put_file(post, file)
            self._move(post, Milestone.PREPARED, tries=0, next_try_at=None, **NO_TROUBLE)

    def note_published(self, post: Post, record: Record) -> None:
        """The record is on the PDS, written by us just now or found there."""
        with self._change():
            row = record_to_row(record)
            self._db.table("records").insert(row, replace=True)
            self._move(post, Milestone.PUBLISHED, tries=0, next_try_at=None, **NO_TROUBLE)

    def note_verified(self, post: Post, record: Record, at: datetime) -> None:
        """Record, blob and date were found right on the PDS."""
        with self._change():
            self._db.execute(
                "UPDATE records SET verified_at = ? WHERE post = ? AND uri = ?",
                [moment(at), post.id, record.uri],
            )
            if post.milestone == Milestone.PUBLISHED:
                self._move(post, Milestone.VERIFIED, **NO_TROUBLE)
            else:
                self._set(post.id, **NO_TROUBLE)

    def note_unverified(self, post: Post, trouble: Trouble) -> None:
        """Something was not right on the PDS; the post counts as published, with its trouble."""
        with self._change():
            words = trouble_columns(trouble)
            if post.milestone == Milestone.VERIFIED:
                self._move(post, Milestone.PUBLISHED, **words)
            else:
                self._set(post.id, **words)

    def note_try_later(
        self, post: Post, trouble: Trouble, at: datetime | None, *, count: bool
    ) -> None:
        """The step did not work this time; the post waits until `at`."""
        with self._change():
            self._set(
                post.id,
                tries=post.tries + count,
                next_try_at=moment(at) if at else None,
                **trouble_columns(trouble),
            )

    def note_failed(self, post: Post, trouble: Trouble) -> None:
        """The post cannot go on without the user."""
        with self._change():
            self._move(post, Milestone.FAILED, next_try_at=None, **trouble_columns(trouble))

    def note_skipped(self, post: Post, trouble: Trouble) -> None:
        """The post is left out, by a rule."""
        with self._change():
            self._move(post, Milestone.SKIPPED, next_try_at=None, **trouble_columns(trouble))

    def put_back(self, post: Post) -> Milestone:
        """Bring a post back to the last milestone its files support.

        For a failed post that is tried again and for one whose file is gone or changed.
        """
        files = self.files(post.id)
        target = Milestone.FOUND
        for role, milestone in (
            (Role.ORIGINAL, Milestone.FETCHED),
            (Role.PREPARED, Milestone.PREPARED),
        ):
            file = files.get(role)
            if file is None or not self._is_whole(file):
                break
            target = milestone
        if target != post.milestone:
            with self._change():
                self._move(post, target, tries=0, next_try_at=None, **NO_TROUBLE)
        return target

    def start_run(self, at: datetime) -> int:
        """Open a run; its number."""
        with self._change():
            cursor = self._db.execute(
                "INSERT INTO runs (version, started_at) VALUES (?, ?)", [__version__, moment(at)]
            )
        return int(cursor.lastrowid or 0)

    def finish_run(self, run: int, at: datetime, outcome: str) -> None:
        """Close a run with a word on how it ended."""
        with self._change():
            self._db.execute(
                "UPDATE runs SET ended_at = ?, outcome = ? WHERE id = ?", [moment(at), outcome, run]
            )

    def note_attempt(
        self,
        run: int,
        post: Post,
        stage: Stage,
        started_at: datetime,
        ended_at: datetime,
        outcome: str,
        code: str | None = None,
    ) -> None:
        """Keep the history of one step: what was tried, when, and how it ended."""
        with self._change():
            self._db.execute(
                "INSERT INTO attempts (run, post, stage, started_at, ended_at, outcome, "
                "trouble_code) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [run, post.id, stage.value, moment(started_at), moment(ended_at), outcome, code],
            )

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

    def _put_file(self, post: Post, file: MediaFile) -> None:
        self._db.table("files").insert(file_to_row(post.id, file), replace=True)

    def _is_whole(self, file: MediaFile) -> bool:
        path = self.path(file.path)
        return path.is_file() and path.stat().st_size == file.bytes

    def _insert(self, exported: ExportPost, ordinal: int) -> None:
        skip = reason_to_skip(exported.kind, exported.privacy)
        self._db.table("posts").insert(
            {
                "id": post_id(exported.posted_at, ordinal),
                "ordinal": ordinal,
                "posted_at": moment(exported.posted_at),
                "kind": exported.kind.value,
                "privacy": exported.privacy.value,
                "caption": exported.title or "",
                "caption_source": "title" if exported.title else None,
                "alt": exported.alt or "",
                "likes": exported.likes,
                "allow_comments": exported.allow_comments,
                "allow_duets": exported.allow_duets,
                "allow_stitches": exported.allow_stitches,
                "links": links_to_json(exported.links),
                "link_expires_at": soonest_expiry(exported.links),
                "chosen": int(skip is None),
                "chosen_by": "rule",
                "milestone": (Milestone.SKIPPED if skip else Milestone.FOUND).value,
                **trouble_columns(skip),
            }
        )

    def _refresh(self, post: Post, exported: ExportPost) -> bool:
        """Take fresher links, and try again what failed for want of them."""
        known, fresh = soonest_expiry(post.links), soonest_expiry(exported.links)
        if not exported.links or post.links == exported.links:
            return False
        if known and fresh and fresh <= known:
            return False
        self._set(post.id, links=links_to_json(exported.links), link_expires_at=fresh)
        if self._failed_to_come(post):
            self._move(post, Milestone.FOUND, tries=0, next_try_at=None, **NO_TROUBLE)
        return True

    def _withdraw(self, post: Post, exported: ExportPost) -> bool:
        """Honour a privacy that has changed on TikTok, while it still can be."""
        if post.privacy == exported.privacy or post.milestone in PLACED:
            return False
        self._set(post.id, privacy=exported.privacy.value)
        skip = reason_to_skip(exported.kind, exported.privacy)
        if skip is None or not post.chosen or post.chosen_by == "user":
            return False
        columns = {"chosen": 0, "next_try_at": None, **trouble_columns(skip)}
        if post.milestone == Milestone.SKIPPED:
            self._set(post.id, **columns)
        else:
            self._move(post, Milestone.SKIPPED, **columns)
        return True

    def _failed_to_come(self, post: Post) -> bool:
        """Whether a post failed before its original was here: another way to get it may work."""
        return post.milestone == Milestone.FAILED and Role.ORIGINAL not in self.files(post.id)


def make_folder(folder: Path) -> None:
    """Make the folders of an archive.

    Raises:
        UserError: they cannot be made there.
        DiskFull: there is no room.
    """
    try:
        (folder / MEDIA_NAME).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(
                f"The disk has no room for the archive {folder}.",
                hint="Free some space, or choose another place with --archive DIR.",
            ) from error
        raise UserError(
            f"The archive folder {folder} cannot be made: {error.strerror}.",
            hint="Choose another place with --archive DIR.",
        ) from error

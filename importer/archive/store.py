"""The archive: one folder per creator whose database is the truth about the import.

Here is what the engine notes of its steps; what comes in from outside is in `archive.intake`, where
posts are to go in `archive.aims`.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from importer import __version__
from importer.archive.aims import Aims
from importer.archive.edits import UNDONE
from importer.archive.rows import (
    NO_TROUBLE,
    file_to_row,
    moment,
    record_to_row,
    trouble_columns,
)
from importer.archive.view import MEDIA_NAME
from importer.errors import DiskFull, UserError
from importer.model import (
    Account,
    Edit,
    MediaFile,
    Milestone,
    Post,
    Record,
    Role,
    ServerLimits,
    Stage,
    Trouble,
)


class Archive(Aims):
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
        self._put_account(account)

    def change_account(self, account: Account) -> None:
        """Bind the archive to another account than before, at the person's own word.

        Raises:
            UserError: it has published to the one before.
        """
        if self.records():
            self.set_account(account)
        self._put_account(account)

    def _put_account(self, account: Account) -> None:
        value = {"did": account.did, "handle": account.handle, "pds": account.pds}
        self.set_fact("account", json.dumps(value))

    def set_server_limits(self, limits: ServerLimits) -> None:
        """Remember what the account's server accepts, for plans made without asking it."""
        self.set_fact("server_limits", json.dumps(asdict(limits)))

    def note_fetched(self, post: Post, files: Sequence[MediaFile]) -> None:
        """The original is in place, whole: a video, or all photos."""
        with self._change():
            self._put_files(post, files)
            self._move(post, Milestone.FETCHED, tries=0, next_try_at=None, **NO_TROUBLE)

    def note_prepared(self, post: Post, files: Sequence[MediaFile]) -> None:
        """Every file that is to be sent is in place: parts or photos, and captions."""
        with self._change():
            self._put_files(post, files)
            self._move(post, Milestone.PREPARED, tries=0, next_try_at=None, **NO_TROUBLE)

    def note_verified(self, post: Post, at: datetime) -> None:
        """Every record of a post was found right on the PDS, with its blobs and date."""
        with self._change():
            self._db.execute(
                "UPDATE records SET verified_at = ? WHERE post = ?", [moment(at), post.id]
            )
            if post.milestone == Milestone.PUBLISHED:
                self._move(post, Milestone.VERIFIED, **NO_TROUBLE)
            elif post.milestone == Milestone.VERIFIED:
                self._set(post.id, **NO_TROUBLE)

    def note_unverified(self, post: Post, trouble: Trouble) -> None:
        """Something was not right on the PDS; the post counts as published, with its trouble."""
        with self._change():
            words = trouble_columns(trouble)
            self._db.execute("UPDATE records SET verified_at = NULL WHERE post = ?", [post.id])
            if post.milestone == Milestone.VERIFIED:
                self._move(post, Milestone.PUBLISHED, **words)
            elif post.milestone == Milestone.PUBLISHED:
                self._set(post.id, **words)

    def note_updated(self, post: Post, records: Sequence[Record]) -> None:
        """New words of a published post are on the PDS, in these records."""
        with self._change():
            self._db.execute("DELETE FROM records WHERE post = ?", [post.id])
            self._db.table("records").insert_all(map(record_to_row, records))
            self._set(post.id, reworded=0)
            if post.milestone == Milestone.VERIFIED:
                self._move(post, Milestone.PUBLISHED, **NO_TROUBLE)

    def note_unchanged(self, post: Post) -> None:
        """The records of a published post carry its words of today."""
        with self._change():
            self._set(post.id, reworded=0)

    def note_gone(self, post: Post) -> None:
        """The records of a post are no longer on the PDS, and the user wants them again."""
        current = self.post(post.id) or post
        target = self._supported(current)
        with self._change():
            self._forget_records(post)
            self._begin_again(current, target)

    def encode_anew(self, post: Post, files: Sequence[MediaFile] = ()) -> None:
        """Its records are no longer on the PDS: it is published again, its video encoded anew.

        `files` are what is to be sent, if that is done already.
        """
        with self._change():
            self.note_gone(post)
            if not files:
                self.edit([Edit(post.id, encode=True)])
                return
            self._set(post.id, encode=1)
            current = self.post(post.id) or post
            if current.milestone == Milestone.PREPARED:
                self._move(current, Milestone.FETCHED)
            self.note_prepared(current, files)

    def note_not_right(self, post: Post, trouble: Trouble) -> None:
        """A post was looked at often enough; it stays published, with its trouble."""
        with self._change():
            self.note_unverified(post, trouble)
            self.forget_look(post.id)

    def note_undone(self, post: Post, destinations: Collection[str]) -> None:
        """The records of a post at some destinations are no longer there, by the user's wish."""
        others = {record.destination for record in self.records(post.id)} - set(destinations)
        with self._change():
            if others:
                self._leave_out(post, dict.fromkeys(destinations, UNDONE))
                return
            self._forget_records(post)
            columns = {"chosen": 0, "chosen_by": "user", "reworded": 0, **trouble_columns(UNDONE)}
            if post.milestone == Milestone.SKIPPED:
                self._set(post.id, **columns)
            else:
                self._move(post, Milestone.SKIPPED, next_try_at=None, **columns)

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
        is_failed = post.milestone == Milestone.FAILED
        target = self._goes_on_at(post) if is_failed else self._supported(post)
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

    def _forget_records(self, post: Post) -> None:
        for table in ("records", "left_out", "looks"):
            self._db.execute(f"DELETE FROM {table} WHERE post = ?", [post.id])  # noqa: S608

    def _put_files(self, post: Post, files: Sequence[MediaFile]) -> None:
        """Take these files for all of their roles: a post may have had other parts before."""
        made = {file.role for file in files}
        stale = {Role.PREPARED, Role.CAPTIONS} if Role.PREPARED in made else made
        for role in stale:
            self._db.execute("DELETE FROM files WHERE post = ? AND role = ?", [post.id, role.value])
        self._db.table("files").insert_all(file_to_row(post.id, file) for file in files)


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

"""What an archive holds, read only: the part of it that screens, reports and printers need."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from importer.archive.conditions import standing_at, unmet
from importer.archive.database import Database
from importer.archive.migrations import migrations
from importer.archive.rows import (
    Row,
    file_from_row,
    instant,
    moment,
    post_from_row,
    record_from_row,
)
from importer.archive.trouble import DATABASE_NAME, sqlite_trouble
from importer.errors import UserError
from importer.model import (
    Account,
    LeftOut,
    Measure,
    MediaFile,
    Milestone,
    Post,
    Profile,
    Record,
    Role,
    ServerLimits,
)
from importer.records.destinations import USUAL

# What the names of files begin with that were made from originals.
PREPARED_PREFIX = "prepared"
MEDIA_NAME = "media"
UNFINISHED = (Milestone.FOUND, Milestone.FETCHED, Milestone.PREPARED)
PLACED = (Milestone.PUBLISHED, Milestone.VERIFIED)


class ArchiveView:
    """One creator's import, to be looked at.

    A connection belongs to the thread that opened it. Reading beside a running import is safe.
    """

    def __init__(self, folder: Path, db: Database) -> None:
        self.folder = folder
        self._db = db
        self._are_meant = ""

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open an archive that exists.

        Raises:
            UserError: there is none in this folder, or it cannot be read.
        """
        if not (folder / DATABASE_NAME).is_file():
            raise UserError(
                f"There is no archive in {folder}.",
                hint="Name the folder that ends in .tokaway, or start with: tokaway plan EXPORT",
                code="no_archive",
            )
        return cls._connect(folder)

    @classmethod
    def _connect(cls, folder: Path) -> Self:
        with sqlite_trouble(folder):
            connection = sqlite3.connect(folder / DATABASE_NAME, timeout=30)
            try:
                db = Database(connection)
                db.execute("PRAGMA foreign_keys = ON")
                if migrations.pending(db):
                    db.enable_wal()
                    # Another command may open it at the same time: one of them does it all.
                    db.execute("BEGIN IMMEDIATE")
                    migrations.apply(db)
                    connection.commit()
            except BaseException:
                connection.close()
                raise
        return cls(folder, db)

    def close(self) -> None:
        """Close the database; the archive can be moved after this."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # files

    def path(self, relative: str) -> Path:
        """Where a file of the archive lies."""
        return self.folder / relative

    def media_folder(self, post_id: str) -> Path:
        """The folder of one post's files."""
        return self.folder / MEDIA_NAME / post_id

    def posts(self, *milestones: Milestone, chosen: bool | None = None) -> list[Post]:
        """Posts, oldest first, at any of the milestones (all when none is named)."""
        where, values = standing_at(milestones, chosen)
        sql = f"SELECT * FROM posts {where} ORDER BY posted_at, ordinal"  # noqa: S608
        with sqlite_trouble(self.folder):
            # Row by row: together they would take more memory than the posts.
            return [post_from_row(row) for row in self._db.query(sql, values)]

    def mean_only(self, names: Iterable[str]) -> None:
        """Let only these posts wait in the queue, for as long as the archive is open here."""
        self._db.execute("CREATE TEMP TABLE IF NOT EXISTS meant (post TEXT PRIMARY KEY)")
        self._db.execute("DELETE FROM meant")
        listed = json.dumps(list(names))
        self._db.execute("INSERT INTO meant SELECT value FROM json_each(?)", [listed])
        self._are_meant = "AND id IN (SELECT post FROM meant)"

    def waiting(self, destinations: Collection[str]) -> list[Post]:
        """The posts that a run to these destinations would publish, oldest first."""
        marks = ", ".join("?" * len(UNFINISHED))
        sql = (
            f"SELECT * FROM posts WHERE chosen AND milestone IN ({marks}) "  # noqa: S608
            f"{self._are_meant} ORDER BY posted_at, ordinal"
        )
        unfinished = [post_from_row(row) for row in self._rows(sql, list(UNFINISHED))]
        found = [*unfinished, *self.lacking(destinations)]
        return sorted(found, key=lambda post: (post.posted_at, post.ordinal))

    def number_prepared(self) -> int:
        """How many posts that a run would publish are prepared."""
        row = self._one(
            "SELECT count(*) AS n FROM posts WHERE chosen AND milestone = ? "  # noqa: S608
            f"{self._are_meant}",
            [Milestone.PREPARED.value],
        )
        return int(row["n"])

    def post(self, post_id: str) -> Post | None:
        """One post by its id."""
        rows = self._rows("SELECT * FROM posts WHERE id = ?", [post_id])
        return post_from_row(rows[0]) if rows else None

    def ready(
        self,
        milestone: Milestone,
        now: datetime,
        limit: int,
        behind: Milestone | None = None,
    ) -> list[Post]:
        """Chosen posts at a milestone whose time has come: the queue of the stage that follows.

        Posts to be fetched come in the order their links die, all others oldest first. With
        `behind`, none comes before older ones that are at that milestone and could go on now.
        """
        order = "link_expires_at IS NULL, link_expires_at, " if milestone == Milestone.FOUND else ""
        due = "chosen AND milestone = ? AND (next_try_at IS NULL OR next_try_at <= ?)"
        oldest = (
            self._rows(
                f"SELECT posted_at, ordinal FROM posts WHERE {due} {self._are_meant} "  # noqa: S608
                "ORDER BY posted_at, ordinal LIMIT 1",
                [behind.value, moment(now)],
            )
            if behind
            else []
        )
        values: list[Any] = [milestone.value, moment(now)]
        if oldest:
            due += " AND (posted_at, ordinal) < (?, ?)"
            values += [oldest[0]["posted_at"], oldest[0]["ordinal"]]
        return [
            post_from_row(row)
            for row in self._rows(
                f"SELECT * FROM posts WHERE {due} {self._are_meant} "  # noqa: S608
                f"ORDER BY {order} posted_at, ordinal LIMIT ?",
                [*values, limit],
            )
        ]

    def next_try_at(
        self, now: datetime, milestones: Sequence[Milestone] = UNFINISHED
    ) -> datetime | None:
        """When the next of the posts that wait at these milestones may be tried again."""
        marks = ", ".join("?" * len(milestones))
        row = self._one(
            "SELECT min(next_try_at) AS at FROM posts "  # noqa: S608
            f"WHERE chosen AND next_try_at > ? AND milestone IN ({marks}) {self._are_meant}",
            [moment(now), *milestones],
        )
        return instant(row["at"])

    def counts(self) -> dict[Milestone, int]:
        """How many posts stand at each milestone; the one source of every number shown."""
        rows = self._rows("SELECT milestone, count(*) AS n FROM posts GROUP BY milestone")
        found = {Milestone(row["milestone"]): row["n"] for row in rows}
        return {milestone: found.get(milestone, 0) for milestone in Milestone}

    def trouble_counts(self) -> list[tuple[Milestone, str, str, str, int]]:
        """Posts that stand still or do not show, by milestone and reason, most frequent first."""
        return [
            (Milestone(row["milestone"]), row["code"], row["text"], row["hint"], row["n"])
            for row in self._rows(
                "SELECT milestone, coalesce(trouble_code, '') AS code, "
                "coalesce(trouble, '') AS text, coalesce(hint, '') AS hint, count(*) AS n "
                "FROM posts WHERE milestone IN ('skipped', 'failed') "
                "OR (milestone = 'published' AND trouble_code IN ('does_not_play', 'not_shown')) "
                "GROUP BY milestone, code, text, hint ORDER BY n DESC, code"
            )
        ]

    def link_deaths(self) -> list[datetime]:
        """When the links die of chosen posts whose file is not here yet, soonest first."""
        rows = self._rows(
            "SELECT link_expires_at AS at FROM posts WHERE chosen AND source_path IS NULL "
            "AND milestone IN ('found', 'failed') AND link_expires_at IS NOT NULL "
            "AND NOT EXISTS (SELECT 1 FROM files WHERE post = posts.id) ORDER BY at"
        )
        return [at for row in rows if (at := instant(row["at"]))]

    def without_caption(self) -> int:
        """How many chosen posts that are not published yet would go without words."""
        return self._lacking("caption")

    def without_alt(self) -> int:
        """How many chosen posts that are not published yet have no alt text of their own."""
        return self._lacking("alt")

    def _lacking(self, column: str) -> int:
        marks = ", ".join("?" * len(UNFINISHED))
        row = self._one(
            f"SELECT count(*) AS n FROM posts WHERE chosen AND {column} = '' "  # noqa: S608
            f"AND milestone IN ({marks})",
            list(UNFINISHED),
        )
        return int(row["n"])

    def looks(self) -> tuple[int, datetime | None]:
        """How many videos are still to be seen playing, and when the next is looked at."""
        row = self._one(
            "SELECT count(*) AS n, min(next_at) AS at FROM looks JOIN posts ON id = post "  # noqa: S608
            f"WHERE milestone IN ('published', 'verified') {self._are_meant}"
        )
        return int(row["n"]), instant(row["at"])

    def reworded(self) -> list[str]:
        """The ids of published posts whose words were edited since."""
        return [row["id"] for row in self._rows("SELECT id FROM posts WHERE reworded ORDER BY id")]

    def files(self, post_id: str) -> dict[Role, tuple[MediaFile, ...]]:
        """The files of a post by role, in the order of their parts."""
        rows = self._rows("SELECT * FROM files WHERE post = ? ORDER BY part, lang", [post_id])
        found: dict[Role, tuple[MediaFile, ...]] = {}
        for file in map(file_from_row, rows):
            found[file.role] = (*found.get(file.role, ()), file)
        return found

    def files_by_post(self) -> dict[str, dict[Role, list[MediaFile]]]:
        """The files of all unfinished posts, by post and role, in the order of their parts."""
        found: dict[str, dict[Role, list[MediaFile]]] = {}
        marks = ", ".join("?" * len(UNFINISHED))
        sql = (
            "SELECT files.* FROM files JOIN posts ON posts.id = post "  # noqa: S608
            f"WHERE milestone IN ({marks}) ORDER BY post, part, lang"
        )
        for row in self._rows(sql, list(UNFINISHED)):
            file = file_from_row(row)
            found.setdefault(row["post"], {}).setdefault(file.role, []).append(file)
        return found

    def last_published(self, number: int) -> list[datetime]:
        """When the last so many posts were published, the newest first."""
        rows = self._rows(
            "SELECT min(published_at) AS at FROM records WHERE run IS NOT NULL "
            "GROUP BY post ORDER BY at DESC LIMIT ?",
            [number],
        )
        return [at for row in rows if (at := instant(row["at"]))]

    def lengths(self) -> dict[str, float]:
        """How many seconds the longest of each post's prepared videos has."""
        sql = "SELECT post, max(seconds) AS n FROM files WHERE role = 'prepared' GROUP BY post"
        return {row["post"]: row["n"] for row in self._rows(sql)}

    def originals(self) -> dict[str, tuple[MediaFile, ...]]:
        """The originals of all posts, by post and in the order of their parts."""
        found: dict[str, tuple[MediaFile, ...]] = {}
        sql = "SELECT * FROM files WHERE role = 'original' ORDER BY post, part"
        for row in self._rows(sql):
            found[row["post"]] = (*found.get(row["post"], ()), file_from_row(row))
        return found

    def measures(self) -> dict[str, Measure]:
        """How long and how large the originals are that are here, by post."""
        sql = (
            "SELECT post, sum(seconds) AS seconds, sum(bytes) AS bytes, count(*) AS files "
            "FROM files WHERE role = 'original' GROUP BY post"
        )
        return {
            row["post"]: Measure(row["seconds"], row["bytes"], row["files"])
            for row in self._rows(sql)
        }

    def records(self, post_id: str | None = None) -> list[Record]:
        """The records of one post, or of all, oldest key first."""
        where, values = ("WHERE post = ?", [post_id]) if post_id else ("", [])
        return [
            record_from_row(row)
            for row in self._rows(
                f"SELECT * FROM records {where} ORDER BY rkey, collection",  # noqa: S608
                values,
            )
        ]

    def destinations(self) -> tuple[str, ...]:
        """Where the posts of this archive are to go, as the last run had it."""
        told = self.fact("destinations")
        return tuple(told.split()) if told else USUAL

    def lacking(self, destinations: Collection[str]) -> list[Post]:
        """Chosen posts that are published, but not at all of these destinations yet."""
        marks = ", ".join("?" * len(PLACED))
        condition, names = unmet(destinations)
        return [
            post_from_row(row)
            for row in self._rows(
                f"SELECT * FROM posts WHERE chosen AND milestone IN ({marks}) "  # noqa: S608
                f"AND ({condition}) {self._are_meant} ORDER BY posted_at, ordinal",
                [*PLACED, *names],
            )
        ]

    def recorded(self) -> set[tuple[str, str]]:
        """Which posts have records at which destinations."""
        rows = self._rows("SELECT DISTINCT post, destination FROM records")
        return {(row["post"], row["destination"]) for row in rows}

    def left_out(self) -> list[LeftOut]:
        """Where posts are left out for good although they are published elsewhere."""
        rows = self._rows("SELECT * FROM left_out ORDER BY post, destination")
        return [LeftOut(**row) for row in rows]

    def fact(self, key: str) -> str | None:
        """A remembered word about the archive as a whole."""
        rows = self._rows("SELECT value FROM facts WHERE key = ?", [key])
        return rows[0]["value"] if rows else None

    def has_run(self) -> bool:
        """Whether a run was ever made over this archive."""
        return self.last_run_at() is not None

    def last_run_at(self) -> datetime | None:
        """When the last run over this archive began; `None` if there was none."""
        return instant(self._one("SELECT max(started_at) AS at FROM runs", [])["at"])

    def account(self) -> Account | None:
        """The account this archive publishes to, once it is known."""
        value = self.fact("account")
        return Account(**json.loads(value)) if value else None

    def server_limits(self) -> ServerLimits | None:
        """What the account's server accepts, as it said at the last run."""
        value = self.fact("server_limits")
        if not value:
            return None
        told = json.loads(value)
        version = tuple(told["version"]) if told["version"] else None
        return ServerLimits(**told | {"version": version})

    def profile(self) -> Profile | None:
        """What the export says about the creator's TikTok account."""
        value = self.fact("profile")
        if not value:
            return None
        known = json.loads(value)
        return Profile(**known | {"links": tuple(map(tuple, known["links"]))})

    def _one(self, sql: str, values: Sequence[Any] = ()) -> Row:
        return self._rows(sql, values)[0]

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        with sqlite_trouble(self.folder):
            return list(self._db.query(sql, list(values)))

"""The tables of an archive, as steps that each archive takes once."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from importer.archive.database import Database, Migrations
from importer.archive.matching import reason_to_skip
from importer.model import Action, Kind, Milestone, Privacy, Role

migrations = Migrations("tokaway")


def _one_of(column: str, words: Iterable[StrEnum]) -> str:
    listed = ", ".join(f"'{word.value}'" for word in words)
    return f"{column} TEXT CHECK ({column} IN ({listed}))"


@migrations()
def first_tables(db: Database) -> None:
    """Posts and what is known about them. Times are UTC in ISO 8601, booleans 0 or 1."""
    statements = f"""
        CREATE TABLE posts (
            id TEXT PRIMARY KEY,
            ordinal INTEGER NOT NULL,
            posted_at TEXT NOT NULL,
            {_one_of("kind", Kind)} NOT NULL,
            {_one_of("privacy", Privacy)} NOT NULL,
            caption TEXT NOT NULL DEFAULT '',
            caption_source TEXT,
            alt TEXT NOT NULL DEFAULT '',
            likes INTEGER,
            allow_comments INTEGER,
            allow_duets INTEGER,
            allow_stitches INTEGER,
            links TEXT NOT NULL DEFAULT '[]',
            link_expires_at TEXT,
            source_path TEXT,
            chosen INTEGER NOT NULL,
            chosen_by TEXT NOT NULL CHECK (chosen_by IN ('rule', 'user')),
            {_one_of("milestone", Milestone)} NOT NULL,
            tries INTEGER NOT NULL DEFAULT 0,
            next_try_at TEXT,
            trouble_code TEXT,
            trouble TEXT,
            hint TEXT,
            UNIQUE (posted_at, ordinal)
        ) STRICT;
        CREATE INDEX posts_by_milestone ON posts (milestone, chosen, next_try_at);
        CREATE TABLE files (
            post TEXT NOT NULL REFERENCES posts (id),
            {_one_of("role", Role)} NOT NULL,
            part INTEGER NOT NULL,
            path TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            seconds REAL NOT NULL,
            codecs TEXT NOT NULL,
            {_one_of("fit", Action)},
            reason TEXT,
            PRIMARY KEY (post, role, part)
        ) STRICT;
        CREATE TABLE records (
            post TEXT NOT NULL REFERENCES posts (id),
            did TEXT NOT NULL,
            destination TEXT NOT NULL,
            part INTEGER NOT NULL,
            collection TEXT NOT NULL,
            rkey TEXT NOT NULL,
            uri TEXT NOT NULL,
            cid TEXT NOT NULL,
            blob_cids TEXT NOT NULL,
            published_at TEXT NOT NULL,
            verified_at TEXT,
            PRIMARY KEY (post, did, destination, part, collection)
        ) STRICT;
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            version TEXT NOT NULL,
            started_at TEXT NOT NULL,
            ended_at TEXT,
            outcome TEXT
        ) STRICT;
        CREATE TABLE attempts (
            id INTEGER PRIMARY KEY,
            run INTEGER NOT NULL REFERENCES runs (id),
            post TEXT NOT NULL REFERENCES posts (id),
            stage TEXT NOT NULL,
            started_at TEXT NOT NULL,
            ended_at TEXT NOT NULL,
            outcome TEXT NOT NULL,
            trouble_code TEXT
        ) STRICT;
        CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    """
    for statement in statements.split(";"):
        if statement.strip():
            db.execute(statement)


@migrations()
def source_files(db: Database) -> None:
    """What was read in the creator's own folders, so that a second scan reads what changed."""
    db.execute(
        """
        CREATE TABLE source_files (
            folder TEXT NOT NULL,
            path TEXT NOT NULL,
            size INTEGER NOT NULL,
            changed_ns INTEGER NOT NULL,
            told TEXT NOT NULL,
            PRIMARY KEY (folder, path)
        ) STRICT
        """
    )


@migrations()
def alt_and_cover(db: Database) -> None:
    """Who wrote an alternative text, and where the still of a video is."""
    db.execute("ALTER TABLE posts ADD COLUMN alt_source TEXT")
    db.execute("ALTER TABLE posts ADD COLUMN cover_url TEXT")


@migrations()
def parts_and_photos(db: Database) -> None:
    """Several files and records for one post, captions, photos, and the user's word on each."""
    statements = f"""
        ALTER TABLE posts ADD COLUMN long TEXT;
        ALTER TABLE posts ADD COLUMN photos TEXT;
        ALTER TABLE posts ADD COLUMN encode INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE files_in_parts (
            post TEXT NOT NULL REFERENCES posts (id),
            {_one_of("role", Role)} NOT NULL,
            part INTEGER NOT NULL,
            lang TEXT NOT NULL DEFAULT '',
            path TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            seconds REAL NOT NULL,
            codecs TEXT NOT NULL,
            {_one_of("fit", Action)},
            reason TEXT,
            PRIMARY KEY (post, role, part, lang)
        ) STRICT;
        INSERT INTO files_in_parts (post, role, part, path, bytes, sha256, width, height, seconds,
            codecs, fit, reason)
            SELECT post, role, part, path, bytes, sha256, width, height, seconds, codecs, fit,
            reason FROM files;
        DROP TABLE files;
        ALTER TABLE files_in_parts RENAME TO files;
        UPDATE posts SET milestone = 'found', chosen = 1, trouble_code = NULL, trouble = NULL,
            hint = NULL
            WHERE trouble_code = 'photo' AND privacy = 'everyone' AND milestone = 'skipped';
        UPDATE posts SET milestone = 'found', trouble_code = NULL, trouble = NULL, hint = NULL
            WHERE trouble_code = 'does_not_fit' AND chosen AND milestone = 'skipped';
    """  # noqa: S608  the words are our own
    for statement in statements.split(";\n"):
        if statement.strip():
            db.execute(statement)
    for privacy in Privacy:
        skip = reason_to_skip(privacy)
        if skip:
            db.execute(
                "UPDATE posts SET chosen = 0, trouble_code = ?, trouble = ?, hint = ? "
                "WHERE trouble_code = 'photo' AND milestone = 'skipped' AND privacy = ?",
                [skip.code, skip.text, skip.hint, privacy.value],
            )


@migrations()
def publishing(db: Database) -> None:
    """What TikTok showed about a post, the user's labels and languages, and who wrote a record.

    Words within `labels` and `langs` are set apart by spaces. Records of earlier versions count
    as written by the run that noted them.
    """
    for statement in (
        "ALTER TABLE posts ADD COLUMN disclosure TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE posts ADD COLUMN ai_generated TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE posts ADD COLUMN labels TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE posts ADD COLUMN langs TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE posts ADD COLUMN reworded INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE records ADD COLUMN run INTEGER REFERENCES runs (id)",
        "UPDATE records SET run = (SELECT max(run) FROM attempts WHERE attempts.post = "
        "records.post AND stage = 'publish' AND outcome = 'done')",
    ):
        db.execute(statement)


@migrations()
def destinations(db: Database) -> None:
    """Where a post is left out for good although it is published elsewhere, and why."""
    db.execute(
        """
        CREATE TABLE left_out (
            post TEXT NOT NULL REFERENCES posts (id),
            destination TEXT NOT NULL,
            code TEXT NOT NULL,
            text TEXT NOT NULL,
            hint TEXT NOT NULL,
            PRIMARY KEY (post, destination)
        ) STRICT
        """
    )


@migrations()
def looks(db: Database) -> None:
    """Which videos, sent straight to the server, nobody has seen playing yet."""
    db.execute(
        """
        CREATE TABLE looks (
            post TEXT PRIMARY KEY REFERENCES posts (id),
            since TEXT NOT NULL,
            next_at TEXT NOT NULL,
            mute_since TEXT,
            goes_back INTEGER NOT NULL
        ) STRICT
        """
    )

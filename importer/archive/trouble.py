"""What SQLite says about a disk or a file, in words for the user."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from importer.errors import DiskFull, UserError

DATABASE_NAME = "archive.db"
_LEAST_ROOM = 64 * 1024  # the smallest a database in WAL mode needs beside itself


@contextmanager
def sqlite_trouble(folder: Path) -> Iterator[None]:
    """Turn what SQLite says about the disk or the file into words for the user."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "")  # errors of the module itself have none
        if name == "SQLITE_FULL" or (name.startswith("SQLITE_IOERR") and _is_full(folder)):
            raise DiskFull(
                f"The disk that holds the archive {folder} is full. Nothing is lost.",
                hint="Free some space and give the same command again.",
            ) from error
        if name.startswith("SQLITE_IOERR"):
            raise UserError(
                f"The disk that holds the archive {folder} fails ({error}). "
                "What is on your account is safe.",
                hint="Check that the disk is connected and sound, then give the same command "
                "again.",
                code="disk_fails",
            ) from error
        if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            raise UserError(
                f"The archive database in {folder} is damaged ({error}). "
                "What is on your account is safe.",
                hint=f"Move {DATABASE_NAME} away and run again: posts already published are "
                "found by their keys and not posted twice.",
                code="damaged_archive",
            ) from error
        if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
            raise UserError(
                f"The archive in {folder} cannot be written ({error}).",
                hint="Check who owns the folder, or choose another with --archive DIR.",
                code="archive_not_writable",
            ) from error
        raise


def _is_full(folder: Path) -> bool:
    # With no room for its shared memory SQLite speaks of an I/O error, not of a full disk.
    try:
        return shutil.disk_usage(folder).free < _LEAST_ROOM
    except OSError:
        return False

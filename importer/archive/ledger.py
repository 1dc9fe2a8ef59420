"""What was spent at each server from this machine: one small database for all archives.

Limits belong to an account or to a network address, not to an archive, so all runs on a machine
share it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import platformdirs

from importer.archive.database import Database
from importer.archive.rows import instant, moment
from importer.archive.trouble import sqlite_trouble
from importer.budgets import BY_ACCOUNT, Kind, Window
from importer.errors import UserError

NAME = "spending.db"


def default_folder() -> Path:
    """Where the ledger of this machine's user lies: `TOKAWAY_STATE`, else the system's place.

    Raises:
        UserError: none is named, and the user has no home.
    """
    named = os.environ.get("TOKAWAY_STATE")
    try:
        return Path(named) if named else platformdirs.user_state_path("tokaway")
    except RuntimeError as error:
        raise UserError(
            "There is no home folder here, so Tokaway cannot note what it spends at a server. "
            "Nothing was sent.",
            hint="Name a folder that stays from run to run with the variable TOKAWAY_STATE.",
            code="no_home",
        ) from error


class Ledger:
    """Windows by host and account. May be used from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        with sqlite_trouble(folder):
            folder.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                folder / NAME, timeout=30, isolation_level=None, check_same_thread=False
            )
            self._db = Database(connection)
            self._db.enable_wal()
            # Losing the last moments in a power cut only means to count a little too little.
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS windows (host TEXT NOT NULL, who TEXT NOT NULL, "
                "kind TEXT NOT NULL, seconds INTEGER NOT NULL, ceiling INTEGER NOT NULL, "
                "used INTEGER NOT NULL, resets_at TEXT, "
                "PRIMARY KEY (host, who, kind, seconds)) STRICT"
            )

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def windows(self, host: str, did: str) -> list[Window]:
        """What is known of an account's limits at a host; `kept` is left at none."""
        with self._lock, sqlite_trouble(self._folder):
            return self._windows(host, did)

    def put(self, host: str, did: str, windows: Iterable[Window]) -> None:
        """Note windows as they are."""
        with self._change():
            self._put(host, did, windows)

    def spend(self, host: str, did: str, amounts: dict[Kind, int], now: datetime) -> None:
        """Count what was spent in every window that is known."""
        with self._change():
            self._put(
                host,
                did,
                [
                    window.spent(amounts[window.kind], now)
                    for window in self._windows(host, did)
                    if amounts.get(window.kind)
                ],
            )

    def learn(self, host: str, did: str, told: Window, now: datetime) -> None:
        """Believe a server that says how much of a window is used."""
        with self._change():
            known = [
                one
                for one in self._windows(host, did)
                if (one.kind, one.seconds) == (told.kind, told.seconds)
            ]
            self._put(host, did, [one.told(told, now) for one in known] or [told])

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._lock, sqlite_trouble(self._folder):
            # Reading comes before writing: nobody else may write in between.
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _windows(self, host: str, did: str) -> list[Window]:
        return [
            Window(
                kind=Kind(row["kind"]),
                seconds=row["seconds"],
                limit=row["ceiling"],
                used=row["used"],
                resets_at=instant(row["resets_at"]),
            )
            for row in self._db.query(
                "SELECT * FROM windows WHERE host = ? AND who IN ('', ?) ORDER BY kind, seconds",
                [host, did],
            )
        ]

    def _put(self, host: str, did: str, windows: Iterable[Window]) -> None:
        for window in windows:
            self._db.execute(
                "INSERT INTO windows (host, who, kind, seconds, ceiling, used, resets_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (host, who, kind, seconds) DO UPDATE "
                "SET ceiling = excluded.ceiling, used = excluded.used, "
                "resets_at = excluded.resets_at",
                [
                    host,
                    did if window.kind in BY_ACCOUNT else "",
                    window.kind.value,
                    window.seconds,
                    window.limit,
                    window.used,
                    moment(window.resets_at) if window.resets_at else None,
                ],
            )

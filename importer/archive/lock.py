"""One run at a time in an archive, by a lock that the system frees when its process dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from importer.errors import ArchiveInUse

LOCK_NAME = "archive.lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the archive for this process.

    Raises:
        ArchiveInUse: another process holds it.
    """
    # Imported here: commands that only look do not need it.
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK_NAME)
    try:
        lock.acquire(timeout=0)
    except Timeout as busy:
        raise ArchiveInUse(
            f"Another Tokaway run is working on the archive {folder}. Nothing was changed.",
            hint="Wait for that run to end, or stop it, and then give the same command again.",
        ) from busy
    try:
        yield
    finally:
        lock.release()

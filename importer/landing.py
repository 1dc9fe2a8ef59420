"""Files that are written whole or not at all: under another name first, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from importer.errors import DiskFull


@contextmanager
def landing(target: Path) -> Iterator[Path]:
    """A path to write to that becomes `target` when the block ends well, and goes otherwise.

    Raises:
        DiskFull: there was no room.
    """
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        land(part, target)
    except OSError as error:
        if is_full(error):
            raise full(target) from error
        raise
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def land(part: Path, target: Path) -> None:
    """Move a whole file to its name so that a power cut leaves it there whole or not at all."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def is_full(error: OSError) -> bool:
    """Whether there was no room."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}


def full(target: Path) -> DiskFull:
    """The error for a disk without room for `target`."""
    return DiskFull(
        f"The disk that holds {target.parent} has no room for the next video. Nothing is lost.",
        hint="Free some space, or move the archive to a larger disk, and give the same command.",
    )

"""A file that is still arriving: it gets its own name only when it is whole."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from importer.errors import DiskFull


@dataclass(frozen=True, slots=True)
class Note:
    """What the server said of the file when its first byte came. `total` is in bytes."""

    etag: str | None = None
    last_modified: str | None = None
    total: int | None = None

    @property
    def validator(self) -> str | None:
        """What If-Range may carry: a strong ETag or a date (RFC 9110, section 13.1.5)."""
        weak = self.etag is not None and self.etag.startswith("W/")
        return self.last_modified if weak or not self.etag else self.etag


class PartFile:
    """`<target>.part`, and beside it `<target>.part.json`: the note by which to go on with it."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self._note_path = target.with_name(target.name + ".part.json")

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        return self.path.stat().st_size if self.path.exists() else 0

    def note(self) -> Note:
        """The note; an empty one if there is none that can be read."""
        try:
            return msgspec.json.decode(self._note_path.read_bytes(), type=Note)
        except (OSError, ValueError):
            return Note()

    def begin(self, note: Note) -> None:
        """Start again from nothing, emptied first: a note never speaks of older bytes."""
        self.path.write_bytes(b"")
        self._note_path.write_bytes(msgspec.json.encode(note))

    def discard(self) -> None:
        """Forget what has arrived."""
        self.path.unlink(missing_ok=True)
        self._note_path.unlink(missing_ok=True)

    def land(self) -> None:
        """Give the whole file its name."""
        land(self.path, self.target)
        self._note_path.unlink(missing_ok=True)


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
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
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


def full(target: Path) -> DiskFull:
    """The error for a disk without room for `target`."""
    return DiskFull(
        f"The disk that holds {target.parent} has no room for the next video. Nothing is lost.",
        hint="Free some space, or move the archive to a larger disk, and give the same command.",
    )

"""A file that is still arriving: it gets its own name only when it is whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from importer.landing import land


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

"""The photos of one post in a folder of the creator's, by their names, and their sound.

gallery-dl writes `<id>_01 title.jpg` with `<id> title.mp3`, 4K Tokkit `…_<id>_index_0.jpg`. A
picture that bears an ID without a number is a cover.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePath

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".gif"})
SOUNDS = frozenset({".mp3", ".m4a", ".aac", ".opus", ".ogg", ".wav", ".flac"})
_ID = r"(?<![0-9])(?P<id>[67][0-9]{18})"
_NUMBERED = re.compile(rf"{_ID}(?:_index)?_(?P<number>[0-9]{{1,3}})(?![0-9])")
_NAMED = re.compile(rf"{_ID}(?![0-9])")


def place_in_set(name: str) -> tuple[str, int] | None:
    """The post's ID and the number of a photo, by its file name; `None` if it is of no set."""
    if PurePath(name).suffix.lower() not in PICTURES:
        return None
    found = _NUMBERED.search(name)
    return (found["id"], int(found["number"])) if found else None


def photo_set(one: Path) -> tuple[list[Path], Path | None]:
    """All photos of the post that `one` is of, in order, and their sound if it lies there.

    Raises:
        OSError: the folder cannot be read.
    """
    place = place_in_set(one.name)
    if place is None:
        return [one], None
    photos: dict[int, Path] = {}
    sound: Path | None = None
    for path in sorted(one.parent.iterdir()):
        other = place_in_set(path.name)
        if other and other[0] == place[0]:
            photos.setdefault(other[1], path)
        elif path.suffix.lower() in SOUNDS and _is_of(path.name, place[0]):
            sound = sound or path
    return [photo for _, photo in sorted(photos.items())], sound


def _is_of(name: str, video_id: str) -> bool:
    found = _NAMED.search(name)
    return found is not None and found["id"] == video_id

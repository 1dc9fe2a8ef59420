"""Taking the colour profile out of a video that FFmpeg wrote: some versions copy it unasked.

Such a profile names the screen or camera it is of. Players go by the picture itself.
"""

from __future__ import annotations

from pathlib import Path

_LARGEST_INDEX = 64 * 1024 * 1024
_PROFILES = (b"colrprof", b"colrrICC")


def blank_profiles(path: Path) -> None:
    """Make an empty gap of each profile in the index of an MP4, where that comes second.

    Raises:
        OSError: the file cannot be read or changed.
    """
    with path.open("r+b") as file:
        start = int.from_bytes(file.read(4), "big")
        file.seek(start)
        head = file.read(8)
        size = int.from_bytes(head[:4], "big")
        if head[4:] != b"moov" or size > _LARGEST_INDEX:
            return
        index = file.read(size - 8)
        for kind in _PROFILES:
            at = index.find(kind)
            while at >= 4:
                length = int.from_bytes(index[at - 4 : at], "big") - 8
                if 0 < length <= len(index) - at - 4:
                    file.seek(start + 8 + at)
                    file.write(b"free" + bytes(length))
                at = index.find(kind, at + 4)

"""Tells whether two files show the same video, whatever their size, quality and codec.

A fingerprint is three difference hashes of 64 bits: is each of 8 by 8 fields of a small grey
picture brighter than the next one? They are taken at a tenth, half and nine tenths of the video.
Measured on clips of 2 to 4 s: re-encoded, made smaller or larger or given a small mark, at most 7
bits of a hash differ; of different clips at least 29 do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from importer.media.container import open_media

if TYPE_CHECKING:
    import av

PLACES = (0.1, 0.5, 0.9)
SAME_SECONDS = 0.1
SAME_BITS = 10
_WIDTH, _HEIGHT = 9, 8
# From one key frame to the next there are seldom more frames than this.
_MOST_FRAMES = 600


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a video looks like: its length in seconds and one hash for each of `PLACES`."""

    seconds: float
    hashes: tuple[int, ...]

    def is_like(self, other: Fingerprint) -> bool:
        """Whether both show the same video."""
        if abs(self.seconds - other.seconds) > SAME_SECONDS:
            return False
        return distance(self, other) <= SAME_BITS


def distance(one: Fingerprint, other: Fingerprint) -> int:
    """The most bits in which the hashes of one place differ, 0 to 64."""
    pairs = zip(one.hashes, other.hashes, strict=True)
    return max((a ^ b).bit_count() for a, b in pairs)


def fingerprint(path: Path) -> Fingerprint | None:
    """The fingerprint of a video file; `None` if it cannot be read as one."""
    import av

    try:
        with open_media(path) as container:
            stream = next((s for s in container.streams.video), None)
            if stream is None or not container.duration:
                return None
            seconds = container.duration / av.time_base
            hashes = tuple(_hash_at(container, stream, seconds * place) for place in PLACES)
    except (av.FFmpegError, OSError, ValueError):
        return None
    known = tuple(found for found in hashes if found is not None)
    return Fingerprint(seconds, known) if len(known) == len(PLACES) else None


def _hash_at(
    container: av.container.InputContainer, stream: av.VideoStream, seconds: float
) -> int | None:
    import av

    container.seek(int(seconds * av.time_base))
    last: av.VideoFrame | None = None
    for number, frame in enumerate(container.decode(stream)):
        last = frame
        if number >= _MOST_FRAMES or (frame.time is not None and frame.time >= seconds):
            break
    return _hash(last) if last else None


def _hash(frame: av.VideoFrame) -> int:
    from av.video.reformatter import Interpolation

    small = frame.reformat(
        width=_WIDTH, height=_HEIGHT, format="gray", interpolation=Interpolation.AREA
    )
    plane = small.planes[0]
    rows = memoryview(plane)
    bits = 0
    for row in range(_HEIGHT):
        start = row * plane.line_size
        for column in range(_WIDTH - 1):
            bits = bits << 1 | (rows[start + column] > rows[start + column + 1])
    return bits

"""Reading where a video can be cut: its key frames, and how loud it is around a moment."""

from __future__ import annotations

import contextlib
import math
from array import array
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from importer.media.container import open_media
from importer.media.cuts import KeyFrame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer

_RATE = 8000
# On either side of the moment: shorter than a pause between sentences.
_AROUND_SECONDS = 0.15
# Quieter than this is silence, louder than that is full: root mean square in decibels.
_SILENT_DB, _LOUD_DB = -50.0, -10.0


def key_frames(path: Path) -> list[KeyFrame]:
    """The key frames of a video in order; times count from its start.

    Reads the whole file without decoding it. What is damaged ends the list.
    """
    found: list[KeyFrame] = []
    import av

    with open_media(path) as container, contextlib.suppress(av.FFmpegError):
        video = container.streams.video[0]
        base = video.time_base or 0
        start = (container.start_time or 0) / av.time_base
        found.extend(
            KeyFrame(float(packet.pts * base) - start, float(packet.dts * base) - start)
            for packet in container.demux(video)
            if packet.is_keyframe and packet.pts is not None and packet.dts is not None
        )
    return sorted(found)


@contextmanager
def loudness_of(path: Path) -> Iterator[Callable[[float], float]]:
    """A function that tells how loud a video is around a moment, from 0 for silence to 1."""
    with open_media(path) as container:
        yield lambda at: _loudness(container, at)


def _loudness(container: InputContainer, at: float) -> float:
    import av
    from av.audio.resampler import AudioResampler

    if not container.streams.audio:
        return 0.0
    audio = container.streams.audio[0]
    start = (container.start_time or 0) / av.time_base
    first, last = at - _AROUND_SECONDS + start, at + _AROUND_SECONDS + start
    samples: array[int] = array("h")
    resampler = AudioResampler("s16", "mono", _RATE)
    try:
        container.seek(int(max(0.0, first) * av.time_base), backward=True)
        for frame in container.decode(audio):
            if frame.time is None or frame.time > last:
                break
            if frame.time + frame.samples / frame.sample_rate >= first:
                frame.pts = None
                for piece in resampler.resample(frame):
                    samples.frombytes(bytes(piece.planes[0])[: 2 * piece.samples])
    except av.FFmpegError:
        # Damaged sound does not keep the picture from being cut.
        return 1.0
    if not samples:
        return 0.0
    power = sum(sample * sample for sample in samples) / len(samples) / (1 << 30)
    decibels = 10 * math.log10(power) if power else _SILENT_DB
    return min(1.0, max(0.0, (decibels - _SILENT_DB) / (_LOUD_DB - _SILENT_DB)))

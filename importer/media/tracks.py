"""What the tracks of an MP4 or MOV tell: codec, size, turn, times and what an edit list hides.

Layout: ISO/IEC 14496-12 (boxes), 14496-14 (`esds`), 14496-15 (`avcC`).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from importer.media import sps

Children = dict[str, memoryview]
PICTURE, SOUND = "vide", "soun"
VISUAL_HEAD = 78
_SOUND_HEAD = 28
# QuickTime's longer heads of a sound description, by version.
_SOUND_VERSION_EXTRA = {0: 0, 1: 16, 2: 36}
_AAC = frozenset({0x40, 0x66, 0x67, 0x68})
# LC, and what HE-AAC (SBR) and HE-AACv2 (PS) add to it.
_PARAMETRIC_STEREO = 29
_COMMON_AAC = frozenset({2, 5, _PARAMETRIC_STEREO})
_CHANNELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8}


@dataclass(frozen=True, slots=True)
class Track:
    """One track. Times are in seconds, `rotation` is clockwise in degrees.

    `codec` is the four-letter name of the sample entry, of a sound in `esds` the codec in it; it
    is empty where the track is damaged.
    `start` and `end` are where the track begins and ends in the film; `hidden` is how much of
    its media an edit list keeps from being shown. `intervals` are the runs of equal distances
    between samples in decoding order, as (number of samples, seconds). `picture` is known for
    H.264 only, `dolby_vision` is a profile.
    """

    handler: str
    codec: str = ""
    rotation: int = 0
    start: float = 0.0
    end: float = 0.0
    hidden: float = 0.0
    samples: int = 0
    intervals: tuple[tuple[int, float], ...] = ()
    picture: sps.Picture | None = None
    aspect: float | None = None
    transfer: int = 2
    channels: int = 0
    dolby_vision: int | None = None
    is_dated: bool = False

    @property
    def is_irregular(self) -> bool:
        """Whether the pictures' times are those of a video cut without encoding.

        Cutting so leaves a first picture, or single ones later, shown for a fraction of the time
        of all others. Phones, whose pictures come a little early or late, are not meant.
        """
        runs, usual = self._followed(), self.usual_interval
        total = sum(count for count, _ in runs)
        if total < 3:
            return False
        short = sum(count for count, length in runs if length < usual / 2)
        steady = sum(count for count, length in runs if abs(length - usual) <= usual / 10)
        return runs[0][1] < usual / 2 or bool(short and short + steady >= 0.95 * total)

    @property
    def usual_interval(self) -> float:
        """The median distance between samples, 0 when there are not two."""
        runs = sorted(self._followed(), key=lambda run: run[1])
        half = sum(count for count, _ in runs) / 2
        for count, length in runs:
            half -= count
            if half <= 0:
                return length
        return 0.0

    @property
    def usual_rate(self) -> float:
        """How many pictures a second those make that are in step, 0 when there are not two.

        Containers that round times to milliseconds have no single interval that is right.
        """
        usual = self.usual_interval
        steady = [run for run in self._followed() if abs(run[1] - usual) <= usual / 10]
        length = sum(count * seconds for count, seconds in steady)
        return sum(count for count, _ in steady) / length if length else 0.0

    def _followed(self) -> list[tuple[int, float]]:
        """The runs without the last sample: what it lasts is often made up."""
        *before, (count, length) = self.intervals or ((1, 0.0),)
        return [*before, (count - 1, length)] if count > 1 else before


def read(boxes: Children, film_ticks: int) -> Track:
    """Read a track; where it is damaged only what it is for, and how far it is turned.

    Args:
        boxes: the contents of its boxes by name, the inner ones of `mdia` and `stbl` included.
        film_ticks: ticks a second of the film, in which edit lists are written.
    """
    handler = handler_of(boxes)
    header = boxes.get("tkhd", memoryview(b""))
    known = Track(handler, rotation=_turn(header), is_dated=_is_dated(header))
    try:
        ticks, dated = film_header(boxes["mdhd"])
        runs = _runs(boxes["stts"])
        length = sum(count * delta for count, delta in runs) / ticks
        start, shown = _edits(boxes.get("elst"), film_ticks, length)
        told = _description(handler, boxes["stsd"])
    except (struct.error, ValueError, KeyError, IndexError):
        return known
    return replace(
        known,
        start=start,
        end=start + shown,
        hidden=max(0.0, length - shown),
        samples=sum(count for count, _ in runs),
        intervals=tuple((count, delta / ticks) for count, delta in runs if count),
        is_dated=dated or known.is_dated,
        **told,
    )


def handler_of(boxes: Children) -> str:
    """What a track is for, by its `hdlr`."""
    return bytes(boxes["hdlr"][8:12]).decode("latin-1") if "hdlr" in boxes else ""


def sample_bytes(boxes: Children) -> int:
    """How many bytes all samples of a track have, 0 where its index does not say."""
    if "stz2" in boxes:
        return _small_samples(boxes["stz2"])
    sizes = boxes.get("stsz", memoryview(b""))
    each, count = number(sizes, 4), number(sizes, 8)
    if each:
        return each * count
    listed = sizes[12 : 12 + 4 * count]
    return sum(struct.unpack_from(f">{len(listed) // 4}I", listed))


def _small_samples(stz2: memoryview) -> int:
    sizes = stz2[12:]
    match number(stz2, 4):
        case 16:
            return 256 * sum(sizes[::2]) + sum(sizes[1::2])
        case 8:
            return sum(sizes)
        case _:
            return sum((pair >> 4) + (pair & 15) for pair in sizes)


def _is_dated(header: memoryview) -> bool:
    """Whether a `mvhd`, `tkhd` or `mdhd` says when it was made."""
    length = 8 if bytes(header[:1]) == b"\1" else 4
    return any(header[4 : 4 + 2 * length])


def film_header(header: memoryview) -> tuple[int, bool]:
    """Ticks a second as `mvhd` or `mdhd` says, and whether it says when it was made.

    Raises:
        ValueError: it has no ticks.
    """
    at = 20 if bytes(header[:1]) == b"\1" else 12
    ticks = int.from_bytes(header[at : at + 4], "big")
    if not ticks:
        raise ValueError("a film without time")
    return ticks, _is_dated(header)


def _runs(stts: memoryview) -> list[tuple[int, int]]:
    (count,) = struct.unpack_from(">I", stts, 4)
    return list(struct.iter_unpack(">II", stts[8 : 8 + 8 * min(count, (len(stts) - 8) // 8)]))


def _edits(elst: memoryview | None, film_ticks: int, length: float) -> tuple[float, float]:
    """Where the track begins in the film, and how much of its media is shown."""
    if elst is None:
        return 0.0, length
    form = ">QqI" if elst[0] == 1 else ">IiI"
    size = struct.calcsize(form)
    (count,) = struct.unpack_from(">I", elst, 4)
    start = shown = 0.0
    for number in range(min(count, (len(elst) - 8) // size)):
        duration, media_time, _ = struct.unpack_from(form, elst, 8 + size * number)
        if media_time >= 0:
            # 0 stands for "to the end" in files written while recording.
            shown += duration / film_ticks or length
        elif not shown:
            start += duration / film_ticks
    return start, min(shown, length) if shown else length


def _turn(tkhd: memoryview) -> int:
    """The clockwise turn of a track header's matrix, to the nearest quarter."""
    at = 52 if bytes(tkhd[:1]) == b"\1" else 40
    if len(tkhd) < at + 36:
        return 0
    a, b = struct.unpack_from(">ii", tkhd, at)
    return round(math.degrees(math.atan2(b, a)) / 90) % 4 * 90


def children(data: memoryview) -> Iterator[tuple[str, memoryview]]:
    """The boxes inside `data`; what does not parse as a box ends the row."""
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big") or len(data) - at
        if length < 8 or at + length > len(data):
            return
        yield bytes(data[at + 4 : at + 8]).decode("latin-1"), data[at + 8 : at + length]
        at += length


def number(data: memoryview, at: int) -> int:
    """Four bytes as a number; those behind the end are none."""
    return int.from_bytes(data[at : at + 4], "big")


def _description(handler: str, stsd: memoryview) -> dict[str, Any]:
    (count,) = struct.unpack_from(">I", stsd, 4)
    entries = list(children(stsd[8:]))
    if count != 1 or len(entries) != 1:
        # It changes its form half-way: every field would be true of one half only.
        return {"codec": "several"}
    name, entry = entries[0]
    if handler == PICTURE:
        return _picture(name, entry)
    if handler == SOUND:
        return _sound(name, entry)
    return {"codec": name}


def _picture(name: str, entry: memoryview) -> dict[str, Any]:
    told: dict[str, Any] = {"codec": name}
    for kind, content in children(entry[VISUAL_HEAD:]):
        if kind == "avcC" and content[5] & 31:
            (length,) = struct.unpack_from(">H", content, 6)
            told["picture"] = sps.read(bytes(content[8 : 8 + length]))
        elif kind == "pasp":
            width, height = struct.unpack_from(">II", content)
            told["aspect"] = width / height if width and height else None
        elif kind == "colr" and bytes(content[:4]) in {b"nclx", b"nclc"}:
            told["transfer"] = struct.unpack_from(">H", content, 6)[0]
        elif kind in {"dvcC", "dvvC", "dvwC"}:
            told["dolby_vision"] = content[2] >> 1
    return told


def sound_head(entry: memoryview) -> int:
    """How long the fields of a sound description are, before its boxes."""
    return _SOUND_HEAD + _SOUND_VERSION_EXTRA.get(int.from_bytes(entry[8:10], "big"), 0)


def _sound(name: str, entry: memoryview) -> dict[str, Any]:
    (channels,) = struct.unpack_from(">H", entry, 16)
    boxes = dict(children(entry[sound_head(entry) :]))
    if "wave" in boxes:
        boxes |= dict(children(boxes["wave"]))
    if name != "mp4a" or "esds" not in boxes:
        return {"codec": name, "channels": channels}
    return _elementary(bytes(boxes["esds"][4:]), channels)


def _elementary(data: bytes, channels: int) -> dict[str, Any]:
    """The codec inside an `esds`, by its descriptors (3, 4 and 5)."""
    at = 0
    kind = 0
    while at < len(data):
        tag, at = data[at], at + 1
        size = 0
        while True:
            byte, at = data[at], at + 1
            size = size << 7 | byte & 127
            if byte < 128:
                break
        if tag == 3:
            flags = data[at + 2]
            at += 3 + 2 * bool(flags & 128) + 2 * bool(flags & 32)
            if flags & 64:
                at += 1 + data[at]
        elif tag == 4:
            kind = data[at]
            at += 13
        elif tag == 5 and kind in _AAC:
            head = int.from_bytes(data[at : at + 4].ljust(4, b"\0"), "big")
            form = head >> 27
            explicit = head >> 23 & 15 == 15
            layout = _CHANNELS.get(0 if explicit else head >> 19 & 15, channels)
            if form == _PARAMETRIC_STEREO and layout == 1:
                layout = 2  # one channel, and how to make two of it
            return {"codec": "aac" if form in _COMMON_AAC else "unknown", "channels": layout}
        else:
            break
    return {"codec": "unknown", "channels": channels}

"""Every kind of file gets the treatment it needs, and what comes out is right by another look.

That look is taken with FFmpeg's libraries and the bytes themselves, not with our own probing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from importer.media.fit import decide
from importer.media.probe import probe
from importer.model import Action
from tests.clips import Clips
from tests.media.matrix import CASES, LIMITS, SECRETS, SENT, Case, Treated

HDR = {"pq.mp4", "hlg.mp4", "dolby_vision_8.mp4"}
THUMBNAIL = 32


@dataclass(frozen=True, slots=True)
class Seen:
    """What a player makes of a file."""

    codecs: tuple[str, ...]
    pixel_format: str
    transfer: int
    size: tuple[int, int]
    pixel_aspect: float
    pictures: int
    shown: float
    heard: float
    first: Image.Image
    channels: int
    times: tuple[float, ...]


@cache
def seen(path: Path) -> Seen:
    """Decode all of a file."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        frames = list(container.decode(video))
        aspect = float(video.sample_aspect_ratio or 1) or 1.0
        transfer = video.codec_context.color_trc
        codecs = tuple(
            s.codec_context.codec.canonical_name for s in container.streams if s.codec_context
        )
    heard, channels = 0.0, 0
    with av.open(str(path)) as container:
        sounds = container.streams.audio
        for frame in container.decode(sounds[0]) if sounds else ():
            heard += frame.samples / frame.sample_rate
            channels = len(frame.layout.channels)
    times = tuple(float(frame.time or 0) for frame in frames)
    usual = sorted(b - a for a, b in pairwise(times))[len(times) // 2 - 1] if times[1:] else 0.1
    first: Any = frames[0]
    return Seen(
        codecs=codecs,
        pixel_format=first.format.name,
        transfer=transfer,
        size=(first.width, first.height),
        pixel_aspect=aspect,
        pictures=len(frames),
        shown=times[-1] - times[0] + usual,
        heard=heard,
        first=upright(first.to_image(), first.rotation, aspect),
        channels=channels,
        times=times,
    )


def upright(image: Image.Image, rotation: int, aspect: float) -> Image.Image:
    """A thumbnail as a player shows it."""
    width, height = image.width * aspect, image.height
    scale = THUMBNAIL / max(width, height)
    small = image.resize((round(width * scale), round(height * scale)), Image.Resampling.BOX)
    return small.rotate(rotation, expand=True)


def difference(first: Image.Image, second: Image.Image) -> float:
    """The mean difference of two pictures, 0 to 255; of different shapes they are not alike."""
    if max(abs(a - b) for a, b in zip(first.size, second.size, strict=True)) > 1:
        return 255.0
    return sum(ImageStat.Stat(ImageChops.difference(first, second.resize(first.size))).mean) / 3


def top_boxes(path: Path) -> Iterator[tuple[str, bytes]]:
    """The boxes of a file, read anew."""
    data = path.read_bytes()
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        assert length >= 8, "an odd box"
        yield data[at + 4 : at + 8].decode("latin-1"), data[at + 8 : at + length]
        at += length
    assert at == len(data)


each = pytest.mark.parametrize("case", SENT, ids=lambda case: case.name)


def test_the_matrix_is_large() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60


def test_what_cannot_be_had_is_left_out_with_the_reason(clips: Clips) -> None:
    for case in CASES:
        if case.action is Action.SKIP:
            fit = decide(probe(clips[case.name]), LIMITS)
            assert (fit.action, "Dolby Vision" in fit.reason) == (Action.SKIP, True)


@each
def test_what_is_sent_is_a_plain_mp4(treated: Treated, case: Case) -> None:
    path = treated[case]
    boxes = list(top_boxes(path))
    names = [name for name, _ in boxes if name != "free"]
    assert names == ["ftyp", "moov", "mdat"]
    assert boxes[0][1][:4] in {b"isom", b"iso2", b"mp42", b"avc1"}
    found = seen(path)
    assert set(found.codecs) <= {"h264", "aac"}
    assert len(found.codecs) == len(set(found.codecs))
    assert found.pixel_format == "yuv420p"
    assert found.transfer not in {16, 18}
    assert found.pixel_aspect == 1.0
    assert found.channels <= 2
    assert all(side % 2 == 0 for side in found.size)


@each
def test_nothing_is_lost(clips: Clips, treated: Treated, case: Case) -> None:
    before, after = seen(clips[case.name]), seen(treated[case])
    frame = before.shown / before.pictures
    assert after.shown == pytest.approx(before.shown, abs=frame + 0.002)
    assert after.heard == pytest.approx(before.heard, abs=0.06)
    assert (after.heard > 0) == (before.heard > 0)
    if case.name != "huge.mp4":
        width, height = round(before.size[0] * before.pixel_aspect), before.size[1]
        shapes = [(width, height), (height, width)]
        assert any(max(abs(w - a), abs(h - b)) <= 1 for w, h in shapes for a, b in [after.size])


@each
def test_it_looks_the_same(clips: Clips, treated: Treated, case: Case) -> None:
    before, after = seen(clips[case.name]).first, seen(treated[case]).first
    if case.name in HDR:
        # A grey of 128: the darker and brighter parts of HDR have no counterpart to compare with.
        assert ImageStat.Stat(after).mean == pytest.approx([128] * 3, abs=5)
        return
    assert difference(before, after) < 6


@each
def test_time_goes_evenly_in_what_is_encoded(clips: Clips, treated: Treated, case: Case) -> None:
    found = seen(treated[case])
    gaps = [b - a for a, b in pairwise(found.times)]
    assert all(gap > 0 for gap in gaps)
    if case.name.startswith("vfr"):
        # Uneven as its author made it.
        before, after = seen(clips[case.name]).times, found.times
        expected = [time - before[0] for time in before]
        assert [time - after[0] for time in after] == pytest.approx(expected, abs=0.002)
    elif case.action is Action.TRANSCODE and gaps:
        usual = sorted(gaps)[len(gaps) // 2]
        assert min(gaps) > usual / 2


@each
def test_it_needs_nothing_more(treated: Treated, case: Case) -> None:
    assert decide(probe(treated[case]), LIMITS).action is Action.KEEP


@each
def test_it_says_nothing_about_anybody(clips: Clips, treated: Treated, case: Case) -> None:
    source, sent = clips[case.name].read_bytes(), treated[case].read_bytes()
    told = [secret for secret in SECRETS if secret in source]
    assert bool(told) == case.tells
    assert [secret for secret in SECRETS if secret in sent] == []
    with av.open(str(treated[case])) as container:
        tags = dict(container.metadata)
        for stream in container.streams:
            tags |= stream.metadata
    assert tags.keys() <= {
        *("major_brand", "minor_version", "compatible_brands"),
        *("language", "handler_name", "vendor_id", "encoder"),
    }
    assert len(set(tags)) == len(tags)
    names = {"VideoHandler", "SoundHandler", "", "Core Media Video"}
    assert tags.get("handler_name", "") in names


def test_turned_the_wrong_way_would_be_noticed(clips: Clips) -> None:
    """The comparison itself: the test picture is like no turned copy of itself."""
    image = seen(clips["keep.mp4"]).first
    for turn in (90, 180, 270):
        assert difference(image, image.rotate(turn, expand=True)) > 20
    assert difference(image, image.point(lambda value: value * 0.8)) > 6

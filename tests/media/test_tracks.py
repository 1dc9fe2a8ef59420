"""What tracks tell of times: cut marks are seen, the unevenness of phones is not one."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.media.tracks import PICTURE, Track, children, film_header, read, sample_bytes
from tests.clips import box

TICKS = 15_000


def track(*runs: tuple[int, float]) -> Track:
    return Track(PICTURE, intervals=runs)


@pytest.mark.parametrize(
    ("runs", "irregular"),
    [
        ([(300, 1 / 30)], False),
        # The first picture is a sliver: trimmed without encoding.
        ([(1, 0.003), (299, 1 / 30)], True),
        # A sliver in the middle: frames were taken out.
        ([(100, 1 / 30), (1, 0.004), (199, 1 / 30)], True),
        # What the last one lasts is often made up.
        ([(299, 1 / 30), (1, 0.001)], False),
        # A phone: a little early, a little late, one dropped.
        ([(40, 0.0333), (40, 0.0317), (40, 0.035), (3, 0.0667), (77, 0.0333)], False),
        # Different rates by nature, as screen recordings have.
        ([(50, 0.1), (50, 0.04), (50, 0.2)], False),
        ([(2, 1 / 30)], False),
        ([(1, 1 / 30)], False),
        ([], False),
    ],
)
def test_cut_marks(runs: list[tuple[int, float]], irregular: bool) -> None:
    assert track(*runs).is_irregular is irregular


def test_the_usual_interval_is_the_median() -> None:
    assert track((1, 0.003), (299, 0.04)).usual_interval == 0.04
    assert track((10, 0.1), (30, 0.02)).usual_interval == 0.02
    assert track((1, 0.04)).usual_interval == 0.0


def test_the_usual_rate_is_that_of_all_in_step() -> None:
    # Thirty pictures a second in milliseconds, one of them early.
    assert track(*[(1, 0.033), (1, 0.034), (1, 0.033)] * 9, (1, 0.008), (1, 0.059)).usual_rate == (
        pytest.approx(30)
    )
    assert track((1, 0.04)).usual_rate == 0.0


def full(version: int, *fields: int, form: str) -> bytes:
    return bytes((version, 0, 0, 0)) + struct.pack(f">{form}", *fields)


def boxes(*, version: int = 0, edits: list[tuple[int, int]] | None = None) -> bytes:
    """A track of ten pictures of 0.1 s, as `mdia` and the other boxes hold it."""
    long = "QQIQ" if version else "IIII"
    inner = [
        box(b"hdlr", bytes(8) + b"vide" + bytes(12)),
        box(b"mdhd", full(version, 0, 0, TICKS, TICKS, form=long) + bytes(4)),
        box(b"stts", full(0, 1, 10, TICKS // 10, form="III")),
        box(b"stsd", full(0, 1, form="I") + box(b"mp4v", bytes(78))),
    ]
    if edits is not None:
        entry = "QqI" if version else "IiI"
        listed = b"".join(struct.pack(f">{entry}", *edit, 1 << 16) for edit in edits)
        inner.append(box(b"elst", full(version, len(edits), form="I") + listed))
    return b"".join(inner)


def told(data: bytes, film_ticks: int = 1000) -> Track:
    return read(dict(children(memoryview(data))), film_ticks)


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize(
    ("edits", "start", "end", "hidden"),
    [
        (None, 0.0, 1.0, 0.0),
        ([(1000, 0)], 0.0, 1.0, 0.0),
        # The first four tenths are cut off, but there.
        ([(600, 6000)], 0.0, 0.6, 0.4),
        # It begins later, behind nothing.
        ([(250, -1), (1000, 0)], 0.25, 1.25, 0.0),
        # Two pieces with one between them left out.
        ([(300, 0), (300, 9000)], 0.0, 0.6, 0.4),
        # Written while recording: to the end.
        ([(0, 0)], 0.0, 1.0, 0.0),
        ([(9999, 0)], 0.0, 1.0, 0.0),
        ([], 0.0, 1.0, 0.0),
    ],
)
def test_what_an_edit_list_hides(
    version: int, edits: list[tuple[int, int]] | None, start: float, end: float, hidden: float
) -> None:
    found = told(boxes(version=version, edits=edits))
    assert [found.start, found.end, found.hidden] == pytest.approx([start, end, hidden])
    assert (found.samples, found.codec, found.handler) == (10, "mp4v", PICTURE)


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        ("stsz", full(0, 0, 3, 5, 6, 1000, form="IIIII")),
        ("stsz", full(0, 337, 3, form="II")),
        ("stz2", full(0, 16, 3, form="II") + struct.pack(">HHH", 5, 6, 1000)),
        ("stz2", full(0, 8, 5, form="II") + bytes((255, 255, 255, 240, 6))),
        ("stz2", full(0, 4, 3, form="II") + bytes((0xFF, 0x50))),
    ],
)
def test_how_much_all_samples_are(kind: str, sizes: bytes) -> None:
    expected = 35 if sizes[7] == 4 else 1011
    assert sample_bytes({kind: memoryview(sizes)}) == expected
    assert sample_bytes({}) == 0


def test_a_damaged_track_keeps_its_purpose() -> None:
    data = box(b"hdlr", bytes(8) + b"vide" + bytes(12)) + box(b"mdhd", b"")
    assert told(data) == Track(PICTURE)
    with pytest.raises(ValueError, match="without time"):
        film_header(memoryview(bytes(40)))


@given(st.binary(max_size=200), st.integers(1, 100_000))
def test_whatever_is_in_the_boxes_a_track_comes_out(noise: bytes, film_ticks: int) -> None:
    for name in (b"mdhd", b"stts", b"elst", b"stsd", b"tkhd", b"hdlr"):
        assert told(boxes() + box(name, noise), film_ticks) is not None
        assert told(box(name, noise) + boxes(edits=[(1000, 0)]), film_ticks) is not None

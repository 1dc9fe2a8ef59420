"""The box scan tells the truth about real files and survives any bytes."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.media.boxes import MAX_MOOV_BYTES, MAX_TOP_LEVEL_BOXES, Boxes, scan
from tests.clips import Clips, box, with_udta


def scan_bytes(data: bytes) -> Boxes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        return scan(path)


def test_a_plain_mp4(clips: Clips) -> None:
    found = scan(clips["keep.mp4"])
    assert found.is_iso_media
    assert found.brand == "isom"
    assert found.order == ("ftyp", "moov", "free", "mdat")
    assert found.ftyp_first
    assert found.moov_before_mdat
    assert not (found.truncated or found.fragmented or found.strays or found.tags)


def test_index_last(clips: Clips) -> None:
    assert not scan(clips["index_last.mp4"]).moov_before_mdat


def test_quicktime(clips: Clips) -> None:
    assert scan(clips["quicktime.mov"]).brand == "qt  "


def test_fragments(clips: Clips) -> None:
    assert scan(clips["fragmented.mp4"]).fragmented


@pytest.mark.parametrize("name", ["cut_short.mp4", "no_index.mp4"])
def test_missing_data(clips: Clips, name: str) -> None:
    assert scan(clips[name]).truncated


@pytest.mark.parametrize("cut", [1, 7, 100])
def test_every_missing_byte_counts(clips: Clips, cut: int) -> None:
    assert scan_bytes(clips["keep.mp4"].read_bytes()[:-cut]).truncated


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("place.mp4", "loci"),
        ("place.mov", "©xyz"),
        ("place_key.mov", "com.apple.quicktime.location.ISO6709"),
        ("place_box.mp4", "loci"),
        ("tiktok_tags.mp4", "©cmt"),
        ("cover.mp4", "covr"),
    ],
)
def test_tags(clips: Clips, name: str, tag: str) -> None:
    assert tag in scan(clips[name]).tags


def test_a_uuid_box_inside_the_index(clips: Clips) -> None:
    data = with_udta(clips["index_last.mp4"].read_bytes(), box(b"uuid", bytes(16)))
    assert scan_bytes(data).tags == ("uuid",)


@pytest.mark.parametrize(
    ("extra", "stray"),
    [
        (box(b"uuid", bytes(16)), "uuid"),
        (box(b"free", bytes(5000)), "free"),
        (box(b"blob"), "blob"),
        (b"abc", "leftover bytes"),
        (b"\0\0\0\x03free", "leftover bytes"),
    ],
)
def test_strays(clips: Clips, extra: bytes, stray: str) -> None:
    found = scan_bytes(clips["keep.mp4"].read_bytes() + extra)
    assert found.strays == (stray,)
    assert not found.truncated


def test_a_small_gap_is_no_stray(clips: Clips) -> None:
    assert scan_bytes(clips["keep.mp4"].read_bytes() + box(b"free", bytes(100))).strays == ()


def test_rotation(clips: Clips) -> None:
    assert scan(clips["sideways.mp4"]).rotation == 270
    assert scan(clips["keep.mp4"]).rotation == 0


def test_long_sizes_and_open_ends(clips: Clips) -> None:
    whole = clips["index_last.mp4"].read_bytes()
    moov = whole[whole.rindex(b"moov") - 4 :]
    head = box(b"ftyp", b"isom" + bytes(4))
    long_form = struct.pack(">I4sQ", 1, b"mdat", 16 + 10) + bytes(10)
    found = scan_bytes(head + moov + long_form)
    assert found.order == ("ftyp", "moov", "mdat")
    assert not found.truncated
    open_end = struct.pack(">I4s", 0, b"mdat") + bytes(99)
    assert not scan_bytes(head + moov + open_end).truncated


@pytest.mark.parametrize("data", [b"", b"abc", b"<html><body>no</body></html>", bytes(4096)])
def test_other_files(data: bytes) -> None:
    assert not scan_bytes(data).is_iso_media


def test_a_giant_index_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.mp4"
    with path.open("wb") as file:
        file.write(box(b"ftyp", b"isom" + bytes(4)))
        file.write(struct.pack(">I4s", MAX_MOOV_BYTES + 9, b"moov"))
        file.truncate(file.tell() + MAX_MOOV_BYTES + 1)
    assert scan(path).tags == ("an index too large to look through",)


def test_boxes_without_number_or_depth_end() -> None:
    head = box(b"ftyp", b"isom" + bytes(4))
    assert "too many boxes" in scan_bytes(head + box(b"free") * MAX_TOP_LEVEL_BOXES).strays
    nested = box(b"trak")
    for _ in range(1000):
        nested = box(b"trak", nested)
    assert scan_bytes(head + box(b"moov", nested)).tags == ("boxes nested too deeply",)
    crowd = scan_bytes(head + box(b"moov", box(b"udta", box(b"\xa9xyz") * 60_000)))
    assert crowd.tags == ("©xyz",)


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    scan_bytes(data)
    scan_bytes(box(b"ftyp", b"isom" + bytes(4)) + box(b"moov", data))


@given(changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=8))
def test_any_change_of_a_real_file(clips: Clips, changes: list[tuple[int, int]]) -> None:
    data = bytearray(clips["place_key.mov"].read_bytes())
    index = data.rindex(b"moov") - 4
    for at, value in changes:
        data[index + at % (len(data) - index)] = value
    scan_bytes(bytes(data))

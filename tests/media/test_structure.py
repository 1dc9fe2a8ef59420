"""What belongs in an index is told from what does not, whatever the bytes are."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.media.structure import (
    belongs,
    is_known_encoder,
    is_known_handler,
    is_plain_track,
    is_plain_type,
)
from tests.clips import box

PLACES = [
    *(("moov", "mvhd"), ("moov", "iods"), ("trak", "tkhd"), ("edts", "elst"), ("mdia", "mdhd")),
    *(("minf", "vmhd"), ("dinf", "dref"), ("stbl", "stts"), ("stbl", "stsz"), ("stbl", "stz2")),
    *(("stbl", "sbgp"), ("stbl", "sgpd"), ("stbl", "cslg"), ("stbl", "co64")),
]


def fields(form: str, *values: int | bytes) -> bytes:
    return struct.pack(f">{form}", *values)


@pytest.mark.parametrize(
    ("parent", "kind", "content"),
    [
        ("moov", "mvhd", fields("I", 1 << 24) + bytes(108)),
        ("edts", "elst", fields("II", 0, 2) + bytes(24)),
        ("edts", "elst", fields("II", 1 << 24, 1) + bytes(20)),
        ("stbl", "stsz", fields("III", 0, 500, 9)),
        ("stbl", "stsz", fields("III", 0, 0, 3) + bytes(12)),
        ("stbl", "stz2", fields("III", 0, 4, 3) + bytes(2)),
        ("stbl", "sgpd", fields("I4sIIh", 1 << 24, b"roll", 2, 1, -1)),
        ("stbl", "sbgp", fields("I4sIII", 0, b"roll", 1, 44, 1)),
        ("stbl", "sbgp", fields("I4sIIII", 1 << 24, b"roll", 0, 1, 44, 1)),
        ("stbl", "cslg", bytes(24)),
        ("dinf", "dref", fields("II", 0, 1) + box(b"url ", fields("I", 1))),
    ],
)
def test_a_box_as_long_as_its_data(parent: str, kind: str, content: bytes) -> None:
    assert belongs(kind, memoryview(content), parent)
    assert not belongs(kind, memoryview(content + b"Ada Lovelace"), parent)
    assert not belongs(kind, memoryview(content), "mvex")


def test_groups_of_other_programs() -> None:
    assert not belongs("sbgp", memoryview(fields("I4sIII", 0, b"adal", 1, 44, 1)), "stbl")


def test_one_flag_for_each_picture() -> None:
    entry = box(b"avc1", bytes(78))
    boxes = {
        "hdlr": memoryview(bytes(8) + b"vide" + bytes(13)),
        "stsd": memoryview(fields("II", 0, 1) + entry),
        "stsz": memoryview(fields("III", 0, 500, 9)),
        "sdtp": memoryview(bytes(4 + 9)),
    }
    assert is_plain_track(boxes)
    assert not is_plain_track(boxes | {"sdtp": memoryview(bytes(4 + 9) + b"Ada")})
    assert not is_plain_track({name: boxes[name] for name in ("hdlr", "stsd", "sdtp")})
    assert not is_plain_track(boxes | {"stsd": memoryview(fields("II", 0, 2) + entry + entry)})


@given(st.binary(max_size=130), st.sampled_from(PLACES))
def test_any_bytes_are_judged(noise: bytes, place: tuple[str, str]) -> None:
    content = memoryview(noise)
    belongs(place[1], content, place[0])
    is_known_handler(content)
    is_known_encoder(content)
    is_plain_type(noise)
    for handler in (b"vide", b"soun", b"text"):
        named = memoryview(bytes(8) + handler + noise)
        described = memoryview(fields("II", 0, 1) + box(b"avc1", noise))
        is_plain_track({"hdlr": named, "stsd": described, "sdtp": content})
        is_plain_track({"hdlr": named, "stsd": content})

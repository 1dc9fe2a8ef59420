"""Cleaning lets through what the picture needs, and nothing else."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from PIL import Image

from importer.errors import Refused
from importer.media.fit_photo import decide_photo
from importer.media.image_chunks import BEHIND, PNG, clean, hidden_parts
from importer.media.photos import convert_photo, probe_photo
from importer.model import Action
from tests.media.photo_samples import (
    MAKERS,
    PLACE,
    exif,
    jpeg,
    jpeg_segment,
    picture,
    png_chunk,
    sample,
)

HEADER = slice(len(PNG), len(PNG) + 25)


def with_segment(code: int, content: bytes) -> bytes:
    data = jpeg()
    return data[:2] + jpeg_segment(code, content) + data[2:]


def with_chunk(kind: bytes, content: bytes) -> bytes:
    file = io.BytesIO()
    picture().save(file, "PNG")
    data = file.getvalue()
    return data[: HEADER.stop] + png_chunk(kind, content) + data[HEADER.stop :]


# All but the end, the scan, tables, and the byte that fills.
NO_TABLES = {*range(0x02, 0xC0), 0xC8, *range(0xD8, 0xFF)} - {0xD9, 0xDA, 0xDB, 0xDD}


@pytest.mark.parametrize("code", sorted(NO_TABLES))
def test_no_segment_can_carry_a_note(code: int) -> None:
    for name in (b"", b"Adobe", b"JFIF\0"):
        try:
            cleaned = clean(with_segment(code, name + PLACE))
        except ValueError:
            continue
        assert PLACE not in cleaned


def test_what_adobe_says_of_the_colours_stays() -> None:
    said = b"Adobe\0\x64\0\0\0\0\x01"
    data = with_segment(0xEE, said)
    assert clean(data) == data
    assert clean(with_segment(0xEE, said + PLACE)) == data
    assert hidden_parts(with_segment(0xEE, said + PLACE)) == ["APP14"]


def test_notes_between_scans_are_not_passed_on() -> None:
    file = io.BytesIO()
    picture().save(file, "JPEG", progressive=True)
    data = file.getvalue()
    second = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
    for code in (0xFE, 0xE1, 0xF5, 0x02, 0xD8):
        with pytest.raises(ValueError, match="between two scans"):
            clean(data[:second] + jpeg_segment(code, PLACE) + data[second:])


def test_what_png_says_of_the_colours_stays() -> None:
    for kind, content in ((b"cICP", bytes((12, 13, 0, 1))), (b"gAMA", bytes((0, 0, 177, 143)))):
        data = with_chunk(kind, content)
        assert clean(data) == data


def test_a_chunk_that_is_needed_but_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="needed"):
        clean(with_chunk(b"NEED", PLACE))
    assert PLACE not in clean(with_chunk(b"noNe", PLACE))


def test_everything_hidden_is_named() -> None:
    assert hidden_parts(jpeg(exif=exif()) + PLACE) == ["Exif", BEHIND]
    assert hidden_parts(with_chunk(b"tEXt", PLACE) + PLACE) == ["tEXt", BEHIND]
    # A marker may be preceded by any number of these.
    data = jpeg()
    assert hidden_parts(data[:2] + b"\xff\xff" + data[2:]) == ["filling"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_photos_are_taken_or_refused(tmp_path: Path) -> None:
    """Whatever the decoders raise is told as a refusal, and what comes out is right."""
    chance = random.Random(1)
    whole = [sample(tmp_path, name).read_bytes() for name in MAKERS if name != "empty.jpg"]
    source = tmp_path / "damaged"
    for _ in range(400):
        data = bytearray(chance.choice(whole))
        for _ in range(chance.choice((1, 2, 20))):
            at = chance.randrange(min(len(data), chance.choice((64, 300, 100_000))))
            data[at] = chance.randrange(256)
        source.write_bytes(data)
        try:
            fit = decide_photo(probe_photo(source), 2_000_000)
            if fit.action is not Action.KEEP:
                target, _, _ = convert_photo(source, tmp_path / "out", fit, 2_000_000)
                with Image.open(target) as image:
                    image.load()
        except Refused as error:
            assert error.code in {"damaged", "not_media", "undecodable"}

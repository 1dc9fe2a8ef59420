"""A CAR is read block by block, and whatever is wrong with it is said."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import libipld
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.records.car import (
    CarError,
    as_json,
    cid_bytes,
    cid_text,
    decode,
    read_blocks,
    read_root,
)
from importer.records.cid import record_cid

HEAD = b"\x01\x71\x12\x20"
RECORD: dict[str, Any] = {
    "$type": "app.bsky.feed.post",
    "text": "Hei \U0001f44b",
    "embed": {"ref": {"$link": cid_text(b"\x01\x55\x12\x20" + bytes(32))}},
    "numbers": [1, -2, True, None],
}


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def cid_of(data: bytes) -> bytes:
    return HEAD + hashlib.sha256(data).digest()


def car(*contents: bytes, root: bytes | None = None) -> bytes:
    header = libipld.encode_dag_cbor({"version": 1, "roots": [root or cid_of(contents[0])]})
    made = varint(len(header)) + header
    for data in contents:
        made += varint(36 + len(data)) + cid_of(data) + data
    return made


def read(data: bytes) -> list[bytes]:
    file = io.BytesIO(data)
    read_root(file)
    return [block.data for block in read_blocks(file)]


def test_blocks_come_in_their_order_with_their_places() -> None:
    contents = [libipld.encode_dag_cbor({"n": n, "pad": "x" * n}) for n in (0, 100, 40_000)]
    whole = car(*contents)
    assert read(whole) == contents
    file = io.BytesIO(whole)
    assert read_root(file) == cid_of(contents[0])
    for block in read_blocks(file):
        assert whole[block.offset : block.offset + len(block.data)] == block.data


def test_a_record_is_read_as_it_was_written() -> None:
    cid = record_cid(RECORD)
    encoded = libipld.encode_dag_cbor(
        RECORD | {"embed": {"ref": cid_bytes(RECORD["embed"]["ref"]["$link"])}}
    )
    assert cid_text(cid_of(encoded)) == cid
    assert as_json(decode(encoded)) == RECORD
    assert cid_text(cid_bytes(cid)) == cid


def test_bytes_are_not_taken_for_a_link() -> None:
    assert as_json({"sig": b"\x01\x02"}) == {"sig": {"$bytes": "AQI"}}


@pytest.mark.parametrize("text", ["", "b", "zdj7W", "bafkrei", "b" + "a" * 58, "b\u00e9"])
def test_what_is_no_cid_is_refused(text: str) -> None:
    with pytest.raises(CarError):
        cid_bytes(text)


WHOLE = car(*(libipld.encode_dag_cbor({"n": n}) for n in range(5)))


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_no_flipped_byte_goes_unnoticed(place: int, by: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[place] ^= by
    try:
        assert read(bytes(damaged)) != read(WHOLE) or place < 60
    except CarError:
        return


@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_that_stops_early_holds_whole_blocks_or_is_refused(size: int) -> None:
    try:
        blocks = read(WHOLE[:size])
    except CarError:
        return
    assert blocks == read(WHOLE)[: len(blocks)]


@given(st.binary(max_size=200))
def test_rubbish_is_refused(data: bytes) -> None:
    with pytest.raises(CarError):
        read(data)
        raise CarError("an empty list of blocks is fine")


def test_a_block_of_no_sensible_size_is_not_waited_for() -> None:
    with pytest.raises(CarError, match="bytes"):
        read(car(root=cid_of(b"")) + varint(50_000_000_000))

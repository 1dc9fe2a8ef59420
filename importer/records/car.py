"""Reading a CAR, the file in which a server gives a whole repository, block by block.

CAR version 1 (https://ipld.io/specs/transport/car/carv1): a header, then blocks, each preceded by
its CID. Only what repositories use is read: CIDv1 with SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import libipld

_CID_BYTES = 36
# CIDv1, raw or DAG-CBOR, SHA-256 of 32 bytes.
_CID_HEADS = (b"\x01\x55\x12\x20", b"\x01\x71\x12\x20")
# A record has at most 1 MB of JSON, a node of the tree far less.
_LARGEST_BLOCK = 4_000_000
_LONGEST_VARINT = 9


class CarError(Exception):
    """The file is no CAR, is damaged, or does not hold what its CIDs say."""


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its CID in bytes, its content, and where that begins in the file."""

    cid: bytes
    data: bytes
    offset: int


def read_root(file: BinaryIO) -> bytes:
    """The CID of the root, in bytes; leaves the file at its first block.

    Raises:
        CarError: this is no CAR.
    """
    header = decode(_exactly(file, _length(file)))
    roots = header.get("roots") if isinstance(header, dict) else None
    if not isinstance(roots, list) or not roots or header.get("version") != 1:
        raise CarError("it has no header")
    return _checked(roots[0])


def read_blocks(file: BinaryIO) -> Iterator[Block]:
    """The blocks that follow, each checked against its CID.

    Raises:
        CarError: the file stops early, or a block is not what its CID says.
    """
    while True:
        length = _length(file, may_end=True)
        if not length:
            return
        if length < _CID_BYTES:
            raise CarError("a block is too short")
        cid = _checked(_exactly(file, _CID_BYTES))
        offset = file.tell()
        data = _exactly(file, length - _CID_BYTES)
        if hashlib.sha256(data).digest() != cid[4:]:
            raise CarError(f"the block at {offset} is damaged")
        yield Block(cid, data, offset)


def decode(data: bytes) -> Any:
    """DAG-CBOR as values; CIDs are bytes.

    Raises:
        CarError: it is none.
    """
    try:
        return libipld.decode_dag_cbor(data)
    except ValueError as error:
        raise CarError("a block cannot be decoded") from error


def as_json(value: Any) -> Any:
    """A decoded value in the form that AT Protocol gives it in JSON."""
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    if isinstance(value, bytes):
        if len(value) == _CID_BYTES and value.startswith(_CID_HEADS):
            return {"$link": cid_text(value)}
        return {"$bytes": base64.b64encode(value).decode("ascii").rstrip("=")}
    return value


def cid_text(cid: bytes) -> str:
    """A CID as it is written in records and addresses."""
    return "b" + base64.b32encode(cid).decode("ascii").lower().rstrip("=")


def cid_bytes(text: str) -> bytes:
    """A CID from how it is written.

    Raises:
        CarError: it is none that repositories use.
    """
    letters = text[1:].upper()
    try:
        return _checked(base64.b32decode(letters + "=" * (-len(letters) % 8)))
    except ValueError as error:
        raise CarError(f"{text} is no CID") from error


def _checked(cid: Any) -> bytes:
    if not (isinstance(cid, bytes) and len(cid) == _CID_BYTES and cid.startswith(_CID_HEADS)):
        raise CarError("it holds CIDs of another kind")
    return cid


def _length(file: BinaryIO, *, may_end: bool = False) -> int:
    """An unsigned LEB128; 0 at the end of the file where it may end."""
    value = 0
    for place in range(_LONGEST_VARINT):
        byte = file.read(1)
        if not byte:
            if may_end and place == 0:
                return 0
            raise CarError("it stops before its end")
        value |= (byte[0] & 0x7F) << 7 * place
        if byte[0] < 0x80:
            if not 0 < value <= _LARGEST_BLOCK:
                raise CarError(f"it has a block of {value} bytes")
            return value
    raise CarError("it has a block of no sensible length")


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise CarError("it stops before its end")
    return data

"""The skeleton of an MP4 or MOV file, read box by box without decoding anything.

FFmpeg opens a file that was cut short without a word, calls MOV and MP4 by one name and does not
tell where the index lies. The box sizes show all of it in microseconds.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

MAX_MOOV_BYTES = 64 * 1024 * 1024
# A box file this long in boxes is made to waste our time: ten minutes of fragments need 1,200.
MAX_TOP_LEVEL_BOXES = 20_000
MAX_INNER_BOXES = 50_000
MAX_DEPTH = 8
MAX_NAMES = 64
# FFmpeg and cameras leave small gaps to grow into; more than this may hide something.
MAX_FREE_BYTES = 4096

_FIRST = frozenset({"ftyp", "styp", "moov", "mdat", "free", "skip", "wide", "pnot"})
_FILLERS = frozenset({"free", "skip", "wide"})
_EXPECTED = frozenset({"ftyp", "styp", "moov", "mdat", "moof", "sidx", "mfra", "pdin"}) | _FILLERS
_CONTAINERS = frozenset({"trak", "mdia", "minf", "stbl", "edts", "mvex"})


@dataclass(frozen=True, slots=True)
class Boxes:
    """What the boxes of a file tell.

    `order` names the top-level boxes as they come, `strays` those that do not belong in a plain
    video, and `tags` every piece of metadata found inside `moov` (at most 64 each): four-letter
    names (`©xyz`, `loci`), QuickTime keys (`com.apple.quicktime.make`) or `uuid`. `truncated`
    means that the last box ends past the end of the file, or that the index is missing.
    `rotation` is how far a player turns the picture clockwise, in degrees: 0, 90, 180 or 270.
    """

    is_iso_media: bool
    brand: str | None = None
    order: tuple[str, ...] = ()
    truncated: bool = False
    fragmented: bool = False
    ftyp_first: bool = False
    moov_before_mdat: bool = False
    strays: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    rotation: int = 0


@dataclass(slots=True)
class _Findings:
    """What the walk through `moov` has met so far."""

    tags: dict[str, None] = field(default_factory=dict)
    boxes: int = 0
    matrix_turn: int = 0
    rotation: int | None = None


def scan(path: Path) -> Boxes:
    """Read the box structure of `path`, whatever the file is.

    Never trusts a size in the file: `moov` is read up to 64 MB, the walk is bounded in depth and
    number.

    Raises:
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        return _scan(file, size)


def _scan(file: BinaryIO, size: int) -> Boxes:
    order: list[str] = []
    strays: dict[str, None] = {}
    findings = _Findings()
    brand: str | None = None
    truncated = False
    seen: set[str] = set()
    at = 0
    for _ in range(MAX_TOP_LEVEL_BOXES):
        if at >= size:
            break
        header = _header(file, at, size)
        if header is None:
            strays["leftover bytes"] = None
            break
        kind, start, end = header
        if at == 0 and kind not in _FIRST:
            return Boxes(is_iso_media=False)
        seen.add(kind)
        if len(order) < MAX_NAMES:
            order.append(kind)
        if kind not in _EXPECTED or (kind in _FILLERS and end - start > MAX_FREE_BYTES):
            strays[kind] = None
        if end > size:
            truncated = True
            break
        if kind == "ftyp" and brand is None:
            file.seek(start)
            brand = _name(file.read(4)) if end - start >= 4 else None
        elif kind == "moov":
            _read_moov(file, start, end, findings)
        at = end
    else:
        strays["too many boxes"] = None
    first = [kind for kind in order if kind in {"moov", "mdat", "moof"}]
    return Boxes(
        is_iso_media=bool(order),
        brand=brand,
        order=tuple(order),
        # Pictures (HEIC, AVIF) have `meta` where a video has `moov`.
        truncated=truncated or not seen & {"moov", "meta"},
        fragmented="moof" in seen,
        ftyp_first=order[:1] == ["ftyp"],
        moov_before_mdat=first[:1] == ["moov"],
        strays=tuple(strays)[:MAX_NAMES],
        tags=tuple(findings.tags)[:MAX_NAMES],
        rotation=findings.rotation or 0,
    )


def _header(file: BinaryIO, at: int, size: int) -> tuple[str, int, int] | None:
    """The kind, content start and end of the box at `at`; `None` when no box can begin there."""
    file.seek(at)
    head = file.read(16)
    if len(head) < 8:
        return None
    length = int.from_bytes(head[:4], "big")
    kind = _name(head[4:8])
    if length == 1:
        if len(head) < 16:
            return None
        length = int.from_bytes(head[8:16], "big")
        return None if length < 16 else (kind, at + 16, at + length)
    if length == 0:
        return kind, at + 8, size
    return None if length < 8 else (kind, at + 8, at + length)


def _read_moov(file: BinaryIO, start: int, end: int, findings: _Findings) -> None:
    if end - start > MAX_MOOV_BYTES:
        findings.tags["an index too large to look through"] = None
        return
    file.seek(start)
    _walk(memoryview(file.read(end - start)), findings, depth=0)


def _children(data: memoryview, findings: _Findings) -> Iterator[tuple[str, memoryview]]:
    """The boxes inside `data`; what does not parse as a box ends the row."""
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length == 0:
            length = len(data) - at
        findings.boxes += 1
        if length < 8 or at + length > len(data) or findings.boxes > MAX_INNER_BOXES:
            return
        yield _name(bytes(data[at + 4 : at + 8])), data[at + 8 : at + length]
        at += length


def _walk(data: memoryview, findings: _Findings, depth: int) -> None:
    if depth > MAX_DEPTH:
        findings.tags["boxes nested too deeply"] = None
        return
    for kind, content in _children(data, findings):
        if kind in _CONTAINERS:
            _walk(content, findings, depth + 1)
        elif kind == "tkhd":
            findings.matrix_turn = _turn(content)
        elif kind == "hdlr" and bytes(content[8:12]) == b"vide" and findings.rotation is None:
            findings.rotation = findings.matrix_turn
        elif kind == "udta":
            _read_udta(content, findings)
        elif kind == "meta":
            _read_meta(content, findings)
        elif kind == "uuid":
            findings.tags["uuid"] = None


def _read_udta(content: memoryview, findings: _Findings) -> None:
    for kind, inner in _children(content, findings):
        if kind == "meta":
            _read_meta(inner, findings)
        else:
            findings.tags[kind] = None


def _read_meta(content: memoryview, findings: _Findings) -> None:
    # MP4 puts a version before the children of `meta`, QuickTime does not.
    children = content if bytes(content[4:8]) == b"hdlr" else content[4:]
    keys: list[str] = []
    for kind, inner in _children(children, findings):
        if kind == "keys":
            keys = [_name(bytes(key[:256])) for _, key in _children(inner[8:], findings)]
        elif kind == "ilst":
            for item, _ in _children(inner, findings):
                # With `keys` before it, the "name" of an item is the number of its key.
                if not keys:
                    findings.tags[item] = None
        elif kind not in {"hdlr", "free"}:
            findings.tags[kind] = None
    findings.tags.update(dict.fromkeys(keys))


def _turn(tkhd: memoryview) -> int:
    """The clockwise turn of a track header's matrix, to the nearest quarter."""
    at = 52 if bytes(tkhd[:1]) == b"\x01" else 40
    if len(tkhd) < at + 36:
        return 0
    a, b = struct.unpack_from(">ii", tkhd, at)
    return round(math.degrees(math.atan2(b, a)) / 90) % 4 * 90


def _name(raw: bytes) -> str:
    """A box name or key as text: Latin-1 never fails, and `©` is a letter of it."""
    return raw.decode("latin-1")

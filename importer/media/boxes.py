"""The skeleton of an MP4 or MOV file, read box by box without decoding anything.

FFmpeg opens a file that was cut short without a word, calls MOV and MP4 by one name and does not
tell where the index lies. The box sizes show all of it in microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from importer.media import structure, tracks
from importer.media.tracks import Children, Track

MAX_MOOV_BYTES = 64 * 1024 * 1024
# A box file this long in boxes is made to waste our time: ten minutes of fragments need 1,200.
MAX_TOP_LEVEL_BOXES = 20_000
MAX_INNER_BOXES = 50_000
MAX_DEPTH = 8
MAX_NAMES = 64
# FFmpeg and cameras leave small gaps to grow into. Larger ones are not looked at.
MAX_FREE_BYTES = 4096
MAX_FTYP_BYTES = 512

_FIRST = frozenset({"ftyp", "styp", "moov", "mdat", "free", "skip", "wide", "pnot"})
_FILLERS = frozenset({"free", "skip", "wide"})
_OF_FRAGMENTS = frozenset({"styp", "moof", "sidx", "mfra", "pdin"})
_EXPECTED = frozenset({"ftyp", "moov", "mdat"}) | _FILLERS | _OF_FRAGMENTS


@dataclass(frozen=True, slots=True)
class Boxes:
    """What the boxes of a file tell.

    `order` names the top-level boxes as they come, `strays` all boxes and bytes that do not belong
    in a plain video, and `tags` every piece of metadata found inside `moov` (at most 64 each):
    four-letter names (`©xyz`, `loci`), QuickTime keys (`com.apple.quicktime.make`), `uuid`, or
    `hdlr` where a track has a name of its own. The names of well-known encoders are no tags.
    `truncated` means that the last box ends past the end of the file, or that the index is missing.
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
    tracks: tuple[Track, ...] = ()

    @property
    def rotation(self) -> int:
        """How far a player turns the picture clockwise, in degrees: 0, 90, 180 or 270."""
        pictures = self.of(tracks.PICTURE)
        return pictures[0].rotation if pictures else 0

    def of(self, handler: str) -> list[Track]:
        """The tracks for one purpose: `tracks.PICTURE` or `tracks.SOUND`."""
        return [track for track in self.tracks if track.handler == handler]


@dataclass(slots=True)
class _Findings:
    """What the walk through the boxes has met so far."""

    tags: dict[str, None] = field(default_factory=dict)
    strays: dict[str, None] = field(default_factory=dict)
    brand: str | None = None
    media_bytes: int = 0
    boxes: int = 0
    film: Children = field(default_factory=dict)
    tracks: list[Children] = field(default_factory=list)


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
    findings = _Findings()
    strays = findings.strays
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
        if kind not in _EXPECTED or (kind in {"ftyp", "moov"} and kind in seen):
            strays[kind] = None
        seen.add(kind)
        if len(order) < MAX_NAMES:
            order.append(kind)
        if end > size:
            truncated = True
            break
        _look_into(kind, file, start, end, findings)
        at = end
    else:
        strays["too many boxes"] = None
    if "moof" not in seen:
        strays |= dict.fromkeys(sorted(seen & _OF_FRAGMENTS))
        if findings.media_bytes != sum(map(tracks.sample_bytes, findings.tracks)):
            strays["bytes of no picture or sound"] = None
    found = _read_tracks(findings)
    first = [kind for kind in order if kind in {"moov", "mdat", "moof"}]
    return Boxes(
        is_iso_media=bool(order),
        brand=findings.brand,
        order=tuple(order),
        # Pictures (HEIC, AVIF) have `meta` where a video has `moov`.
        truncated=truncated or not seen & {"moov", "meta"},
        fragmented="moof" in seen,
        ftyp_first=order[:1] == ["ftyp"],
        moov_before_mdat=first[:1] == ["moov"],
        strays=tuple(strays)[:MAX_NAMES],
        tags=tuple(findings.tags)[:MAX_NAMES],
        tracks=found,
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


def _look_into(kind: str, file: BinaryIO, start: int, end: int, findings: _Findings) -> None:
    """Read a top-level box that is whole, as far as it matters."""
    file.seek(start)
    if kind == "moov":
        _read_moov(file, start, end, findings)
    elif kind == "mdat":
        findings.media_bytes += end - start
    elif kind == "ftyp":
        told = file.read(min(end - start, MAX_FTYP_BYTES))
        if findings.brand is None and len(told) >= 4:
            findings.brand = _name(told[:4])
        if len(told) < end - start or not structure.is_plain_type(told):
            findings.strays[kind] = None
    elif kind in _FILLERS and (
        end - start > MAX_FREE_BYTES or not structure.is_empty(file.read(end - start))
    ):
        findings.strays[kind] = None


def _read_moov(file: BinaryIO, start: int, end: int, findings: _Findings) -> None:
    if end - start > MAX_MOOV_BYTES:
        findings.tags["an index too large to look through"] = None
        return
    _walk(memoryview(file.read(end - start)), findings, findings.film, "moov", depth=0)


def _read_tracks(findings: _Findings) -> tuple[Track, ...]:
    try:
        ticks, is_dated = tracks.film_header(findings.film["mvhd"])
    except (KeyError, ValueError):
        return ()
    found = tuple(tracks.read(boxes, ticks) for boxes in findings.tracks)
    if not all(map(structure.is_plain_track, findings.tracks)):
        findings.strays["more than decoders need"] = None
    if is_dated or any(track.is_dated for track in found):
        findings.tags["creation_time"] = None
    return found


def _children(data: memoryview, findings: _Findings) -> Iterator[tuple[str, memoryview]]:
    """The boxes inside another one; gaps are looked at here."""
    end = 0
    for kind, content in tracks.children(data):
        findings.boxes += 1
        if findings.boxes > MAX_INNER_BOXES:
            findings.strays["too many boxes"] = None
            return
        end += 8 + len(content)
        if kind not in _FILLERS:
            yield kind, content
        elif not structure.is_empty(content):
            findings.strays[kind] = None
    # QuickTime ends some rows with a zero instead of a box.
    if not structure.is_empty(data[end:]):
        findings.strays["leftover bytes"] = None


def _walk(data: memoryview, findings: _Findings, here: Children, parent: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        findings.tags["boxes nested too deeply"] = None
        return
    seen: set[str] = set()
    for kind, content in _children(data, findings):
        if kind == "udta":
            _read_udta(content, findings)
            continue
        if kind == "meta":
            _read_meta(content, findings)
            continue
        if kind == "uuid":
            findings.tags["uuid"] = None
            continue
        is_second = kind in seen and kind not in structure.REPEATED
        if is_second or not structure.belongs(kind, content, parent):
            findings.strays[kind] = None
        seen.add(kind)
        if kind == "trak":
            findings.tracks.append({})
            _walk(content, findings, findings.tracks[-1], kind, depth + 1)
        elif kind in structure.CONTAINERS:
            _walk(content, findings, here, kind, depth + 1)
        else:
            _note_name(kind, content, findings)
            # The first of a name counts, as for players.
            here.setdefault(kind, content)


def _note_name(kind: str, content: memoryview, findings: _Findings) -> None:
    if kind == "hdlr" and not structure.is_known_handler(content):
        findings.tags[kind] = None


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
            for item, value in _children(inner, findings):
                # With `keys` before it, the "name" of an item is the number of its key.
                if not keys and not (item == "©too" and structure.is_known_encoder(value)):
                    findings.tags[item] = None
        elif kind == "hdlr":
            _note_name(kind, inner, findings)
        else:
            findings.tags[kind] = None
    findings.tags.update(dict.fromkeys(keys))


def _name(raw: bytes) -> str:
    """A box name or key as text: Latin-1 never fails, and `©` is a letter of it."""
    return raw.decode("latin-1")

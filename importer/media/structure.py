"""What belongs in the index of a plain MP4, box by box; whatever else is there may tell anything.

Layout: ISO/IEC 14496-12 (boxes), 14496-1 (`iods`), 14496-15 (sample descriptions).
"""

from __future__ import annotations

import re

from importer.media.tracks import (
    PICTURE,
    SOUND,
    VISUAL_HEAD,
    Children,
    children,
    handler_of,
    number,
    sound_head,
)

CONTAINERS = frozenset({"edts", "mdia", "minf", "dinf", "stbl", "mvex"})
# By what holds them; what tells on purpose (`udta`, `meta`, `uuid`) is looked at elsewhere.
_INSIDE = {
    "moov": {"mvhd", "trak", "iods", "mvex"},
    "trak": {"tkhd", "edts", "mdia"},
    "edts": {"elst"},
    "mdia": {"mdhd", "hdlr", "minf"},
    "minf": {"vmhd", "smhd", "nmhd", "hdlr", "dinf", "stbl"},
    "dinf": {"dref"},
    "stbl": {"stsd", "stts", "ctts", "cslg", "stsc", "stsz", "stz2", "stco", "co64"}
    | {"stss", "stps", "sdtp", "sgpd", "sbgp"},
    "mvex": {"mehd", "trex"},
}
# Of all others the first alone is read.
REPEATED = frozenset({"trak", "trex", "sgpd", "sbgp"})
# How long they are in version 0, and in version 1 with its longer times.
_HEADS = {
    "mvhd": (100, 112), "tkhd": (84, 96), "mdhd": (24, 36), "mehd": (8, 12), "cslg": (24, 44),
    "vmhd": (12, 12), "smhd": (8, 8), "nmhd": (4, 4), "trex": (24, 24),
}  # fmt: skip
# Which of their bytes stand for nothing, from the end: times before them are of two lengths.
_RESERVED = {"mvhd": (slice(-74, -64), slice(-28, -4)), "tkhd": (slice(-60, -52),)}
# In sample descriptions, with what QuickTime tells there of the encoder.
_RESERVED_FOR_PICTURE, _RESERVED_FOR_SOUND = slice(8, 24), slice(10, 16)
# How long one entry is: they follow version, flags and their number.
_LISTS = {"stts": 8, "ctts": 8, "stsc": 12, "stco": 4, "co64": 8, "stss": 4, "stps": 4}
_GROUPS = frozenset({b"roll", b"prol", b"rap ", b"sync"})
# Samples lie in the file itself, not at some address.
_HERE = re.compile(rb"\0{7}\x01\0{3}[\x0c\x0d]url \0{3}\x01\0?")
# An object descriptor: seven bytes of profiles, then the numbers of tracks.
_PROFILES = re.compile(rb"\0{4}\x10(\x80{3})?.{8}(\x0e(\x80{3})?\x04.{4})*", re.DOTALL)
_ENTRY_PARTS = {"btrt": 12, "pasp": 8, "clap": 32, "fiel": 2, "gama": 4, "clli": 4, "mdcv": 24}
_COLOURS = {b"nclx": 11, b"nclc": 10}
_BRAND = re.compile(
    rb"isom|iso[2-9abc]|avc1|mp[2-7][12]|MSNV|M4[ABV] |M4V[HP]|f4v |qt  |3g[2egprs][2-9abc]|mmp4"
    rb"|dash|ms(dh|ix)|hlsf|lmsg|cmf[2cfs]|h[ev][cv]1|av01|dby1|ND[SX][CHMPS]|\0{4}"
)
# Names that a program or a kind of phone gives to every track it writes.
_HANDLERS = re.compile(
    rb"(Video|Sound)Handler?|vide|soun|([Vv]ideo|[Aa]udio|[Ss]ound) [Hh]andler|DataHandler"
    rb"|Core Media (Video|Audio|Data Handler)|(Apple )?(Video|Sound) Media Handler"
    rb"|(Apple )?(Alias )?Data Handler|(ETI|GPAC) ISO (Video|Audio)( Media)? Handler"
    rb"|L-SMASH (Video|Audio)( Media)? Handler|Bento4 (Video|Sound) Handler"
    rb"|#?Mainconcept (MP4 )?(Video|Sound) Media Handler"
    rb"|ISO Media file produced by Google( Inc\.|, Inc\.)?"
)
_ENCODERS = (
    rb"Lav[fc]\d*(\.\d+)*( libx26[45]| libopenh264| h264_\w+| aac)?"
    rb"|HandBrake \d[\d.]*( \d{10})?|Google"
)
_ENCODER = re.compile(_ENCODERS)
_COMPRESSOR = re.compile(rb"(JVT/)?AVC Coding|[Hh]\.?264|" + _ENCODERS)


def belongs(kind: str, content: memoryview, parent: str) -> bool:
    """Whether players know a box where it stands, and nothing lies behind the end of its data."""
    if kind not in _INSIDE[parent]:
        return False
    version = bytes(content[:1]) == b"\1"
    match kind:
        case "dref":
            return bool(_HERE.fullmatch(content))
        case "iods":
            return bool(_PROFILES.fullmatch(content))
        case "elst":
            return len(content) == 8 + number(content, 4) * (20 if version else 12)
        case "stsz":
            return len(content) == 12 + (0 if number(content, 4) else 4 * number(content, 8))
        case "stz2":
            return len(content) == 12 + (number(content, 4) * number(content, 8) + 7) // 8
        case "sbgp":
            start = 12 if version else 8
            return (
                bytes(content[4:8]) in _GROUPS
                and len(content) == start + 4 + number(content, start) * 8
            )
        case "sgpd":
            return bytes(content[4:8]) in _GROUPS and (
                len(content) == 16 + number(content, 8) * number(content, 12)
            )
    if kind in _HEADS:
        return len(content) == _HEADS[kind][version] and all(
            is_empty(content[part]) for part in _RESERVED.get(kind, ())
        )
    return kind not in _LISTS or len(content) == 8 + number(content, 4) * _LISTS[kind]


def is_empty(content: memoryview | bytes) -> bool:
    """Whether a gap holds nothing but zeros."""
    return not bytes(content).strip(b"\0")


def is_known_handler(hdlr: memoryview) -> bool:
    """Whether a `hdlr` has no name of somebody's own."""
    name = bytes(hdlr[24:]).rstrip(b"\0")
    if name and name[0] == len(name) - 1:
        name = name[1:]  # QuickTime puts the length first
    maker = bytes(hdlr[12:24])
    return (not name or bool(_HANDLERS.fullmatch(name))) and (
        is_empty(maker) or maker[:4] == b"appl"
    )


def is_known_encoder(item: memoryview) -> bool:
    """Whether a `©too` among the items of an `ilst` names a well-known program and no more."""
    values = list(children(item))
    return len(values) == 1 and (
        values[0][0] == "data" and bool(_ENCODER.fullmatch(values[0][1][8:]))
    )


def is_plain_type(ftyp: bytes) -> bool:
    """Whether an `ftyp` names known kinds of MP4 only."""
    return all(_BRAND.fullmatch(ftyp, at, at + 4) for at in (0, *range(8, len(ftyp), 4)))


def is_plain_track(boxes: Children) -> bool:
    """Whether a track's descriptions hold what decoders need, and no words or profiles.

    Args:
        boxes: as `tracks.read` takes them; they belong where they stand.
    """
    if "sdtp" in boxes:
        # It has no number of its own.
        sizes = boxes.get("stsz") or boxes.get("stz2")
        if sizes is None or len(boxes["sdtp"]) != 4 + number(sizes, 8):
            return False
    stsd = boxes.get("stsd", memoryview(b""))
    entries = list(children(stsd[8:]))
    if len(entries) != 1 or len(stsd) != 16 + len(entries[0][1]):
        return False
    entry = entries[0][1]
    handler = handler_of(boxes)
    if handler == PICTURE:
        return (
            is_empty(entry[_RESERVED_FOR_PICTURE])
            and _is_plain_compressor(bytes(entry[42:74]))
            and _are_plain(entry[VISUAL_HEAD:])
        )
    return (
        handler == SOUND
        and is_empty(entry[_RESERVED_FOR_SOUND])
        and _are_plain(entry[sound_head(entry) :])
    )


def _is_plain_compressor(field: bytes) -> bool:
    """Whether the 32 bytes for the name of a compressor, its length first, hold a known one."""
    end = 1 + int.from_bytes(field[:1], "big")
    name, rest = field[1:end], field[end:]
    return is_empty(rest) and (is_empty(name) or bool(_COMPRESSOR.fullmatch(name)))


def _are_plain(parts: memoryview) -> bool:
    end = 0
    for kind, content in children(parts):
        end += 8 + len(content)
        if kind == "colr":
            is_plain = _COLOURS.get(bytes(content[:4])) == len(content)
        elif kind == "free":
            is_plain = is_empty(content)
        else:
            # What decoders need is as long as it is.
            is_plain = kind in {"avcC", "esds"} or _ENTRY_PARTS.get(kind) == len(content)
        if not is_plain:
            return False
    return is_empty(parts[end:])

"""Colour profiles for photos that name their colours by numbers only (ITU-T H.273)."""

from __future__ import annotations

import struct
from pathlib import Path

from PIL import Image

_Colour = tuple[float, float, float]
# Red, green and blue by the number of their primaries, in the light of profiles (D50, by Bradford).
_COLORANTS: dict[int, tuple[_Colour, _Colour, _Colour]] = {
    9: ((0.67348, 0.27904, -0.00193), (0.16567, 0.67534, 0.02998), (0.12505, 0.04561, 0.79685)),
    12: ((0.51512, 0.24119, -0.00105), (0.29198, 0.69224, 0.04188), (0.1571, 0.06657, 0.78407)),
}
# BT.709 and its likes are shown as sRGB by all screens; of HDR no profile of this kind can tell.
_TRANSFERS = frozenset({1, 2, 6, 13, 14, 15})
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_WHITE = (0.9642, 1.0, 0.8249)
# Where in an AVIF its properties are.
_HEAD_BYTES = 65_536


def told_by_number(image: Image.Image, path: Path) -> bytes | None:
    """The profile of a HEIC or AVIF at `path` that has none; `None` where none is needed.

    Raises:
        OSError: the file cannot be read.
    """
    match image.format:
        case "HEIF":
            told = image.info.get("nclx_profile") or {}
            return _profile(told.get("color_primaries", 2), told.get("transfer_characteristics", 2))
        case "AVIF":
            return _profile(*_numbers_of_avif(path))
    return None


def _profile(primaries: int, transfer: int) -> bytes | None:
    """A profile (ICC.1:2022) of BT.2020 or Display P3; `None` for what screens show as it is."""
    colorants = _COLORANTS.get(primaries)
    if colorants is None or transfer not in _TRANSFERS:
        return None
    curve = b"para\0\0\0\0" + struct.pack(">HH5i", 3, 0, *map(_fixed, _SRGB_CURVE))
    tags = {b"wtpt": _xyz(_WHITE)}
    tags |= {
        name: _xyz(one) for name, one in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True)
    }
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content
    head = struct.pack(">I4xI4s4s4s", start + len(body), 0x04400000, b"mntr", b"RGB ", b"XYZ ")
    head = head.ljust(36, b"\0") + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">3i", *map(_fixed, _WHITE))
    return head.ljust(128, b"\0") + table + body


def _numbers_of_avif(path: Path) -> tuple[int, int]:
    """The primaries and the transfer of the first picture in an AVIF; 2 where it names none."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    at = head.find(b"colrnclx")
    if not 0 <= at <= len(head) - 12:
        return 2, 2
    primaries, transfer = struct.unpack_from(">HH", head, at + 8)
    return primaries, transfer


def _fixed(value: float) -> int:
    return round(value * 65536)


def _xyz(colour: _Colour) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *map(_fixed, colour))

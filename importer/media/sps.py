"""The sequence parameter set of an H.264 picture: its size, pixel format and colours.

Syntax and meaning: ITU-T H.264, sections 7.3.2.1 and E.1.1.
"""

from __future__ import annotations

from dataclasses import dataclass

_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_CHROMA_NAMES = {0: "gray", 1: "yuv420p", 2: "yuv422p", 3: "yuv444p"}
_EXTENDED_SAR = 255
# Table E-1; 0 means unspecified, which players show as square.
_RATIOS = (
    (1, 1), (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11),
    (80, 33), (18, 11), (15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """What a parameter set says: coded size after cropping, FFmpeg's name of the pixel format.

    `aspect` is the width of a pixel over its height; `transfer` the code point of ITU-T H.273,
    2 when it is not said. `progressive` is false when single pictures may be interlaced.
    """

    width: int
    height: int
    pixel_format: str
    aspect: float
    transfer: int
    progressive: bool


class _Bits:
    """A bit string read from its start."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the parameter set ends too early")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def unsigned(self) -> int:
        """An Exp-Golomb number, ue(v)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("a number longer than the standard has")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """A signed Exp-Golomb number, se(v)."""
        code = self.unsigned()
        return (code + 1) // 2 if code % 2 else -(code // 2)


def read(nal: bytes) -> Picture:
    """Read a parameter set with its one-byte NAL header, as `avcC` stores it.

    Raises:
        ValueError: it is damaged, or no parameter set at all.
    """
    if not nal or nal[0] & 31 != 7:
        raise ValueError("no sequence parameter set")
    bits = _Bits(nal[1:].replace(b"\0\0\3", b"\0\0"))
    profile = bits.take(8)
    bits.take(16)
    bits.unsigned()
    chroma, depth = _chroma(bits) if profile in _WITH_CHROMA else (1, 8)
    bits.unsigned()
    _skip_order_count(bits)
    bits.unsigned()
    bits.take(1)
    columns, rows = bits.unsigned() + 1, bits.unsigned() + 1
    frames_only = bits.take(1)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    left, right, top, bottom = (bits.unsigned() for _ in range(4)) if bits.take(1) else (0,) * 4
    step_x = 2 if chroma in {1, 2} else 1
    step_y = (2 if chroma == 1 else 1) * (2 - frames_only)
    aspect, full_range, transfer = _usability(bits) if bits.take(1) else (1.0, False, 2)
    name = _CHROMA_NAMES[chroma]
    if depth > 8:
        name = f"{name}{depth}le"
    elif full_range:
        name = name.replace("yuv", "yuvj")
    return Picture(
        width=16 * columns - step_x * (left + right),
        height=16 * rows * (2 - frames_only) - step_y * (top + bottom),
        pixel_format=name,
        aspect=aspect,
        transfer=transfer,
        progressive=bool(frames_only),
    )


def _chroma(bits: _Bits) -> tuple[int, int]:
    """Chroma format and bits per sample; the scaling lists behind them are stepped over."""
    chroma = bits.unsigned()
    if chroma not in _CHROMA_NAMES:
        raise ValueError("unknown chroma format")
    if chroma == 3:
        bits.take(1)
    depth = 8 + bits.unsigned()
    bits.unsigned()
    bits.take(1)
    if bits.take(1):
        for number in range(8 if chroma != 3 else 12):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if number < 6 else 64)
    return chroma, depth


def _skip_scaling_list(bits: _Bits, length: int) -> None:
    last = following = 8
    for _ in range(length):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _skip_order_count(bits: _Bits) -> None:
    kind = bits.unsigned()
    if kind == 0:
        bits.unsigned()
    elif kind == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(bits.unsigned()):
            bits.signed()


def _usability(bits: _Bits) -> tuple[float, bool, int]:
    """Pixel aspect, whether luma uses the full range, and the transfer characteristics."""
    aspect, full_range, transfer = 1.0, False, 2
    if bits.take(1):
        code = bits.take(8)
        if code == _EXTENDED_SAR:
            width, height = bits.take(16), bits.take(16)
        else:
            width, height = _RATIOS[code] if code < len(_RATIOS) else (1, 1)
        if width and height:
            aspect = width / height
    if bits.take(1):
        bits.take(1)
    if bits.take(1):
        bits.take(3)
        full_range = bool(bits.take(1))
        if bits.take(1):
            bits.take(8)
            transfer = bits.take(8)
    return aspect, full_range, transfer

"""Taking personal data out of JPEG, PNG and WebP files without touching a pixel. Pure.

Layouts: ITU-T T.81 annex B (JPEG), RFC 9649 (WebP), https://www.w3.org/TR/png-3/ (PNG). What is not
known to be needed for the picture goes: EXIF, XMP, comments, thumbnails, colour profiles, and
whatever was appended behind the end.
"""

from __future__ import annotations

import zlib

JPEG, PNG, WEBP = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF"
BEHIND = "data behind its end"
"""What `hidden_parts` calls whatever was appended."""

# APP14 is Adobe's: without it the colours of some files come out wrong.
_JFIF, _ADOBE, _COMMENT = 0xE0, 0xEE, 0xFE
_START_OF_SCAN, _END = 0xDA, 0xD9
# Frames, Huffman tables and arithmetic conditioning (0xC8 is reserved); quantization tables and
# restart intervals.
_TABLES = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDD} - {0xC8})
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_PNG_CHUNKS = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cICP", b"gAMA", b"cHRM", b"sRGB", b"sBIT"}
)
_WEBP_CHUNKS = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})
# VP8X: a colour profile, EXIF and XMP are announced by these bits.
_WEBP_ANNOUNCED = 0x20 | 0x08 | 0x04


def clean(data: bytes) -> bytes:
    """The same picture with nothing but the picture.

    Raises:
        ValueError: it is none of the three formats, or is damaged.
    """
    try:
        if data.startswith(JPEG):
            return _clean_jpeg(data)
        if data.startswith(PNG):
            return _clean_png(data)
        if data.startswith(WEBP) and data[8:12] == b"WEBP":
            return _clean_webp(data)
    except IndexError as error:
        raise ValueError("it ends too early") from error
    raise ValueError("it is no JPEG, PNG or WebP file")


def hidden_parts(data: bytes) -> list[str]:
    """Names of what `clean` would take away, as the formats call it, each once.

    Raises:
        ValueError: as `clean` does.
    """
    kept = clean(data)
    if kept == data:
        return []
    if data.startswith(JPEG):
        segments, start = _jpeg_segments(data)
        names, end = [_jpeg_name(*segment) for segment in segments], _jpeg_end(data, start)
    elif data.startswith(PNG):
        chunks, end = _png_chunks(data)
        names = ["" if kind in _PNG_CHUNKS else _text(kind) for kind, _ in chunks]
    else:
        chunks, end = _webp_chunks(data)
        names = ["" if kind in _WEBP_CHUNKS else _text(kind) for kind, _ in chunks]
    found = [name for name in dict.fromkeys(names) if name]
    return [*found, BEHIND] if end < len(data) else found or ["filling"]


def _text(kind: bytes) -> str:
    return kind.decode("latin-1").strip()


def _jpeg_segments(data: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """The marker segments before the first scan, and where that begins."""
    segments: list[tuple[int, bytes]] = []
    at = 2
    while True:
        if data[at] != 0xFF:
            raise ValueError("a segment does not begin where it should")
        code = data[at + 1]
        if code == 0xFF:
            at += 1
            continue
        if code in _ALONE:
            at += 2
            continue
        if code == _START_OF_SCAN:
            return segments, at
        if code not in _TABLES and not _is_note(code):
            raise ValueError("a segment nobody knows")
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if length < 2 or at + 2 + length > len(data):
            raise ValueError("there is no picture in it")
        segments.append((code, data[at + 4 : at + 2 + length]))
        at += 2 + length


def _jpeg_name(code: int, content: bytes) -> str:
    if _is_kept(code, content):
        return ""
    if code == _COMMENT:
        return "comment"
    name = content.split(b"\0", 1)[0].decode("latin-1")
    if code == 0xE1 and name.startswith("http://ns.adobe.com"):
        return "XMP"
    known = {0xE1: "Exif", 0xE2: "ICC profile", 0xED: "IPTC", _JFIF: "thumbnail"}
    return "MPF" if name == "MPF" else known.get(code, f"APP{code - 0xE0}")


def _is_note(code: int) -> bool:
    return 0xE0 <= code <= 0xEF or code == _COMMENT


def _is_kept(code: int, content: bytes) -> bool:
    if code == _JFIF:
        # Version, units and density, then a thumbnail's width and height.
        return content.startswith(b"JFIF\0") and len(content) == 14
    if code == _ADOBE:
        # Version, two flags and the colour transform.
        return content.startswith(b"Adobe") and len(content) == 12
    return not _is_note(code)


def _clean_jpeg(data: bytes) -> bytes:
    segments, at = _jpeg_segments(data)
    out = [data[:2]]
    for code, content in segments:
        if code == _JFIF and content.startswith(b"JFIF\0"):
            content = content[:12] + b"\0\0"
        elif code == _ADOBE:
            content = content[:12]
        if _is_kept(code, content):
            out.append(bytes((0xFF, code)) + (len(content) + 2).to_bytes(2, "big") + content)
    out.append(data[at : _jpeg_end(data, at)])
    return b"".join(out)


def _jpeg_end(data: bytes, at: int) -> int:
    """Behind the end marker: inside scans an FF that means something is never followed by 0."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise ValueError("it has no end")
        code = data[at + 1]
        if code == _END:
            return at + 2
        if code == 0xFF:
            at += 1
        elif code == 0 or code in _ALONE:
            at += 2
        elif code in _TABLES or code == _START_OF_SCAN:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        else:
            raise ValueError("more than tables between two scans")


def _png_chunks(data: bytes) -> tuple[list[tuple[bytes, bytes]], int]:
    """Each chunk whole under its name, and where the last one ends."""
    chunks: list[tuple[bytes, bytes]] = []
    at = len(PNG)
    while True:
        kind = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if len(kind) < 4 or end > len(data):
            raise ValueError("it ends too early")
        chunks.append((kind, data[at:end]))
        at = end
        if kind == b"IEND":
            return chunks, at


def _clean_png(data: bytes) -> bytes:
    chunks, _ = _png_chunks(data)
    for kind, chunk in chunks:
        if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
            raise ValueError("a chunk is damaged")
        # Capital letters mean that the picture cannot be shown without it.
        if kind not in _PNG_CHUNKS and kind[:1].isupper():
            raise ValueError("a chunk nobody knows is needed")
    return PNG + b"".join(chunk for kind, chunk in chunks if kind in _PNG_CHUNKS)


def _webp_chunks(data: bytes) -> tuple[list[tuple[bytes, bytes]], int]:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise ValueError("it ends too early")
    chunks: list[tuple[bytes, bytes]] = []
    at = 12
    while at + 8 <= end:
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        behind = at + 8 + length + length % 2
        if at + 8 + length > end:
            raise ValueError("a chunk is longer than the file")
        chunks.append((kind, data[at:behind].ljust(8 + length + length % 2, b"\0")))
        at = behind
    return chunks, end


def _clean_webp(data: bytes) -> bytes:
    kept = []
    for kind, chunk in _webp_chunks(data)[0]:
        if kind == b"VP8X":
            chunk = chunk[:8] + bytes((chunk[8] & ~_WEBP_ANNOUNCED,)) + chunk[9:]
        if kind in _WEBP_CHUNKS:
            kept.append(chunk)
    if not kept:
        raise ValueError("there is no picture in it")
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body

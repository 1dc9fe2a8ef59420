"""What the sidecar files of yt-dlp and gallery-dl say about a post.

Forms: yt-dlp 2020 to 2026, `<stem>.info.json` and `<stem>.description`; gallery-dl 2026,
`<file>.json` with `category`, `id`, `desc`, `createTime`, `author.uniqueId`; archivers that write
TikTok's own item as `<stem>.json`. A sidecar is told by what is in it, never by its name alone.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from importer.captions.finding import Finding, Source
from importer.captions.names import plausible_id, user_name
from importer.model import Kind

# yt-dlp cuts titles here and ends them so.
_TITLE_LENGTH = 72
_YT_DLP = ("tiktok", "vm.tiktok")
_FIRST, _LAST = 1_388_534_400, 4_070_908_800  # 2014 to 2099


class Told(msgspec.Struct, omit_defaults=True):
    """What one file told of one post; `file` is relative to the folder of that file.

    The same facts as in `Finding`, in a form that can be stored.
    """

    source: Source
    video_id: str | None = None
    posted_at: datetime | None = None
    author: str | None = None
    kind: Kind | None = None
    caption: str | None = None
    file: str | None = None
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    watermarked: bool | None = None


class _Sidecar(msgspec.Struct):
    """The members that are of use; of the others not a value is unpacked."""

    type_: Any = msgspec.field(name="_type", default=None)
    extractor: Any = None
    extractor_key: Any = None
    category: Any = None
    id: Any = None
    description: Any = None
    title: Any = None
    desc: Any = None
    timestamp: Any = None
    create_time: Any = msgspec.field(name="createTime", default=None)
    uploader: Any = None
    author: Any = None
    duration: Any = None
    width: Any = None
    height: Any = None
    format_id: Any = None
    format_note: Any = None
    image_post: Any = msgspec.field(name="imagePost", default=None)


_decode = msgspec.json.Decoder(_Sidecar).decode
_decode_told = msgspec.json.Decoder(Told).decode


def to_text(finding: Finding) -> str:
    """A finding without a file, in a form that can be stored."""
    facts = {name: getattr(finding, name) for name in Told.__struct_fields__ if name != "file"}
    return msgspec.json.encode({**facts, "path": finding.path.as_posix()}).decode()


def from_text(text: str) -> Finding:
    """The finding that `to_text` stored."""
    told = _decode_told(text)
    path = Path(msgspec.json.decode(text)["path"])
    facts = {name: getattr(told, name) for name in Told.__struct_fields__ if name != "file"}
    return Finding(path=path, **facts)


def read_sidecar(data: bytes) -> Told | None:
    """Read a JSON sidecar; `None` if it speaks of something else than a TikTok post.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        found = _decode(data.removeprefix(b"\xef\xbb\xbf"))
    except msgspec.ValidationError:
        return None  # a list, or an object of another shape
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if found.type_ not in (None, "video"):
        return None
    extractor = str(found.extractor_key or found.extractor or "").casefold()
    if extractor in _YT_DLP:
        return _from_yt_dlp(found)
    author = found.author if isinstance(found.author, dict) else {}
    if found.category == "tiktok" or (found.create_time and "uniqueId" in author):
        return _from_item(found, author)
    return None


def _from_yt_dlp(found: _Sidecar) -> Told:
    caption = words(found.description)
    title = words(found.title)
    if caption is None and title and len(title) < _TITLE_LENGTH and not title.endswith("..."):
        # What yt-dlp calls a video without words.
        caption = "" if title.startswith("TikTok video #") else title
    note = f"{found.format_id} {found.format_note}".casefold()
    known = isinstance(found.format_id, str)
    return Told(
        Source.YT_DLP,
        video_id=plausible_id(found.id),
        posted_at=moment(found.timestamp),
        author=user_name(found.uploader),
        caption=caption,
        seconds=_positive(found.duration),
        width=_pixels(found.width),
        height=_pixels(found.height),
        watermarked=("download" in note or "watermark" in note) if known else None,
    )


def _from_item(found: _Sidecar, author: dict[str, Any]) -> Told:
    caption = words(found.desc)
    return Told(
        Source.GALLERY_DL,
        video_id=plausible_id(found.id),
        posted_at=moment(found.create_time) or moment(found.timestamp),
        author=user_name(author.get("uniqueId")),
        kind=Kind.PHOTO if found.image_post else None,
        caption=caption,
        seconds=_positive(found.duration),
        width=_pixels(found.width),
        height=_pixels(found.height),
    )


def words(text: object) -> str | None:
    """A caption in the one form that captions have here: NFC, line feeds, no space around."""
    if not isinstance(text, str):
        return None
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    plain = plain.encode(errors="replace").decode()
    return unicodedata.normalize("NFC", plain).strip()


def moment(seconds: object) -> datetime | None:
    """Unix seconds, as a number or as digits, as a moment in UTC."""
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit():
        seconds = int(seconds[:12])
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return datetime.fromtimestamp(int(seconds), UTC) if _FIRST <= seconds <= _LAST else None


def _positive(number: object) -> float | None:
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    return float(number) if 0 < number < 1e6 else None


def _pixels(number: object) -> int | None:
    positive = _positive(number)
    return int(positive) if positive and positive >= 1 else None

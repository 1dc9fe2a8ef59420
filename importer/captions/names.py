"""What the name of a file says about the TikTok post it shows. Pure.

Names that tools give (2020 to 2026): yt-dlp `title [id].mp4`, gallery-dl `id_NN title.mp4`, 4K
Tokkit `<author>_<unix>_<id>.mp4`, snaptik `snaptik_<id>_v2.mp4`, and archivers of the export, whose
whole name is its date: `YYYY-MM-DD-HH-MM-SS.mp4`, `YYYYmmdd_HHMMSS.mp4`, `YYYYmmddTHHMMSS.mp4`,
`TikTok video - YYYY-MM-DD at HH-MM-SS.mp4`, with ` (2)` for a second one. The 13 digits in names
of ssstik are the moment of the download and say nothing of the post.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# A post's ID is minted when the upload begins: 1 to 49 s before the post's date in 90 measured
# cases (test cases of yt-dlp and of Douyin-TikTok-Video-ID-Decoder).
LONGEST_UPLOAD = timedelta(seconds=120)

# IDs of posts since 2014 have 19 digits and start with 6 or 7.
_ID = re.compile(r"(?<![0-9])[67][0-9]{18}(?![0-9])")
_OLDEST = datetime(2014, 1, 1, tzinfo=UTC)
_DATES = (
    re.compile(r"(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)", re.ASCII),
    re.compile(r"(\d{4})(\d\d)(\d\d)[_T](\d\d)(\d\d)(\d\d)", re.ASCII),
    re.compile(r"TikTok video - (\d{4})-(\d\d)-(\d\d) at (\d\d)-(\d\d)-(\d\d)", re.ASCII),
)
_COPY = re.compile(r" ?\(\d+\)$", re.ASCII)
_TOKKIT = re.compile(r"(?P<author>.+)_(?P<unix>\d{10})_(?P<id>[67]\d{18})(?:_index_\d+)?", re.ASCII)
_CLEAN = re.compile(r"snaptik|(?:no|without|sans|ohne)[ _-]?(?:wm|watermark)", re.IGNORECASE)
_MARKED = re.compile(r"(?<![a-z])(?:wm|watermark(?:ed)?)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Name:
    """What a name says; anything may be unknown. `posted_at` is UTC, exact to the second."""

    video_id: str | None = None
    posted_at: datetime | None = None
    author: str | None = None
    watermarked: bool | None = None


def read_name(stem: str) -> Name:
    """Read a file's name without its ending."""
    ids = set(_ID.findall(stem))
    video_id = plausible_id(ids.pop()) if len(ids) == 1 else None
    author, posted_at = None, _date(stem)
    tokkit = _TOKKIT.fullmatch(stem)
    if tokkit and video_id:
        author = user_name(tokkit["author"])
        at = datetime.fromtimestamp(int(tokkit["unix"]), UTC)
        # Else it is some other moment, such as the download's.
        if timedelta(0) <= at - minted_at(video_id) <= LONGEST_UPLOAD:
            posted_at = at
    watermarked = False if _CLEAN.search(stem) else True if _MARKED.search(stem) else None
    return Name(video_id, posted_at, author, watermarked)


def plausible_id(text: object) -> str | None:
    """An ID of a post if it can be one: 19 digits, made between 2014 and tomorrow."""
    digits = str(text) if isinstance(text, str | int) else ""
    if not _ID.fullmatch(digits):
        return None
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    return digits if _OLDEST <= minted_at(digits) <= tomorrow else None


def minted_at(video_id: str) -> datetime:
    """When an ID was made: its upper 32 bits are unix seconds (arXiv 2504.13279)."""
    return datetime.fromtimestamp(int(video_id) >> 32, UTC)


def user_name(text: object) -> str | None:
    """An account's name as names are compared: without the @, in lower case."""
    name = text.strip().removeprefix("@").casefold() if isinstance(text, str) else ""
    return name or None


def _date(stem: str) -> datetime | None:
    name = _COPY.sub("", stem)
    for form in _DATES:
        if found := form.fullmatch(name):
            try:
                return datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
            except ValueError:
                return None
    return None

"""From the rows of any layout to numbered posts, and a count of what was left out and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from importer.export import links
from importer.export.raw_json import plain
from importer.model import ExportPost, Kind, Link, LinkKind, Privacy

CONTRADICTION = "(contradictory)"
"""What a row says of who can view it if it says two things."""

NEEDED = frozenset(
    {
        "aigeneratedcontent",
        "allowcomments",
        "allowduets",
        "allowstitches",
        "alternatetext",
        "contentdisclosure",
        "coverimage",
        "date",
        "likes",
        "link",
        "title",
        "videolink",
        "whocanview",
    }
)
"""The keys of a row that are read, made plain."""

# Measured: "Everyone" and "Only You" (2025); the others are what tools handle.
_PRIVACY = {
    "everyone": Privacy.EVERYONE,
    "public": Privacy.EVERYONE,
    "friends": Privacy.FRIENDS,
    "followers": Privacy.FRIENDS,
    "onlyyou": Privacy.ONLY_YOU,
    "onlyme": Privacy.ONLY_YOU,
    "private": Privacy.ONLY_YOU,
}
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:Z|(?: \+0000)?(?: UTC)?)", re.ASCII)
_UNIX = re.compile(r"(\d{10})(?:\d{3})?", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,15}")
_YES_NO = {"yes": True, "no": False}

# TikTok's app appeared in 2014 (as musical.ly); what lies outside is no date of a post.
_FIRST_YEAR, _LAST_YEAR = 2014, 2099
# A record key tells apart a thousand posts of one second.
_MOST_A_SECOND = 1000

_REASONS = {
    "deleted": "recently deleted on TikTok",
    "story": "posted as a story",
    "no_date": "without a readable date",
    "no_link": "without a link to the video or the photos",
    "duplicate": "listed twice",
    "unreadable": "unreadable",
    "crowded": "more than 1,000 in one second",
}


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Posts that the export mentions and the archive does not take.

    `code` is one of `deleted`, `story`, `no_date`, `no_link`, `duplicate`, `unreadable` and
    `crowded`; `text` says it in words that follow a number.
    """

    code: str
    count: int
    text: str


@dataclass(slots=True)
class _Row:
    second: int  # Unix time: hashed and compared much faster than a datetime.
    posted_at: datetime
    links: tuple[Link, ...]
    privacy: Privacy
    texts: Mapping[str, str | None]


class Rows:
    """Own posts as they are read, row by row in the order of the file: newest first."""

    def __init__(self) -> None:
        self._rows: list[_Row] = []
        self._seen: dict[tuple[int, tuple[str, ...]], _Row] = {}
        self._left_out: Counter[str] = Counter()

    def add(self, texts: Mapping[str, str | None]) -> None:
        """Take over one row: texts by plain key, at least those of `NEEDED` that it has."""
        posted_at = date(texts.get("date"))
        if posted_at is None:
            self._left_out["no_date"] += 1
            return
        targets = links.split(texts.get("link") or texts.get("videolink") or "")
        second = int(posted_at.timestamp())
        row = _Row(second, posted_at, targets, privacy(texts.get("whocanview")), texts)
        mark = second, tuple([link.key for link in targets])
        twin = self._seen.get(mark) if targets else None
        if twin is None:
            self._seen[mark] = row
            self._rows.append(row)
            return
        self._left_out["duplicate"] += 1
        if twin.privacy != row.privacy:
            twin.privacy = Privacy.UNKNOWN

    def leave_out(self, code: str, count: int = 1) -> None:
        """Count posts that are not taken for a reason that a layout knows."""
        self._left_out[code] += count

    def not_taken(self) -> tuple[NotTaken, ...]:
        """What was left out, and why; complete once `posts` was asked for."""
        counts = self._left_out
        return tuple(
            NotTaken(code, counts[code], text) for code, text in _REASONS.items() if counts[code]
        )

    def posts(self) -> tuple[ExportPost, ...]:
        """Posts from the oldest to the newest, numbered within their second.

        The list is newest first, so the last of equals is the oldest. A row without links keeps
        its number: the next export may have its link again, and the others must not move.
        """
        posts: list[ExportPost] = []
        taken: dict[int, int] = {}
        oldest_first = self._rows[::-1]
        oldest_first.sort(key=lambda row: row.second)
        for row in oldest_first:
            ordinal = taken.get(row.second, 0)
            taken[row.second] = ordinal + 1
            if not row.links:
                self._left_out["no_link"] += 1
            elif ordinal >= _MOST_A_SECOND:
                self._left_out["crowded"] += 1
            else:
                posts.append(_post(row, ordinal))
        return tuple(posts)


def _post(row: _Row, ordinal: int) -> ExportPost:
    texts = row.texts
    likes = texts.get("likes")
    return ExportPost(
        posted_at=row.posted_at,
        ordinal=ordinal,
        kind=_kind(row.links),
        privacy=row.privacy,
        links=row.links,
        title=texts.get("title"),
        alt=texts.get("alternatetext"),
        likes=int(likes) if likes and _COUNT.fullmatch(likes) else None,
        allow_comments=_YES_NO.get((texts.get("allowcomments") or "").casefold()),
        allow_duets=_YES_NO.get((texts.get("allowduets") or "").casefold()),
        allow_stitches=_YES_NO.get((texts.get("allowstitches") or "").casefold()),
        disclosure=texts.get("contentdisclosure"),
        ai_generated=texts.get("aigeneratedcontent"),
        cover_url=texts.get("coverimage"),
    )


def _kind(targets: tuple[Link, ...]) -> Kind:
    if len(targets) == 1 and targets[0].kind == LinkKind.VIDEO:
        return Kind.VIDEO
    kinds = {link.kind for link in targets}
    if LinkKind.IMAGE in kinds or any("/photo/" in link.url for link in targets if link.video_id):
        return Kind.PHOTO
    return Kind.PHOTO if len(targets) > 1 and LinkKind.VIDEO not in kinds else Kind.VIDEO


def privacy(text: str | None) -> Privacy:
    """Who could see a post, by a word that is known; everything else is unknown."""
    return _PRIVACY.get(plain(text), Privacy.UNKNOWN) if text else Privacy.UNKNOWN


def date(text: str | None) -> datetime | None:
    """`YYYY-MM-DD HH:MM:SS`, at times with ` UTC`, or unix seconds: in UTC either way.

    Measured: the TXT form of the same values says UTC, and live comments hold unix seconds beside
    the same kind of date.
    """
    try:
        if found := _DATE.fullmatch(text or ""):
            moment = datetime.fromisoformat(f"{found[1]} {found[2]}+00:00")
        elif found := _UNIX.fullmatch(text or ""):
            moment = datetime.fromtimestamp(int(found[1]), UTC)
        else:
            return None
    except ValueError:
        return None
    return moment if _FIRST_YEAR <= moment.year <= _LAST_YEAR else None

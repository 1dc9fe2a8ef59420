"""Reads an export: the creator's own posts, and what was left out of them and why.

Only the sections that hold own posts are unpacked. Of watch history, messages and the rest not
even a row is decoded: they are private, they are of no use here, and they are most of the file.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Raw

from importer.export import layouts, links
from importer.export.container import find
from importer.model import ExportPost, Kind, Link, LinkKind, Privacy

_PRIVACY = {
    "everyone": Privacy.EVERYONE,
    "public": Privacy.EVERYONE,
    "friends": Privacy.FRIENDS,
    "followers": Privacy.FRIENDS,
    "onlyyou": Privacy.ONLY_YOU,
    "onlyme": Privacy.ONLY_YOU,
    "private": Privacy.ONLY_YOU,
}
_DATE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?: \+0000)?(?: UTC)?", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,15}")
_YES_NO = {"yes": True, "no": False}

_TEXTS = (
    "likes",
    "whocanview",
    "title",
    "alternatetext",
    "allowcomments",
    "allowduets",
    "allowstitches",
)

# TikTok's app appeared in 2014 (as musical.ly); what lies outside is no date of a post.
_FIRST_YEAR, _LAST_YEAR = 2014, 2099
# A record key tells apart a thousand posts of one second.
_MOST_A_SECOND = 1000

_REASONS = {
    "deleted": "recently deleted on TikTok",
    "story": "stories",
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


@dataclass(frozen=True, slots=True)
class Export:
    """What an export says about its owner's posts.

    `member` is the name of the JSON inside the container. `layout` (`V2`, `V3`, `V4`, `unknown`)
    is for display. `posts` run from the oldest to the newest. `unknown_sections` were not read.
    """

    path: Path
    member: str
    layout: str
    username: str | None
    posts: tuple[ExportPost, ...]
    not_taken: tuple[NotTaken, ...]
    unknown_sections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    posted_at: datetime
    links: tuple[Link, ...]
    fields: dict[str, Raw]


def read(path: Path) -> Export:
    """Read a ZIP, a folder or a bare JSON file as TikTok gave it.

    An export without posts is not an error here.

    Raises:
        UserError: the file is missing, damaged or not TikTok's; see `container.find`.
    """
    member = find(path)
    root = member.sections
    left_out: Counter[str] = Counter()
    posts = _number(_rows(root, left_out), left_out)
    left_out["deleted"] += sum(
        len(layouts.rows(raw) or ()) for raw in layouts.at(root, layouts.DELETED_POSTS)
    )
    left_out["story"] += sum(map(_stories, layouts.at(root, layouts.STORIES)))
    names = (layouts.words(raw) for raw in layouts.at(root, layouts.USER_NAMES))
    return Export(
        path=path,
        member=member.name,
        layout=layouts.variant(root),
        username=next((name for name in names if name), None),
        posts=posts,
        not_taken=tuple(
            NotTaken(code, left_out[code], text)
            for code, text in _REASONS.items()
            if left_out[code]
        ),
        unknown_sections=layouts.unknown(root),
    )


def _rows(root: layouts.Sections, left_out: Counter[str]) -> list[_Row]:
    """Every dated row of own posts, in file order (newest first), each once."""
    found: list[_Row] = []
    seen: set[tuple[datetime, tuple[str, ...]]] = set()
    for listing in layouts.at(root, layouts.OWN_POSTS):
        if layouts.is_nothing(listing):
            continue
        rows = layouts.rows(listing)
        if rows is None:
            left_out["unreadable"] += 1
            continue
        for raw in rows:
            fields = {layouts.plain(key): value for key, value in layouts.members(raw).items()}
            if not fields:
                left_out["unreadable"] += 1
                continue
            posted_at = _date(layouts.words(fields.get("date")))
            if posted_at is None:
                left_out["no_date"] += 1
                continue
            targets = links.split(
                layouts.words(fields.get("link")) or layouts.words(fields.get("videolink")) or ""
            )
            mark = posted_at, tuple(link.key for link in targets)
            if targets and mark in seen:
                left_out["duplicate"] += 1
                continue
            seen.add(mark)
            found.append(_Row(posted_at, targets, fields))
    return found


def _number(rows: list[_Row], left_out: Counter[str]) -> tuple[ExportPost, ...]:
    """Posts from the oldest to the newest, numbered within their second.

    The list is newest first, so the last of equals is the oldest. A row without links keeps its
    number: the next export may have its link again, and the others must not move.
    """
    posts: list[ExportPost] = []
    taken: Counter[datetime] = Counter()
    for row in reversed(rows):
        ordinal = taken[row.posted_at]
        taken[row.posted_at] += 1
        if not row.links:
            left_out["no_link"] += 1
        elif ordinal >= _MOST_A_SECOND:
            left_out["crowded"] += 1
        else:
            posts.append(_post(row, ordinal))
    return tuple(sorted(posts, key=lambda post: (post.posted_at, post.ordinal)))


def _post(row: _Row, ordinal: int) -> ExportPost:
    text = {key: layouts.words(row.fields.get(key)) for key in _TEXTS}
    likes = text["likes"]
    return ExportPost(
        posted_at=row.posted_at,
        ordinal=ordinal,
        kind=_kind(row.links),
        privacy=_PRIVACY.get(layouts.plain(text["whocanview"] or ""), Privacy.UNKNOWN),
        links=row.links,
        title=text["title"],
        alt=text["alternatetext"],
        likes=int(likes) if likes and _COUNT.fullmatch(likes) else None,
        allow_comments=_YES_NO.get((text["allowcomments"] or "").casefold()),
        allow_duets=_YES_NO.get((text["allowduets"] or "").casefold()),
        allow_stitches=_YES_NO.get((text["allowstitches"] or "").casefold()),
    )


def _kind(targets: tuple[Link, ...]) -> Kind:
    kinds = {link.kind for link in targets}
    if LinkKind.IMAGE in kinds or any("/photo/" in link.url for link in targets if link.video_id):
        return Kind.PHOTO
    return Kind.PHOTO if len(targets) > 1 and LinkKind.VIDEO not in kinds else Kind.VIDEO


def _date(text: str | None) -> datetime | None:
    """`YYYY-MM-DD HH:MM:SS`, at times with ` UTC`: in UTC either way.

    Measured: the TXT form of the same values says UTC, and live comments hold unix seconds beside
    the same kind of date.
    """
    found = _DATE.fullmatch(text or "")
    try:
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=UTC) if found else None
    except ValueError:
        return None
    return moment if moment and _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def _stories(raw: Raw) -> int:
    """How many stories a `Post.Story` holds: at least one if it is not empty.

    Its filled shape is not known, so every list right inside it is counted.
    """
    if layouts.is_nothing(raw):
        return 0
    inside = [layouts.rows(value) for value in layouts.members(raw).values()]
    lists = [rows for rows in inside if rows is not None]
    return sum(map(len, lists)) if lists else 1

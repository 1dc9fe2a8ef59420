"""Reads TikTok's text format: own posts and the profile, in English and, as far as it goes, in any
language. Pure.

Grammar (measured on an export of May 2025; older and other forms after public tools): lines of
`Label: value`, records parted by blank lines, dates `YYYY-MM-DD HH:MM:SS UTC`; the further links
of a photo post are bare lines below the first; an empty section is one sentence. File names and
labels are in the app's language. Where they are not English, a record is its first date and its
links, and who could see it stays unknown; two dates make it a deleted post.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from importer.export import links, raw_json
from importer.export.layouts import POST_KEYS
from importer.export.posts import CONTRADICTION
from importer.export.raw_json import plain
from importer.model import LinkKind, Profile


class Part(StrEnum):
    """What a text file holds."""

    POSTS = "posts"
    NO_POSTS = "no posts"
    DELETED = "deleted"
    PROFILE = "profile"
    OTHER = "other"


# File names made plain: English of 2020 to 2026, Dutch after d3i-infra/algosoc-2026. The others
# are private and of no use, and are not opened.
_NAMES = {
    **dict.fromkeys(("posts", "videos", "berichten"), Part.POSTS),
    **dict.fromkeys(("recentlydeletedposts", "onlangsverwijderdeberichten"), Part.DELETED),
    **dict.fromkeys(("profileinfo", "profileinformation", "profielinformatie"), Part.PROFILE),
    **dict.fromkeys(
        (
            *("aimoji", "autofill", "blocklist", "browsinghistory", "comments", "directmessages"),
            *("favoritecollection", "favoriteeffects", "favoritehashtags", "favoritesounds"),
            *("favoritevideos", "follower", "followerlist", "following", "followinglist"),
            *("hashtag", "kijkgeschiedenis", "likelist", "loginhistory", "purchasehistory"),
            *("reposts", "searches", "searchhistory", "settings", "sharehistory", "status"),
            *("transactionhistory", "videobrowsinghistory", "watchhistory"),
        ),
        Part.OTHER,
    ),
}

_COPY = re.compile(r" ?\(\d+\)$", re.ASCII)
_LABEL = re.compile(r"(?!https?:)([^:]{1,60}):(?:\s+(.*)|)$")
_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: UTC)?", re.ASCII)
_URL = re.compile(r"https?://\S+")
_KEYS = POST_KEYS | {"addsyourstext", "datedeleted"}
_PROFILE_KEYS = ("username", "displayname", "biodescription", "profilephoto")


@dataclass(frozen=True, slots=True)
class Listed:
    """What a text file lists: rows by plain key, and counts of what is no row.

    `records` is how many there are in all; `deleted` of them tell when they were deleted,
    `dateless` of them have no date. `unknown_labels` of English files, with their number.
    """

    rows: tuple[dict[str, str | None], ...]
    records: int
    deleted: int
    dateless: int
    unknown_labels: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class _Field:
    label: str
    value: str


def parse(text: str) -> Listed:
    """Read a list of posts. A text that lists nothing has no records."""
    rows: list[dict[str, str | None]] = []
    unknown: Counter[str] = Counter()
    records = deleted = dateless = 0
    for record in _records(text):
        records += 1
        dates = [found[0] for field in record if (found := _DATE.fullmatch(field.value.strip()))]
        if len(dates) > 1:
            deleted += 1
            continue
        if not dates:
            dateless += 1
            continue
        names = {plain(field.label) for field in record}
        if "date" in names and not names.isdisjoint({"link", "videolink"}):
            rows.append(_english(record))
            unknown.update(field.label for field in record if plain(field.label) not in _KEYS)
        else:
            urls = _URL.findall("\n".join(field.value for field in record))
            rows.append({"date": dates[0], "link": "\n".join(urls)})
    return Listed(tuple(rows), records, deleted, dateless, tuple(sorted(unknown.items())))


def named(name: str) -> Part | None:
    """What a file holds by its name; `None` for names that are not known."""
    return _NAMES.get(plain(_COPY.sub("", PurePosixPath(name).stem)))


def part(name: str, head: str) -> Part:
    """What a file holds by its name, or else by how it begins, whatever its language.

    Links of own posts lead to TikTok's stores, those of other people's videos to their pages.
    """
    listed = parse(head)
    known = named(name)
    if known is Part.POSTS:
        return Part.POSTS if listed.records else Part.NO_POSTS
    if known is not None:
        return known
    found = [link for row in listed.rows for link in links.split(row.get("link") or "")]
    if found and not any(link.kind == LinkKind.PAGE for link in found):
        return Part.POSTS
    return Part.DELETED if listed.deleted else Part.OTHER


def profile(text: str) -> Profile | None:
    """The account's facts out of an English `Profile Info.txt`; a bio may have blank lines."""
    known: dict[str, list[str]] = {}
    current: str | None = None
    for line in text.splitlines():
        label = _LABEL.match(line)
        # Inside the bio only a label of the file itself ends it.
        if label and (current is None or plain(label[1]) in _ENDS or current != "biodescription"):
            current = plain(label[1])
            known.setdefault(current, []).append(label[2] or "")
        elif current in _PROFILE_KEYS:
            known[current].append(line)
    words = {key: raw_json.text("\n".join(known.get(key, []))) for key in _PROFILE_KEYS}
    found = Profile(
        words["username"], words["displayname"], words["biodescription"], words["profilephoto"]
    )
    return found if found != Profile() else None


# The labels of the profile's file, by which a bio of several paragraphs ends.
_ENDS = frozenset(
    {
        *("profilephoto", "profilevideo", "username", "displayname", "telephonenumber"),
        *("emailaddress", "biodescription", "birthdate", "likesreceived", "platform"),
        *("accountregion", "followercount", "followingcount", "inferredgender"),
    }
)


def _english(record: list[_Field]) -> dict[str, str | None]:
    row: dict[str, str | None] = {}
    for field in record:
        key, value = plain(field.label), raw_json.text(field.value)
        if key in ("whocanview", "link") and row.get(key, value) != value:
            # A title may hold any line, and a line that is missing makes two posts one: who could
            # see it cannot be told.
            row["whocanview"] = CONTRADICTION
        row.setdefault(key, value)
    return row


def _records(text: str) -> Iterator[list[_Field]]:
    """The records: each begins with the label that the first one begins with."""
    first: str | None = None
    record: list[_Field] = []
    after_blank = True
    for line in text.splitlines():
        label = _LABEL.match(line)
        if label:
            value = label[2] or ""
            begins = label[1] == first and (after_blank or _DATE.fullmatch(value.strip()))
            if first is None:
                first = label[1]
            elif begins:
                yield record
                record = []
            record.append(_Field(label[1], value))
        elif record and line.strip():
            record[-1].value += f"\n{line.strip()}"
        after_blank = not line.strip()
    if record:
        yield record

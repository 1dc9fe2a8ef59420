"""Reads an export: the creator's own posts and public profile, and what was left out and why.

Only the sections that hold own posts and the profile are unpacked. Of watch history, messages and
the rest not even a row is decoded: they are private, they are of no use here, and they are most of
the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from msgspec import Raw

from importer.export import layouts, raw_json, txt
from importer.export.container import JsonMember, TextMember, find
from importer.export.posts import CONTRADICTION, NEEDED, NotTaken, Rows
from importer.export.refusals import shown
from importer.model import ExportPost, Profile

__all__ = ["Export", "NotTaken", "read"]

_MOST_UNKNOWN_KEYS = 50


@dataclass(frozen=True, slots=True)
class Export:
    """What an export says about its owner's posts.

    `member` is the name of the JSON, or of the text file with the posts, inside the container.
    `layout` (`V0` to `V4`, `TXT`, `unknown`) is for display. `posts` run from the oldest to the
    newest. `unknown_sections` were not read. `unknown_keys` are keys of own posts (in TXT: labels)
    that no variant is known to have, and in how many posts they stand.
    """

    path: Path
    member: str
    layout: str
    username: str | None
    posts: tuple[ExportPost, ...]
    not_taken: tuple[NotTaken, ...]
    unknown_sections: tuple[str, ...]
    unknown_keys: tuple[tuple[str, int], ...] = ()
    profile: Profile | None = None


def read(path: Path) -> Export:
    """Read a ZIP, a folder, a bare JSON or a bare text file as TikTok gave it.

    An export without posts is not an error here.

    Raises:
        UserError: the file is missing, damaged or not TikTok's; see `container.find`.
    """
    member = find(path)
    if isinstance(member, TextMember):
        return _from_text(path, member)
    return _from_json(path, member)


def _from_json(path: Path, member: JsonMember) -> Export:
    root = member.sections
    rows, keys = Rows(), Counter[str]()
    for listing in layouts.at(root, layouts.OWN_POSTS):
        _take_listing(listing.raw, rows, keys)
    for deleted in layouts.at(root, layouts.DELETED_POSTS):
        rows.leave_out("deleted", len(raw_json.rows(deleted.raw) or ()))
    for stories in layouts.at(root, layouts.STORIES):
        rows.leave_out("story", _stories(stories))
    posts = rows.posts()
    profile = _profile(root)
    return Export(
        path=path,
        member=member.name,
        layout=layouts.variant(root, {raw_json.plain(key) for key in keys}),
        username=profile.user_name if profile else None,
        posts=posts,
        not_taken=rows.not_taken(),
        unknown_sections=layouts.unknown(root),
        unknown_keys=_unknown_keys(keys),
        profile=profile,
    )


def _from_text(path: Path, member: TextMember) -> Export:
    listed = txt.parse(member.posts)
    rows = Rows()
    for texts in listed.rows:
        rows.add(texts)
    rows.leave_out("no_date", listed.dateless)
    rows.leave_out("deleted", listed.deleted)
    if member.deleted is not None:
        rows.leave_out("deleted", txt.parse(member.deleted).records)
    posts = rows.posts()
    profile = txt.profile(member.profile) if member.profile is not None else None
    return Export(
        path=path,
        member=member.name,
        layout="TXT",
        username=profile.user_name if profile else None,
        posts=posts,
        not_taken=rows.not_taken(),
        unknown_sections=(),
        unknown_keys=_unknown_keys(Counter(dict(listed.unknown_labels))),
        profile=profile,
    )


def _take_listing(listing: Raw, rows: Rows, keys: Counter[str]) -> None:
    if raw_json.is_nothing(listing):
        return
    elements = raw_json.rows(listing)
    if elements is None:
        rows.leave_out("unreadable")
        return
    shapes: Counter[tuple[str, ...]] = Counter()
    for raw in elements:
        row = raw_json.row(raw)
        if not row:
            rows.leave_out("unreadable")
            continue
        shape = tuple(row)
        shapes[shape] += 1
        rows.add(_texts(row, _needed(shape)))
    for shape, count in shapes.items():
        keys.update(dict.fromkeys(shape, count))


# Nearly all rows of an export have the same keys in the same order.
@lru_cache(maxsize=64)
def _needed(shape: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The keys of a row that are read, each as it is written and made plain."""
    return tuple((key, name) for key in shape if (name := raw_json.plain(key)) in NEEDED)


def _texts(row: Mapping[str, object], needed: Iterable[tuple[str, str]]) -> dict[str, str | None]:
    """What a row says under the keys that are read; keys may differ in spelling only."""
    texts: dict[str, str | None] = {}
    for key, name in needed:
        text = raw_json.text(row[key])
        if name not in texts:
            texts[name] = text
        elif name == "whocanview":
            texts[name] = text if texts[name] == text else CONTRADICTION
        else:
            texts[name] = texts[name] or text
    return texts


def _unknown_keys(keys: Counter[str]) -> tuple[tuple[str, int], ...]:
    unknown: Counter[str] = Counter()
    for key, count in keys.items():
        if raw_json.plain(key) not in layouts.POST_KEYS:
            unknown[shown(key)] += count
    return tuple(sorted(unknown.items())[:_MOST_UNKNOWN_KEYS])


def _stories(section: raw_json.Section) -> int:
    """How many stories a `Post.Story` holds: at least one if it is not empty.

    Its filled shape is not known, so every list right inside it is counted. They were meant to
    last a day, so they are never taken, not even if they look like posts.
    """
    if raw_json.is_nothing(section.raw):
        return 0
    inside = [raw_json.rows(value.raw) for value in section.members.values()]
    lists = [rows for rows in inside if rows is not None]
    return sum(map(len, lists)) if lists else 1


def _profile(root: raw_json.Sections) -> Profile | None:
    """The first profile that says anything; address, telephone and birthday are not decoded."""
    for section in layouts.at(root, layouts.PROFILES):
        members = {raw_json.plain(key): value.raw for key, value in section.members.items()}
        found = Profile(
            user_name=raw_json.words(members.get("username")),
            display_name=raw_json.words(members.get("displayname")),
            bio=raw_json.words(members.get("biodescription")),
            avatar_url=raw_json.words(members.get("profilephoto")),
            links=tuple(
                (name.removesuffix("link"), text)
                for name, value in members.items()
                if name.endswith("link") and (text := raw_json.words(value))
            ),
        )
        if found != Profile():
            return found
    return None

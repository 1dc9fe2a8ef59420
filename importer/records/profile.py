"""An `app.bsky.actor.profile` record with what a TikTok profile says, and what that changes.

Nothing that is filled is replaced unless it was asked for by name, and what is not known is kept as
it is. Limits: lexicon app.bsky.actor.profile as of August 2026.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from importer.model import Profile
from importer.records.addresses import addresses_in, plain_address, web_address
from importer.records.text import clean, fits, truncate

COLLECTION = "app.bsky.actor.profile"
RKEY = "self"
MAX_NAME_GRAPHEMES, MAX_NAME_BYTES = 64, 640
MAX_BIO_GRAPHEMES, MAX_BIO_BYTES = 256, 2_560
AVATAR_BYTES = 1_000_000
AVATAR_FORMS = frozenset({"jpeg", "png"})


class Field(StrEnum):
    """A part of the profile, as the user names it."""

    NAME = "name"
    BIO = "bio"
    AVATAR = "avatar"
    LINKS = "links"


class Verdict(StrEnum):
    """What becomes of a part of the profile."""

    SET = "set"
    """It was empty."""
    ADDED = "added"
    """Something is put to what is there."""
    REPLACED = "replaced"
    KEPT = "kept"
    """The account has something else, which stays."""
    LEFT_OUT = "left_out"
    """It cannot be brought over."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which parts to bring over, and which of them even where the account has others."""

    fields: frozenset[Field] = frozenset(Field)
    replace: frozenset[Field] = frozenset()


@dataclass(frozen=True, slots=True)
class Difference:
    """One part in words: on the account now, and after the change; `text` is for people."""

    field: Field
    verdict: Verdict
    before: str = ""
    after: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """The record as it would be, and how it differs from the one that is there."""

    record: dict[str, Any] = field(repr=False)
    differences: tuple[Difference, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to write."""
        return all(one.verdict in (Verdict.KEPT, Verdict.LEFT_OUT) for one in self.differences)

    @property
    def has_avatar(self) -> bool:
        """Whether the record shows another picture, which must be uploaded first."""
        return any(
            one.field is Field.AVATAR and one.verdict in (Verdict.SET, Verdict.REPLACED)
            for one in self.differences
        )


def changed(
    current: dict[str, Any] | None,
    profile: Profile,
    wanted: Wanted,
    avatar: dict[str, Any] | None = None,
) -> Change:
    """Bring what a TikTok profile says into a profile record.

    The first link becomes `website`; further ones become lines of the bio while they fit. Changing
    what came out of it once more finds nothing to change.

    Args:
        current: the record as the account has it; `None` if it has none.
        profile: what the export says; what it leaves empty empties nothing.
        wanted: which parts to bring over.
        avatar: the blob reference of the picture, as `uploadBlob` answers it; `None` for none.
    """
    record = {"$type": COLLECTION, **(current or {})}
    found: list[Difference] = []
    if Field.NAME in wanted.fields:
        found += _name(record, profile, wanted)
    if Field.AVATAR in wanted.fields and avatar:
        found += _avatar(record, avatar, wanted)
    links, found_links = _links(profile)
    if Field.LINKS in wanted.fields:
        found += found_links + _website(record, links, wanted)
    found += _bio(record, profile, links, wanted)
    return Change(record, tuple(found))


def _name(record: dict[str, Any], profile: Profile, wanted: Wanted) -> list[Difference]:
    whole = " ".join(clean(profile.display_name or "").split())
    name, was_cut = truncate(whole, MAX_NAME_GRAPHEMES, MAX_NAME_BYTES)
    return _filled(record, "displayName", Field.NAME, name, wanted, _CUT if was_cut else "")


def _website(record: dict[str, Any], links: list[str], wanted: Wanted) -> list[Difference]:
    known = {plain_address(link) for link in links}
    if not links or plain_address(_words(record, "website")) in known:
        return []
    return _filled(record, "website", Field.LINKS, links[0], wanted)


def _filled(
    record: dict[str, Any], key: str, part: Field, value: str, wanted: Wanted, text: str = ""
) -> list[Difference]:
    """Put a value where there is none, or where it may replace another."""
    before = _words(record, key)
    if not value or before == value:
        return []
    if before.strip() and part not in wanted.replace:
        return [_kept(part, before, value)]
    record[key] = value
    verdict = Verdict.REPLACED if before.strip() else Verdict.SET
    return [Difference(part, verdict, before, value, text)]


def _avatar(record: dict[str, Any], avatar: dict[str, Any], wanted: Wanted) -> list[Difference]:
    before = record.get("avatar")
    if _cid(before) == _cid(avatar):
        return []
    if before and Field.AVATAR not in wanted.replace:
        return [_kept(Field.AVATAR, _picture(before), _picture(avatar))]
    record["avatar"] = avatar
    verdict = Verdict.REPLACED if before else Verdict.SET
    return [Difference(Field.AVATAR, verdict, _picture(before), _picture(avatar))]


def _links(profile: Profile) -> tuple[list[str], list[Difference]]:
    """The addresses of the links, each once, and the links that are none."""
    addresses: dict[str, str] = {}
    found: list[Difference] = []
    for platform, link in profile.links:
        words = clean(link)
        address = web_address(platform, words)
        if address:
            addresses.setdefault(plain_address(address), address)
        elif words:
            told = f"The link to {platform} ({words}) is no web address, so it was left out."
            found.append(Difference(Field.LINKS, Verdict.LEFT_OUT, text=told))
    return list(addresses.values()), found


def _bio(
    record: dict[str, Any], profile: Profile, links: list[str], wanted: Wanted
) -> list[Difference]:
    before = _words(record, "description")
    bio, was_cut = truncate(clean(profile.bio or ""), MAX_BIO_GRAPHEMES, MAX_BIO_BYTES)
    head, lines = _parted(before, bio, links)
    after = before
    found: list[Difference] = []
    if Field.BIO in wanted.fields and bio and head != bio:
        may_replace = Field.BIO in wanted.replace
        with_lines, left = _with_lines(bio, lines)
        if may_replace or not (head.strip() or left):
            after = with_lines
        else:
            found.append(_kept(Field.BIO, before, bio))
    if Field.LINKS in wanted.fields:
        after, left = _with_lines(after, _further(record, links))
        for link in left:
            told = f"The bio has no room for {link}, so this link was left out."
            found.append(Difference(Field.LINKS, Verdict.LEFT_OUT, text=told))
    if after != before:
        record["description"] = after
        told = _CUT if was_cut and after.startswith(bio) else ""
        found.insert(0, Difference(Field.BIO, _of_bio(before, after), before, after, told))
    return found


def _parted(text: str, bio: str, links: list[str]) -> tuple[str, list[str]]:
    """A bio as an earlier run may have made it: what was said, and the links below that."""
    known = {plain_address(link) for link in links}
    lines = text.split("\n")
    end = len(lines)
    own = bio.count("\n") + 1 if bio and (text == bio or text.startswith(f"{bio}\n")) else 0
    while end > own and (not lines[end - 1].strip() or plain_address(lines[end - 1]) in known):
        end -= 1
    return "\n".join(lines[:end]), [line for line in lines[end:] if line.strip()]


def _further(record: dict[str, Any], links: list[str]) -> list[str]:
    """The links that are not the website's; that of another website is not theirs to follow."""
    site = plain_address(_words(record, "website"))
    own = next((link for link in links if plain_address(link) == site), None)
    return [link for link in links if link != (own or links[0])]


def _with_lines(text: str, lines: list[str]) -> tuple[str, list[str]]:
    """A bio with links below it that it does not name yet, and those it has no room for."""
    left = []
    for line in lines:
        if plain_address(line) in addresses_in(text):
            continue
        longer = f"{text}\n{line}" if text.strip() else line
        if fits(longer, MAX_BIO_GRAPHEMES, MAX_BIO_BYTES):
            text = longer
        else:
            left.append(line)
    return text, left


def _of_bio(before: str, after: str) -> Verdict:
    if not before.strip():
        return Verdict.SET
    is_more = set(before.splitlines()) <= set(after.splitlines())
    return Verdict.ADDED if is_more else Verdict.REPLACED


_CUT = "Cut to what fits."


def _kept(part: Field, before: str, offered: str) -> Difference:
    told = f"TikTok has: {offered} (to take it: --replace {part})"
    return Difference(part, Verdict.KEPT, before, before, told)


def _words(record: dict[str, Any], key: str) -> str:
    value = record.get(key)
    return value if isinstance(value, str) else ""


def _cid(blob: Any) -> Any:
    ref = blob.get("ref") if isinstance(blob, dict) else None
    return ref.get("$link") if isinstance(ref, dict) else None


def _picture(blob: Any) -> str:
    if not isinstance(blob, dict):
        return ""
    form = str(blob.get("mimeType", "")).removeprefix("image/").upper()
    size = blob.get("size")
    return f"{form} picture" + (f" of {size:,} bytes" if isinstance(size, int) else "")

"""Reads JSON value by value and leaves the rest unread: the base under every JSON layout.

A value that is not asked for is stepped over, never decoded. Keys are English in every app
language (measured on a Turkish export of 2025) and are compared without case, spaces and
punctuation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import Any

import msgspec
from msgspec import Raw

from importer.errors import UserError
from importer.export.refusals import ASK_FOR_JSON, too_much

Buffer = bytes | bytearray

_decode_members = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_rows = msgspec.json.Decoder(list[Raw]).decode
_decode_words: Callable[[str], str | int] = msgspec.json.Decoder(str | int).decode
_decode_row: Callable[[bytes], dict[str, object]] = msgspec.json.Decoder(dict[str, Any]).decode
_decode_key = msgspec.json.Decoder(str).decode

# Dutch text files say "n.v.t." (d3i-infra/algosoc-2026, 2026); the rest is measured.
_NOTHING = frozenset({"", "n/a", "none", "null", "n.v.t."})
_LONGEST_NOTHING = 6
# Blanks may stand around them.
_LONGEST_RAW_NOTHING = 64

# Each element of a list takes memory, however small it is. A post has 15 to 18 members.
_MOST_COMMAS = 8_000_000

_GAP = re.compile(rb"[ \t\r\n]*")
_KEY = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)

# Steps over each escape as a whole, so that the `ud83d` of an escaped backslash is left alone.
_ESCAPE = re.compile(
    rb"""\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}
    |(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)""",
    re.VERBOSE | re.DOTALL,
)


class Section:
    """A value that is still unread: a view of the buffer."""

    def __init__(self, raw: Raw) -> None:
        self.raw = raw

    @cached_property
    def members(self) -> Sections:
        """The members of an object; nothing if the value is no object or cannot be read."""
        return _sections(_members(self.raw))

    def refuse_twins(self) -> None:
        """Refuse an object that names a member twice: decoded, all but the last would be lost.

        Raises:
            UserError: `damaged_json`.
        """
        _refuse_twins(memoryview(self.raw), {key: inner.raw for key, inner in self.members.items()})


Sections = Mapping[str, Section]


def _sections(members: Mapping[str, Raw]) -> Sections:
    return {key: Section(raw) for key, raw in members.items()}


def sections(data: Buffer) -> Sections:
    """Split a whole export into its sections, which stay raw views of the buffer.

    Half an emoji (a lone surrogate escape) anywhere in the file becomes U+FFFD.

    Raises:
        UserError: `truncated_json`, `damaged_json`, or `no_tiktok_data` if it is no object.
    """
    try:
        return _split(data)
    except UserError as error:
        if error.code != "damaged_json":
            raise
        mended = _ESCAPE.sub(lambda m: rb"\ufffd" if m["lone"] else m[0], data)
        if mended == data:
            raise
    return _split(mended)


def _split(data: Buffer) -> Sections:
    try:
        root = _decode_members(data)
    except msgspec.ValidationError:
        raise UserError(
            "The file is not an export from TikTok: its outermost value is not a JSON object. "
            "No video was touched.",
            hint=ASK_FOR_JSON,
            code="no_tiktok_data",
        ) from None
    except RecursionError:
        raise damaged("it is nested deeper than any export") from None
    except ValueError as error:
        if "truncated" in str(error):
            raise UserError(
                f"The export breaks off at byte {len(data):,}: it was not downloaded or unpacked "
                "to its end, so posts may be missing from it. No video was touched.",
                hint="Download the export from TikTok again, then give the same command.",
                code="truncated_json",
            ) from None
        raise damaged(str(error)) from None
    _refuse_twins(data, root)
    return _sections(root)


def damaged(reason: str) -> UserError:
    """The error for JSON that no program of TikTok's wrote."""
    return UserError(
        f"The export is not valid JSON ({reason}), so its posts cannot be read. No video was "
        "touched.",
        hint="If the file was edited or saved again by another program, use the original. "
        + ASK_FOR_JSON,
        code="damaged_json",
    )


def _refuse_twins(data: Buffer | memoryview, object_: Mapping[str, Raw]) -> None:
    if not object_:
        return
    at = 0
    for key, raw in object_.items():
        # Past the brace or the comma, the key, the colon, and the value unread.
        found = _KEY.match(data, _past_gap(data, _past_gap(data, at) + 1))
        if found is None or _decode_key(found[0]) != key:
            break
        at = _past_gap(data, _past_gap(data, found.end()) + 1) + len(memoryview(raw))
    at = _past_gap(data, at)
    if data[at : at + 1] != b"}":
        raise damaged("the same name stands twice in one object")


def _past_gap(data: Buffer | memoryview, at: int) -> int:
    found = _GAP.match(data, at)
    return found.end() if found else at


@lru_cache(maxsize=4096)
def plain(key: str) -> str:
    """A key as it is compared: without case, spaces and punctuation."""
    return "".join(filter(str.isalnum, key.casefold()))


def _members(raw: Raw) -> dict[str, Raw]:
    try:
        return _decode_members(raw)
    except (ValueError, RecursionError):
        return {}


def row(raw: Raw) -> Mapping[str, object]:
    """A row's values by key, for `text` to read.

    Empty if the value is no object, cannot be read, or names a member twice.
    """
    data = bytes(raw)
    try:
        values = _decode_row(data)
    except (ValueError, RecursionError):
        # One bad value, say bytes that are not UTF-8, is no reason to lose the others.
        return _row_by_values(raw)
    # A member that was dropped for its twin leaves quotes behind, and so do escapes and lists.
    strings = list(map(type, values.values())).count(str)
    return values if data.count(b'"') == 2 * (len(values) + strings) else _row_by_values(raw)


def _row_by_values(raw: Raw) -> Mapping[str, object]:
    found = _members(raw)
    quotes = bytes(raw).count(b'"')
    inside = sum(bytes(value).count(b'"') for value in found.values())
    # A member that was dropped for its twin leaves the quotes of its key behind. The keys that
    # TikTok writes hold no quotes of their own.
    if quotes != inside + 2 * len(found):
        return {}
    return {key: words(value) for key, value in found.items()}


def text(value: object) -> str | None:
    """A string, or a whole number as its digits; `None` for nothing and for any other type."""
    if isinstance(value, str):
        stripped = value.strip()
        is_short = len(stripped) <= _LONGEST_NOTHING
        return None if is_short and stripped.casefold() in _NOTHING else stripped
    # JSON's true is an int in Python and no number here.
    return str(value) if type(value) is int else None


def rows(raw: Raw) -> list[Raw] | None:
    """The elements of a list, unread; `None` if the value is no list.

    Raises:
        UserError: `too_big` if there are more than any account has.
    """
    if len(memoryview(raw)) > _MOST_COMMAS and bytes(raw).count(b",") > _MOST_COMMAS:
        raise too_much("The list of posts")
    try:
        return _decode_rows(raw)
    except (ValueError, RecursionError):
        return None


def is_nothing(raw: Raw) -> bool:
    """Whether a value is one of TikTok's ways to say nothing: null, {}, [], "", "N/A", "None"."""
    if len(memoryview(raw)) > _LONGEST_RAW_NOTHING:
        return False
    data = bytes(raw)
    if data[:1] in (b"{", b"["):
        return not data[1:-1].strip()
    return data == b"null" or (data[:1] == b'"' and words(raw) is None)


def words(raw: Raw | None) -> str | None:
    """A string, or a whole number as its digits; `None` for nothing and for any other type.

    Bytes that are not UTF-8 become U+FFFD.
    """
    if raw is None:
        return None
    try:
        value = _decode_words(bytes(raw).decode(errors="replace"))
    except ValueError:
        return None
    return text(value)

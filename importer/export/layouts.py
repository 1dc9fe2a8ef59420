"""Where an export's JSON keeps what: paths by variant, walked without unpacking the rest.

TikTok renamed its sections over the years, and variants overlap in time: V2 (2024) keeps own
posts at `Video.Videos.VideoList`, V3 (early 2025) and V4 (mid-2025 on) at `Post.Posts.VideoList`.
So every path is a list of alternatives and nothing is decided by the date of the file. Keys are
English in every app language and are compared without case, spaces and punctuation.
Measured on real exports of January and November 2025 and on 2026 samples.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec
from msgspec import Raw

from importer.errors import UserError

Sections = dict[str, Raw]
Buffer = bytes | bytearray
Path = tuple[str, ...]

_decode_sections = msgspec.json.Decoder(Sections).decode
_decode_rows = msgspec.json.Decoder(list[Raw]).decode
_decode_words: Callable[[str], str | int] = msgspec.json.Decoder(str | int).decode

ASK_FOR_JSON = (
    "In TikTok open Settings and privacy > Account > Download your data, choose JSON, and give "
    "Tokaway the new file."
)

# `VideoList` is also the name of the watch history: a list is only ever found by its whole path.
OWN_POSTS: tuple[Path, ...] = (("post", "posts", "videolist"), ("video", "videos", "videolist"))
DELETED_POSTS: tuple[Path, ...] = (
    ("post", "recentlydeletedposts", "postlist"),
    ("video", "recentlydeletedposts", "postlist"),
)
STORIES: tuple[Path, ...] = (("post", "story"),)
USER_NAMES: tuple[Path, ...] = (
    ("profileandsettings", "profileinfo", "profilemap", "username"),
    ("profile", "profileinfo", "profilemap", "username"),
    ("profile", "profileinformation", "profilemap", "username"),
)

# Roots that only TikTok's file has.
_TELLING_ROOTS = frozenset(
    {
        "adsanddata",
        "appsettings",
        "directmessage",
        "directmessages",
        "incomepluswallettransactions",
        "incomewallet",
        "likesandfavorites",
        "likesandfavourites",
        "poireview",
        "profileandsettings",
        "tiktoklive",
        "tiktokshop",
        "tiktokshopping",
        "youractivity",
    }
)
# Roots with everyday names: any JSON may have them, so what is inside must be TikTok's too.
_EVERYDAY_ROOTS = {
    "activity": frozenset(
        {
            "favoritevideos",
            "followerlist",
            "followinglist",
            "likelist",
            "loginhistory",
            "searchhistory",
            "sharehistory",
            "videobrowsinghistory",
        }
    ),
    "comment": frozenset({"comments"}),
    "post": frozenset({"posts", "recentlydeletedposts", "story"}),
    "profile": frozenset({"profileinfo", "profileinformation"}),
    "video": frozenset({"videos", "recentlydeletedposts"}),
}
_KNOWN_ROOTS = _TELLING_ROOTS | _EVERYDAY_ROOTS.keys() | {"locationreview"}
# Where a section unknown so far could hold posts.
_WATCHED_ROOTS = ("post", "video")
_V4_ROOTS = frozenset({"incomewallet", "likesandfavorites", "profileandsettings"})

_NOTHING = frozenset({"", "n/a", "none", "null"})
_LONGEST_NOTHING = 64

# Steps over each escape as a whole, so that the `ud83d` of an escaped backslash is left alone.
_ESCAPE = re.compile(
    rb"""\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}
    |(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)""",
    re.VERBOSE | re.DOTALL,
)


def sections(data: Buffer) -> Sections:
    """Split a whole export into its sections, which stay raw views of the buffer.

    Half an emoji (a lone surrogate escape) anywhere in the file becomes U+FFFD.

    Raises:
        UserError: `truncated_json`, `damaged_json`, or `no_tiktok_data` if it is no object.
    """
    try:
        return _split(data)
    except UserError as error:
        mended = _ESCAPE.sub(lambda m: rb"\ufffd" if m["lone"] else m[0], data)
        if error.code != "damaged_json" or mended == data:
            raise
    return _split(mended)


def _split(data: Buffer) -> Sections:
    try:
        return _decode_sections(data)
    except msgspec.ValidationError:
        raise UserError(
            "The file is not an export from TikTok: its outermost value is not a JSON object. "
            "No video was touched.",
            hint=ASK_FOR_JSON,
            code="no_tiktok_data",
        ) from None
    except RecursionError:
        raise _damaged("it is nested deeper than any export") from None
    except ValueError as error:
        if "truncated" in str(error):
            raise UserError(
                f"The export breaks off at byte {len(data):,}: it was not downloaded or unpacked "
                "to its end, so posts may be missing from it. No video was touched.",
                hint="Download the export from TikTok again, then give the same command.",
                code="truncated_json",
            ) from None
        raise _damaged(str(error)) from None


def _damaged(reason: str) -> UserError:
    return UserError(
        f"The export is not valid JSON ({reason}), so its posts cannot be read. No video was "
        "touched.",
        hint="If the file was edited or saved again by another program, use the original. "
        + ASK_FOR_JSON,
        code="damaged_json",
    )


def plain(key: str) -> str:
    """A key as it is compared: without case, spaces and punctuation."""
    return "".join(filter(str.isalnum, key.casefold()))


def is_tiktok(root: Sections) -> bool:
    """Whether a JSON object is a TikTok export, possibly one with few sections."""
    for key, raw in root.items():
        name = plain(key)
        if name in _TELLING_ROOTS:
            return True
        known = _EVERYDAY_ROOTS.get(name)
        if known is not None and not known.isdisjoint(map(plain, members(raw))):
            return True
    return False


def unknown(root: Sections) -> tuple[str, ...]:
    """Sections no variant is known to have, as `Name` or `Post.Name`: they are not read."""
    found = [key for key in root if plain(key) not in _KNOWN_ROOTS]
    for key, raw in root.items():
        if plain(key) in _WATCHED_ROOTS:
            known = _EVERYDAY_ROOTS[plain(key)]
            found += [f"{key}.{name}" for name in members(raw) if plain(name) not in known]
    return tuple(found)


def variant(root: Sections) -> str:
    """The layout by name, for display only: `V2`, `V3`, `V4`, or `unknown`."""
    names = {plain(key) for key in root}
    if not names.isdisjoint(_V4_ROOTS) or any(True for _ in at(root, STORIES)):
        return "V4"
    if "post" in names or "youractivity" in names:
        return "V3"
    if "video" in names or "activity" in names:
        return "V2"
    return "unknown"


def at(root: Mapping[str, Raw], paths: Iterable[Path]) -> Iterator[Raw]:
    """Every value that one of the paths leads to, in the order of the paths."""
    for path in paths:
        yield from _walk(root, path)


def _walk(members_: Mapping[str, Raw], path: Path) -> Iterator[Raw]:
    for key, raw in members_.items():
        if plain(key) == path[0]:
            if len(path) == 1:
                yield raw
            else:
                yield from _walk(members(raw), path[1:])


def members(raw: Raw) -> Sections:
    """The members of an object; nothing if the value is no object or cannot be read."""
    try:
        return _decode_sections(raw)
    except (ValueError, RecursionError):
        return {}


def rows(raw: Raw) -> list[Raw] | None:
    """The elements of a list, unread; `None` if the value is no list."""
    try:
        return _decode_rows(raw)
    except (ValueError, RecursionError):
        return None


def is_nothing(raw: Raw) -> bool:
    """Whether a value is one of TikTok's ways to say nothing: null, {}, [], "", "N/A", "None"."""
    if len(memoryview(raw)) > _LONGEST_NOTHING:
        return False
    text = bytes(raw)
    if text[:1] in (b"{", b"["):
        return not text[1:-1].strip()
    return text == b"null" or (text[:1] == b'"' and words(raw) is None)


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
    text = str(value).strip()
    return None if text.casefold() in _NOTHING else text

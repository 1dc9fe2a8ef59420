"""Where an export's JSON keeps what: paths by variant, and what a variant is known by.

TikTok renamed its sections over the years, and variants overlap in time: V0 to V2 (2020 to
January 2025) keep own posts at `Video.Videos.VideoList`, V3 (early 2025) and V4 (mid-2025 on) at
`Post.Posts.VideoList`. So every path is a list of alternatives and nothing is decided by the date
of the file. Measured on real exports of January and November 2025 and on 2026 samples; V0 and V1
after Nadock/tiktok-archiver (2020), zollo/tiktok-downloader (2022).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from importer.export.raw_json import Section, Sections, plain
from importer.export.refusals import shown

Path = tuple[str, ...]

# `VideoList` is also the name of the watch history: a list is only ever found by its whole path.
OWN_POSTS: tuple[Path, ...] = (("post", "posts", "videolist"), ("video", "videos", "videolist"))
DELETED_POSTS: tuple[Path, ...] = (
    ("post", "recentlydeletedposts", "postlist"),
    ("video", "recentlydeletedposts", "postlist"),
)
STORIES: tuple[Path, ...] = (("post", "story"),)
PROFILES: tuple[Path, ...] = (
    ("profileandsettings", "profileinfo", "profilemap"),
    ("profile", "profileinfo", "profilemap"),
    ("profile", "profileinformation", "profilemap"),
)

POST_KEYS = frozenset(
    {
        "addyourstext",
        "aigeneratedcontent",
        "allowcomments",
        "allowduets",
        "allowsharingtostory",
        "allowstickers",
        "allowstitches",
        "alternatetext",
        "contentdisclosure",
        "coverimage",
        "date",
        "likes",
        "link",
        "location",
        "numberofcollections",
        "sound",
        "title",
        "videolink",
        "whocanview",
    }
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

_V4_ROOTS = frozenset({"incomewallet", "likesandfavorites", "likesandfavourites"}) | {
    "profileandsettings"
}
_V3_ROOTS = frozenset({"post", "youractivity"})
_V2_ROOTS = frozenset({"incomepluswallettransactions", "poireview"})
_V2_KEYS = POST_KEYS - {"date", "likes", "link", "videolink"}

_MOST_NAMED = 50


def is_tiktok(root: Sections) -> bool:
    """Whether a JSON object is a TikTok export, possibly one with few sections."""
    for key, section in root.items():
        name = plain(key)
        if name in _TELLING_ROOTS:
            return True
        known = _EVERYDAY_ROOTS.get(name)
        if known and any(plain(inner) in known for inner in section.members):
            return True
    return False


def unknown(root: Sections) -> tuple[str, ...]:
    """Sections no variant is known to have, as `Name` or `Post.Name`: they are not read."""
    found = [key for key in root if plain(key) not in _KNOWN_ROOTS]
    for key, section in root.items():
        if plain(key) in _WATCHED_ROOTS:
            known = _EVERYDAY_ROOTS[plain(key)]
            found += [f"{key}.{name}" for name in section.members if plain(name) not in known]
    return tuple(map(shown, found[:_MOST_NAMED]))


def variant(root: Sections, post_keys: Set[str]) -> str:
    """The layout by name, for display only: `V0` to `V4`, or `unknown` where it cannot be told.

    `post_keys` are the keys seen in own posts, made plain.
    """
    names = {plain(key) for key in root}
    if (
        not names.isdisjoint(_V4_ROOTS)
        or "numberofcollections" in post_keys
        or any(True for _ in at(root, STORIES))
    ):
        return "V4"
    if not names.isdisjoint(_V3_ROOTS):
        return "V3"
    deleted = any(True for _ in at(root, DELETED_POSTS))
    if deleted or not names.isdisjoint(_V2_ROOTS) or not post_keys.isdisjoint(_V2_KEYS):
        return "V2"
    if "likes" in post_keys:
        return "V1"
    return "V0" if post_keys else "unknown"


def at(root: Sections, paths: Iterable[Path]) -> Iterator[Section]:
    """Every value that one of the paths leads to, in the order of the paths.

    Raises:
        UserError: `damaged_json` if an object on the way names a member twice.
    """
    for path in paths:
        yield from _walk(root, path)


def _walk(sections: Sections, path: Path) -> Iterator[Section]:
    for key, section in sections.items():
        if plain(key) != path[0]:
            continue
        if len(path) == 1:
            yield section
        else:
            section.refuse_twins()
            yield from _walk(section.members, path[1:])

"""Finds the creator's own video files of posts, by what the files' names say.

Rules, surest first: TikTok's ID in the name and in the post's page link; the export's date as the
whole name; an ID in the name whose own time is just before the post's. Names that tools give
(2020 to 2026): yt-dlp `title [id].mp4`, 4K Tokkit `<author>_<unix>_<id>.mp4`, snaptik
`snaptik_<id>_v2.mp4`, and archivers of the export `YYYY-MM-DD-HH-MM-SS.mp4`,
`YYYYmmdd_HHMMSS.mp4`, `YYYYmmddTHHMMSS.mp4`, `TikTok video - YYYY-MM-DD at HH-MM-SS.mp4`.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from importer.errors import UserError
from importer.model import ExportPost, Kind, Post

DatedPost = ExportPost | Post

EXTENSIONS = frozenset({".mp4", ".mov", ".m4v", ".webm", ".mkv"})

# A post's ID is minted when the upload begins: 1 to 49 s before the post's date in 90 measured
# cases (test cases of yt-dlp and of Douyin-TikTok-Video-ID-Decoder).
_LONGEST_UPLOAD = timedelta(seconds=120)

# IDs of posts since 2014 have 19 digits and start with 6 or 7.
_ID = re.compile(r"(?<![0-9])[67][0-9]{18}(?![0-9])")
_DATES = (
    re.compile(r"(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)", re.ASCII),
    re.compile(r"(\d{4})(\d\d)(\d\d)[_T](\d\d)(\d\d)(\d\d)", re.ASCII),
    re.compile(r"TikTok video - (\d{4})-(\d\d)-(\d\d) at (\d\d)-(\d\d)-(\d\d)", re.ASCII),
)
_COPY = re.compile(r" ?\(\d+\)$", re.ASCII)


class Rule(StrEnum):
    """Why a file belongs to a post."""

    ID = "id"
    DATE = "date"
    ID_TIME = "id time"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A video file of the creator's and what its name says.

    `video_id` is TikTok's 19-digit ID; `named_at` is the date that is the whole name, as UTC.
    """

    path: Path
    video_id: str | None = None
    named_at: datetime | None = None

    @property
    def minted_at(self) -> datetime | None:
        """When the ID was made: its upper 32 bits are unix seconds (arXiv 2504.13279)."""
        return datetime.fromtimestamp(int(self.video_id) >> 32, UTC) if self.video_id else None


@dataclass(frozen=True, slots=True)
class Match:
    """A file that belongs to a post, and the rule that says so."""

    path: Path
    rule: Rule


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Posts and files that belong together in more than one way: nothing was chosen."""

    posts: tuple[str, ...]
    paths: tuple[Path, ...]
    rule: Rule


@dataclass(frozen=True, slots=True)
class Matches:
    """The outcome: `matched` by post id, and what a person must decide."""

    matched: dict[str, Match]
    ambiguous: list[Ambiguity]


# For a file, the ids of the posts it may belong to.
_Fitting = Callable[[SourceFile], list[str]]


def scan(folder: Path) -> list[SourceFile]:
    """Every video file below a folder, in the order of the paths.

    Hidden files and folders, macOS leftovers, our own archives and folders that may not be opened
    are left out.

    Raises:
        UserError: `not_found`, there is no such folder; `unreadable`, it may not be opened.
    """
    if not folder.is_dir():
        raise UserError(
            f"There is no folder {folder}, so no video was taken from it.",
            hint="Give the folder in which your own copies of the videos lie.",
            code="not_found",
        )
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UserError(
            f"The folder {folder} may not be opened, so no video was taken from it.",
            hint="Check that it is yours to read.",
            code="unreadable",
        )
    found: list[SourceFile] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _is_foreign(name)]
        for name in names:
            path = Path(parent, name)
            if path.suffix.casefold() in EXTENSIONS and not name.startswith("."):
                found.append(describe(path))
    return sorted(found, key=lambda file: file.path)


def describe(path: Path) -> SourceFile:
    """What the name of a file says; the file itself is not opened."""
    ids = set(_ID.findall(path.stem))
    return SourceFile(path, ids.pop() if len(ids) == 1 else None, _named_at(path.stem))


def match(posts: Sequence[DatedPost], files: Iterable[SourceFile]) -> Matches:
    """Give each video post its file where exactly one of each fits; report the rest.

    A post that a surer rule has settled, or left open, is not looked at by the next one.
    """
    videos = [post for post in posts if post.kind == Kind.VIDEO]
    waiting = list(files)
    outcome = Matches({}, [])
    for rule, index in ((Rule.ID, _by_id), (Rule.DATE, _by_date), (Rule.ID_TIME, _by_id_time)):
        waiting = _apply(rule, index(videos), waiting, outcome)
    return outcome


def _by_id(posts: Iterable[DatedPost]) -> _Fitting:
    found: dict[str, list[str]] = defaultdict(list)
    for post in posts:
        for video_id in _ids(post):
            found[video_id].append(post.id)
    return lambda file: found.get(file.video_id or "", [])


def _by_date(posts: Iterable[DatedPost]) -> _Fitting:
    found: dict[datetime | None, list[str]] = defaultdict(list)
    for post in posts:
        found[post.posted_at].append(post.id)
    return lambda file: found.get(file.named_at, [])


def _by_id_time(posts: Iterable[DatedPost]) -> _Fitting:
    # A post whose ID is known cannot be the one of another ID.
    found = sorted((post.posted_at, post.id) for post in posts if not _ids(post))

    def fitting(file: SourceFile) -> list[str]:
        minted_at = file.minted_at
        if minted_at is None:
            return []
        first = bisect_left(found, minted_at, key=lambda pair: pair[0])
        last = bisect_right(found, minted_at + _LONGEST_UPLOAD, key=lambda pair: pair[0])
        return [post_id for _, post_id in found[first:last]]

    return fitting


def _apply(
    rule: Rule, fitting: _Fitting, files: Sequence[SourceFile], outcome: Matches
) -> list[SourceFile]:
    """Settle what one rule can; the files that it says nothing about remain."""
    remaining: list[SourceFile] = []
    files_of: dict[str, list[SourceFile]] = defaultdict(list)
    rivals_of: dict[Path, list[str]] = {}
    for file in files:
        # Settled posts stay in the comparison: without them a second file of such a post would
        # look as if it could only belong to its neighbour.
        rivals = rivals_of[file.path] = fitting(file)
        for post_id in rivals:
            files_of[post_id].append(file)
        if not rivals:
            remaining.append(file)
    settled = outcome.matched.keys() | {p for open_ in outcome.ambiguous for p in open_.posts}
    reported: set[str] = set()
    for post_id, candidates in files_of.items():
        if post_id in settled or post_id in reported:
            continue
        if len(candidates) == 1 and rivals_of[candidates[0].path] == [post_id]:
            outcome.matched[post_id] = Match(candidates[0].path, rule)
            continue
        group = _connected(post_id, files_of, rivals_of)
        reported |= group
        paths = {file.path for member in group for file in files_of[member]}
        outcome.ambiguous.append(Ambiguity(tuple(sorted(group)), tuple(sorted(paths)), rule))
    return remaining


def _connected(
    post_id: str, files_of: dict[str, list[SourceFile]], rivals_of: dict[Path, list[str]]
) -> set[str]:
    """All posts that compete, directly or through others, for the same files."""
    group, waiting = {post_id}, [post_id]
    while waiting:
        for file in files_of[waiting.pop()]:
            fresh = set(rivals_of[file.path]) - group
            group |= fresh
            waiting += fresh
    return group


def _ids(post: DatedPost) -> set[str]:
    return {link.video_id for link in post.links if link.video_id}


def _named_at(stem: str) -> datetime | None:
    name = _COPY.sub("", stem)
    for form in _DATES:
        if found := form.fullmatch(name):
            try:
                return datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
            except ValueError:
                return None
    return None


def _is_foreign(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX" or name.endswith(".tokaway")

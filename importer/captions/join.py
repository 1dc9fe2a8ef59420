"""Joins what sources know to the posts of an archive: by ID, by time, by content. Never by guess.

Rules, surest first: the ID in the post's own page link; TikTok's exact date; an ID that was made
just before the post's date; the same bytes or the same pictures as an original that is here
already. What fits in more than one way is told and left alone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from importer.captions.best import best_caption, best_file
from importer.captions.finding import Finding, Source
from importer.captions.names import LONGEST_UPLOAD, minted_at
from importer.media.photo_set import PICTURES
from importer.model import Kind, Post

_SECONDS_SHARED = 2
# How many of all matches may be expected to be a stranger's.
_MOST_BY_CHANCE = 0.02


class Rule(StrEnum):
    """Why something belongs to a post."""

    ID = "id"
    DATE = "date"
    ID_TIME = "id time"
    CONTENT = "content"
    PICTURE = "picture"


class Look(Protocol):
    """Looks into the files that must be compared: originals in the archive, and found ones."""

    def same_bytes(self, path: Path) -> list[str]:
        """The posts whose original has exactly these bytes."""

    def same_pictures(self, path: Path) -> list[str]:
        """The posts whose original lasts as long and shows the same pictures."""


@dataclass(frozen=True, slots=True)
class Match:
    """What belongs to a post, and the rule that says so.

    `caption` is `None` if no source says; `file` is the best of its video files.
    """

    post: str
    rule: Rule
    caption: str | None = None
    caption_source: Source | None = None
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Posts and files that belong together in more than one way: nothing was chosen."""

    posts: tuple[str, ...]
    paths: tuple[Path, ...]
    rule: Rule


@dataclass(frozen=True, slots=True)
class Joined:
    """The outcome. `known` is how many posts the findings speak of, `foreign` how many of them
    are of other accounts; `unmatched` are the files that no post of the archive claims.
    """

    matches: dict[str, Match]
    ambiguous: tuple[Ambiguity, ...]
    unmatched: tuple[Path, ...]
    known: int
    foreign: int

    @property
    def by_rule(self) -> dict[Rule, int]:
        """How many posts each rule matched."""
        numbers = Counter(match.rule for match in self.matches.values())
        return {rule: numbers[rule] for rule in Rule if numbers[rule]}


@dataclass(frozen=True, slots=True)
class _Group:
    """Findings of one post, as far as they say so themselves: they share their ID."""

    findings: tuple[Finding, ...]

    @property
    def video_id(self) -> str | None:
        return self.findings[0].video_id

    @property
    def posted_at(self) -> datetime | None:
        """The date, if those that know one agree."""
        dates = {found.posted_at for found in self.findings if found.posted_at}
        return dates.pop() if len(dates) == 1 else None

    @property
    def author(self) -> str | None:
        return next((found.author for found in self.findings if found.author), None)

    @property
    def paths(self) -> set[Path]:
        return {found.file or found.path for found in self.findings}

    def may_be(self, post: Post) -> bool:
        """Whether the kinds agree."""
        kinds = {found.kind for found in self.findings if found.kind}
        for found in self.findings:
            if found.file:
                is_photo = found.file.suffix.casefold() in PICTURES
                kinds.add(Kind.PHOTO if is_photo else Kind.VIDEO)
        return not kinds or post.kind in kinds


def join(
    posts: Sequence[Post],
    findings: Iterable[Finding],
    *,
    owner: str | None = None,
    look: Look | None = None,
    size: Callable[[Path], int] | None = None,
) -> Joined:
    """Join findings to posts.

    Args:
        posts: all posts of the archive.
        findings: what the sources know, in any order.
        owner: the creator's account name. Authors of several findings that share their exact
            date with posts are the creator too, under another name.
        look: compares the contents of files; without it the last two rules are left out.
        size: a file's size in bytes, to prefer the larger of two; from the disk if not given.
    """
    groups = _grouped(findings)
    owners = _owners(posts, groups, owner)
    work = _Join(posts)
    ours = [group for group in groups if not owners or group.author in owners]
    theirs = [group for group in groups if owners and group.author not in owners]
    # A page link is the post itself, whatever the account was called then.
    work.by_id(groups)
    work.by_date(ours)
    work.by_id_time(ours)
    if look:
        work.by_content(ours, look)
    foreign = sum(id(group) not in work.taken for group in theirs)
    return work.outcome(groups, foreign, size or _size)


def _grouped(findings: Iterable[Finding]) -> list[_Group]:
    """One group an ID, one for each finding without an ID; in an order of their own."""
    named: defaultdict[str, list[Finding]] = defaultdict(list)
    for found in sorted(findings, key=lambda found: (str(found.path), found.source)):
        named[found.video_id or f"path {found.file or found.path}"].append(found)
    return [_Group(tuple(found)) for _, found in sorted(named.items())]


def _owners(posts: Sequence[Post], groups: Sequence[_Group], owner: str | None) -> set[str | None]:
    """The names the creator's account has or had, and `None` for what names nobody.

    Empty if no name is known. People change their names; that two posts of a stranger share
    their very second with posts of the creator's does not happen.
    """
    dates = {post.posted_at for post in posts}
    shared: defaultdict[str, set[datetime]] = defaultdict(set)
    for group in groups:
        if group.author and group.posted_at in dates:
            shared[group.author].add(group.posted_at)
    names = {name for name, seconds in shared.items() if len(seconds) >= _SECONDS_SHARED}
    if owner:
        names.add(owner.removeprefix("@").casefold())
    return {*names, None} if names else set()


class _Join:
    def __init__(self, posts: Sequence[Post]) -> None:
        self.posts = sorted(posts, key=lambda post: (post.posted_at, post.ordinal))
        self.ids = {post.id: {link.video_id for link in post.links} - {None} for post in posts}
        self.settled: dict[str, tuple[Rule, list[_Group]]] = {}
        self.open: set[str] = set()
        self.ambiguous: list[Ambiguity] = []
        self.taken: set[int] = set()

    def by_id(self, groups: Sequence[_Group]) -> None:
        """The post's own page link has the ID."""
        owners: defaultdict[str, list[Post]] = defaultdict(list)
        for post in self.posts:
            for video_id in self.ids[post.id]:
                owners[str(video_id)].append(post)
        for group in groups:
            fitting = [p for p in owners.get(group.video_id or "", ()) if group.may_be(p)]
            if len(fitting) == 1:
                self._settle(fitting[0], Rule.ID, group)
            elif fitting:
                self._leave_open(fitting, [group], Rule.ID)

    def by_date(self, groups: Sequence[_Group]) -> None:
        """TikTok's date of it, or the date of the export in its name, is the post's."""
        dated: defaultdict[datetime, list[_Group]] = defaultdict(list)
        for group in self._free(groups):
            if group.posted_at:
                dated[group.posted_at].append(group)
        seconds: defaultdict[datetime, list[Post]] = defaultdict(list)
        for post in self.posts:
            seconds[post.posted_at].append(post)
        for at, candidates in dated.items():
            self._share_second(seconds.get(at, []), candidates)

    def _share_second(self, posts: list[Post], candidates: list[_Group]) -> None:
        fitting = [post for post in posts if any(group.may_be(post) for group in candidates)]
        free = [post for post in fitting if post.id not in self.settled]
        named = sorted((g for g in candidates if g.video_id), key=lambda g: int(g.video_id or 0))
        nameless = [group for group in candidates if not group.video_id]
        if len(fitting) == 1 and len(named) <= (fitting[0].id not in self.settled):
            for group in candidates:
                self._settle(fitting[0], Rule.DATE, group)
        elif free and len(named) == len(free) and all(map(_Group.may_be, named, free)):
            # IDs grow with time, as ordinals do: as many of both can be paired in one way only.
            for post, group in zip(free, named, strict=True):
                self._settle(post, Rule.DATE, group)
            if nameless:
                self._leave_open([], nameless, Rule.DATE, shown=fitting)
        elif free:
            self._leave_open(free, candidates, Rule.DATE)

    def by_id_time(self, groups: Sequence[_Group]) -> None:
        """The ID was made when the upload of the post began."""
        # A post whose ID is known cannot be the one of another ID.
        posts = [post for post in self.posts if not self.ids[post.id]]
        times = [post.posted_at for post in posts]
        rivals: list[tuple[_Group, list[Post]]] = []
        named = [group for group in self._free(groups) if group.video_id]
        for group in named:
            minted = minted_at(group.video_id or "")
            first = bisect_left(times, minted)
            last = bisect_right(times, minted + LONGEST_UPLOAD)
            # Settled posts stay in the comparison: without them a second file of such a post
            # would look as if it could only belong to its neighbour.
            fitting = [post for post in posts[first:last] if group.may_be(post)]
            if fitting:
                rivals.append((group, fitting))
        close = {id(group) for group, _ in rivals}
        doubtful = _is_crowded([g for g in named if not g.author], close, len(posts))
        for component in _components(rivals):
            self._share_minutes(component, doubtful=doubtful)

    def _share_minutes(self, component: list[tuple[_Group, list[Post]]], *, doubtful: bool) -> None:
        component.sort(key=lambda pair: int(pair[0].video_id or 0))
        fitting = {post.id: post for _, rivals in component for post in rivals}
        posts = sorted(fitting.values(), key=lambda post: (post.posted_at, post.ordinal))
        free = [post for post in posts if post.id not in self.settled]
        if not free:
            return
        doubtful = doubtful and not all(group.author for group, _ in component)
        paired = len(free) == len(posts) == len(component) and _is_only_way(posts, component)
        if paired and not doubtful:
            for post, (group, _) in zip(posts, component, strict=True):
                self._settle(post, Rule.ID_TIME, group)
        else:
            self._leave_open(free, [group for group, _ in component], Rule.ID_TIME)

    def by_content(self, groups: Sequence[_Group], look: Look) -> None:
        """The file is, or shows the same as, an original that is in the archive.

        Only files that bring words are worth the look: the post has its file.
        """
        for group in self._free(groups):
            files = [found.file for found in group.findings if found.file]
            if not files or not best_caption(group.findings)[0]:
                continue
            for rule, compare in (
                (Rule.CONTENT, look.same_bytes),
                (Rule.PICTURE, look.same_pictures),
            ):
                names = {name for file in files for name in compare(file)}
                fitting = [post for post in self.posts if post.id in names]
                if len(fitting) == 1 and fitting[0].id not in self.settled:
                    self._settle(fitting[0], rule, group)
                elif len(fitting) > 1:
                    self._leave_open(fitting, [group], rule)
                if fitting:
                    break

    def outcome(
        self, groups: Sequence[_Group], foreign: int, size: Callable[[Path], int]
    ) -> Joined:
        """All matches that are not ambiguous."""
        matches = {}
        for post in self.posts:
            if post.id in self.settled and post.id not in self.open:
                rule, taken = self.settled[post.id]
                found = [finding for group in taken for finding in group.findings]
                caption, source = best_caption(found)
                matches[post.id] = Match(post.id, rule, caption, source, best_file(found, size))
        shown = {path for open_ in self.ambiguous for path in open_.paths}
        free = [found for group in self._free(groups) for found in group.findings]
        left = {found.file for found in free if found.file} - shown
        ambiguous = sorted(self.ambiguous, key=lambda open_: (open_.posts, open_.paths))
        return Joined(matches, tuple(ambiguous), tuple(sorted(left)), len(groups), foreign)

    def _free(self, groups: Sequence[_Group]) -> list[_Group]:
        return [group for group in groups if id(group) not in self.taken]

    def _settle(self, post: Post, rule: Rule, group: _Group) -> None:
        self.taken.add(id(group))
        known = self.settled.setdefault(post.id, (rule, []))
        known[1].append(group)

    def _leave_open(
        self,
        posts: Sequence[Post],
        groups: Sequence[_Group],
        rule: Rule,
        shown: Sequence[Post] = (),
    ) -> None:
        self.taken |= {id(group) for group in groups}
        self.open |= {post.id for post in posts} - self.settled.keys()
        # Nothing surer may take what was left open, nor may anything less sure.
        for post in posts:
            self.settled.setdefault(post.id, (rule, []))
        names = tuple(post.id for post in shown or posts)
        paths = sorted({path for group in groups for path in group.paths})
        self.ambiguous.append(Ambiguity(names, tuple(paths), rule))


def _components(
    rivals: list[tuple[_Group, list[Post]]],
) -> list[list[tuple[_Group, list[Post]]]]:
    """What competes, directly or through others, for the same posts."""
    found: list[list[tuple[_Group, list[Post]]]] = []
    last: Post | None = None
    for group, posts in sorted(rivals, key=lambda pair: int(pair[0].video_id or 0)):
        # Windows of one length, in order: one that begins after the last post begins anew.
        key = (posts[0].posted_at, posts[0].ordinal)
        if last is None or key > (last.posted_at, last.ordinal):
            found.append([])
        found[-1].append((group, posts))
        if last is None or (posts[-1].posted_at, posts[-1].ordinal) > (
            last.posted_at,
            last.ordinal,
        ):
            last = posts[-1]
    return found


def _is_crowded(groups: list[_Group], close: set[int], posts: int) -> bool:
    """Whether strangers' videos may be close to posts by chance.

    A folder of liked videos holds thousands of IDs that name nobody. How many of them belong to
    no post tells how many more would fall into the minutes before posts all the same.
    """
    strangers = sum(id(group) not in close for group in groups)
    if not strangers:
        return False
    times = [minted_at(group.video_id or "") for group in groups]
    span = (max(times) - min(times)).total_seconds() or 1.0
    return strangers * posts * LONGEST_UPLOAD.total_seconds() / span > _MOST_BY_CHANCE


def _is_only_way(posts: list[Post], component: list[tuple[_Group, list[Post]]]) -> bool:
    """Whether posts and IDs, both in order, fit so and in no other way."""
    fits = [{post.id for post in rivals} for _, rivals in component]
    if not all(post.id in fit for post, fit in zip(posts, fits, strict=True)):
        return False
    neighbours = zip(posts, posts[1:], fits, fits[1:], strict=False)
    return not any(second.id in one and first.id in two for first, second, one, two in neighbours)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0

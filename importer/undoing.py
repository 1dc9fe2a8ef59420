"""Taking back what an archive published: chosen, then deleted post by post."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.changing import signed_in_patiently
from importer.engine.patience import Patience
from importer.engine.stop import Stop
from importer.errors import Stopped, UserError
from importer.model import Post, Record
from importer.pds.repo import Repo
from importer.settings import Settings
from importer.stages.undo import Undone, undo

__all__ = [
    "Published",
    "Selected",
    "Selection",
    "TakenBack",
    "Undone",
    "select",
    "take_back",
    "undo_posts",
]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which published posts are meant; of all, unless names, a run or destinations are given.

    `found` takes in records that this archive found on the server rather than wrote.
    """

    names: tuple[str, ...] = ()
    run: int | None = None
    found: bool = False
    destinations: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """A post that stands on the server, with its records."""

    post: Post
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Selected:
    """The posts to take back, newest first; `left` others were found rather than published here."""

    posts: tuple[Published, ...]
    left: int


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What became of one post. Those edited elsewhere are left alone."""

    post: Post
    records: tuple[Record, ...]
    result: Undone

    @property
    def is_left_alone(self) -> bool:
        """Whether it still stands, because somebody edited it."""
        return self.result is Undone.CHANGED


def select(archive: ArchiveView, selection: Selection) -> Selected:
    """Find what is meant.

    Raises:
        UserError: a name is of no post.
    """
    posts = {post.id: post for post in archive.posts()}
    unknown = set(selection.names) - posts.keys()
    if unknown:
        raise UserError(
            f"No post is called {', '.join(sorted(unknown))}. Nothing was deleted.",
            hint=f"To see their names: tokaway posts {archive.folder}",
            code="no_post",
        )
    records: dict[tuple[str, str], list[Record]] = {}
    for record in archive.records():
        records.setdefault((record.post, record.destination), []).append(record)
    chosen: dict[str, list[Record]] = {}
    left: set[str] = set()
    for (name, destination), own in records.items():
        if selection.names and name not in selection.names:
            continue
        if selection.destinations and destination not in selection.destinations:
            continue
        if selection.run is not None and all(record.run != selection.run for record in own):
            continue
        if not selection.found and all(record.run is None for record in own):
            left.add(name)
            continue
        chosen.setdefault(name, []).extend(own)
    found = [Published(posts[name], tuple(own)) for name, own in chosen.items()]
    found.sort(key=lambda one: (one.post.posted_at, one.post.ordinal), reverse=True)
    return Selected(tuple(found), len(left))


def take_back(
    archive: Archive, selected: Selected, repo: Repo, patience: Patience, stop: Stop
) -> Iterator[TakenBack]:
    """Delete the records of each post, all of them or none, and note it.

    Raises:
        Stopped: the user asked to stop; what was told is noted.
    """
    for one in selected.posts:
        result = patience.call(lambda one=one: undo(one.records, repo))  # type: ignore[misc]
        if result is not Undone.CHANGED:
            archive.note_undone(one.post, {record.destination for record in one.records})
        yield TakenBack(one.post, one.records, result)
        if stop.draining.is_set():
            raise Stopped


def undo_posts(
    archive: Archive,
    settings: Settings,
    selected: Selected,
    stop: Stop,
    tell: Callable[[str, datetime], None],
) -> Iterator[TakenBack]:
    """Sign in with the session that was kept, and take the posts back.

    Raises:
        SignInNeeded: no session was kept.
        Unreachable: the server does not answer.
        Stopped: the user asked to stop; what was told is noted.
    """
    with signed_in_patiently(archive, settings, None, stop, tell) as (repo, patience):
        yield from take_back(archive, selected, repo, patience, stop)

"""What `undo` and `update` do: change what is published, after showing what will change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from importer.archive.store import Archive
from importer.clock import utc_now
from importer.commands import signals, working_on
from importer.console import Console
from importer.engine.patience import Patience
from importer.engine.stop import Stop
from importer.errors import Refused, Stopped, UserError
from importer.model import Post, Record
from importer.pds.repo import Repo
from importer.pds.session import Credentials, Given
from importer.settings import Settings, load
from importer.stages.undo import Undone, undo
from importer.stages.update import Change, change_of, update
from importer.toolbox import session_of, style_of
from importer.wording import local, one_line, plural, utc

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Access:
    """How a command comes to write: where, as whom, and with whose leave."""

    flags: dict[str, Any]
    credentials: Credentials
    confirm: Callable[[str], bool]


NOBODY = Access({}, Given(None), lambda question: False)
"""Access of a program that has no password and agrees to nothing."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which published posts are meant; of all, unless names, a run or destinations are given.

    `found` takes in records that this archive found on the server rather than wrote.
    """

    names: tuple[str, ...] = ()
    run: int | None = None
    found: bool = False
    destinations: tuple[str, ...] | None = None


def patience_of(console: Console, settings: Settings, stop: Stop) -> Patience:
    """Waiting as the settings want it, told on the console."""

    def waiting(reason: str, until: datetime) -> None:
        console.note(f"Waiting until {local(until)}: {reason}")

    return Patience(stop, utc_now, settings=settings, tell=waiting)


def undo_import(console: Console, folder: Path, selection: Selection, access: Access) -> int:
    """Delete what this archive published and nobody changed since.

    Returns:
        The exit code.
    """
    stop = Stop()
    with working_on(folder) as archive:
        chosen, left = _select(archive, selection)
        if not chosen:
            console.line("Nothing to take back." + _left_alone(left))
            return 0
        _show_undo(console, archive, chosen, left)
        if not access.confirm(f"Delete {plural(len(chosen), 'post')} from your account?"):
            console.line("Nothing was deleted.")
            return 0
        told: Counter[Undone] = Counter()
        with _repo(console, archive, access, stop) as (repo, patience):
            for post, records in chosen:
                result = patience.call(lambda records=records: undo(records, repo))  # type: ignore[misc]
                told[result] += 1
                if result is not Undone.CHANGED:
                    archive.note_undone(post, {record.destination for record in records})
                console.result("undone", {"post": post.id, "uri": records[0].uri, "result": result})
                console.note(f"{'!' if result is Undone.CHANGED else '✓'} {post.id} {result}")
                if stop.draining.is_set():
                    raise Stopped
    _tell_undone(console, told)
    return 1 if told[Undone.CHANGED] else 0


def update_posts(console: Console, folder: Path, names: Sequence[str], access: Access) -> int:
    """Bring edited words to posts that are published.

    Returns:
        The exit code.
    """
    stop = Stop()
    with working_on(folder) as archive:
        posts = _reworded(archive, names)
        if not posts:
            console.line("No published post was edited since: nothing to update.")
            return 0
        with _repo(console, archive, access, stop) as (repo, patience):
            settings = load(access.flags, archive=folder)
            style = style_of(settings, archive, repo.server)
            changes, refused = _changes(console, archive, posts, repo, patience, style)
            if changes and not access.confirm(
                f"Change {plural(len(changes), 'post')}? On Bluesky an edited post counts as new: "
                "likes, reposts and replies are counted from zero again."
            ):
                console.line("Nothing was changed.")
                return 0
            for change in changes:
                try:
                    patience.call(lambda change=change: update(change, repo))  # type: ignore[misc]
                except Refused as refusal:
                    refused += 1
                    console.line(f"! {change.post.id}: {refusal.text} {refusal.hint}")
                    continue
                archive.note_updated(change.post, change.records)
                console.result("updated", {"post": change.post.id, "uri": change.records[0].uri})
                console.note(f"✓ {change.post.id} {change.records[0].uri}")
                if stop.draining.is_set():
                    raise Stopped
    console.line(f"{plural(len(changes), 'post')} brought up to date.")
    return 1 if refused else 0


def _select(archive: Archive, selection: Selection) -> tuple[list[tuple[Post, list[Record]]], int]:
    """The posts to take back with their records, and how many are not of this archive's making."""
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
    found = [(posts[name], own) for name, own in chosen.items()]
    found.sort(key=lambda one: (one[0].posted_at, one[0].ordinal), reverse=True)
    return found, len(left)


def _show_undo(
    console: Console, archive: Archive, chosen: Sequence[tuple[Post, list[Record]]], left: int
) -> None:
    account = archive.account()
    console.line(
        f"{plural(len(chosen), 'post')} of {account.handle if account else 'your account'} will "
        f"be deleted, with their replies, likes and reposts.{_left_alone(left)}"
    )
    for post, records in chosen[:SHOWN]:
        console.line(
            f"  {utc(post.posted_at)}  {one_line(post.caption) or '(no caption)'}  {records[0].uri}"
        )
    if len(chosen) > SHOWN:
        console.line(f"  … and {len(chosen) - SHOWN} more")


def _left_alone(left: int) -> str:
    if not left:
        return ""
    return (
        f" {plural(left, 'post')} found on the server rather than published by this archive "
        "are left alone; --found takes them too."
    )


def _tell_undone(console: Console, told: Counter[Undone]) -> None:
    console.result(
        "undo",
        {
            "deleted": told[Undone.DELETED],
            "gone": told[Undone.GONE],
            "changed": told[Undone.CHANGED],
        },
    )
    gone = f", {told[Undone.GONE]} were gone already" if told[Undone.GONE] else ""
    changed = (
        f", {told[Undone.CHANGED]} left alone because they were edited elsewhere"
        if told[Undone.CHANGED]
        else ""
    )
    console.line(f"{plural(told[Undone.DELETED], 'post')} deleted{gone}{changed}.")


def _reworded(archive: Archive, names: Sequence[str]) -> list[Post]:
    known = {post.id: post for post in archive.posts()}
    published = {record.post for record in archive.records()}
    unknown = [name for name in names if name not in published]
    if unknown:
        raise UserError(
            f"No published post is called {', '.join(unknown)}. Nothing was changed.",
            hint=f"To see their names: tokaway posts {archive.folder}",
            code="no_post",
        )
    return [known[name] for name in names or archive.reworded() if name in published]


def _changes(
    console: Console,
    archive: Archive,
    posts: Sequence[Post],
    repo: Repo,
    patience: Patience,
    style: Any,
) -> tuple[list[Change], int]:
    changes: list[Change] = []
    refused = 0
    for post in posts:
        records = archive.records(post.id)
        try:
            change = patience.call(
                lambda post=post, records=records: change_of(  # type: ignore[misc]
                    post, records, repo, style, utc_now()
                )
            )
        except Refused as refusal:
            refused += 1
            console.line(f"! {post.id}: {refusal.text} {refusal.hint}")
            continue
        if change is None:
            archive.note_unchanged(post)
        elif not change.writes:
            archive.note_updated(post, change.records)
        else:
            changes.append(change)
            _show_change(console, change)
    return changes, refused


def _show_change(console: Console, change: Change) -> None:
    before, after = " / ".join(change.before), " / ".join(change.after)
    console.result(
        "update_post",
        {"post": change.post.id, "before": change.before, "after": change.after},
    )
    console.line(f"{change.post.id}  {utc(change.post.posted_at)}")
    console.line(f"  - {one_line(before, 200)}")
    console.line(f"  + {one_line(after, 200)}")


@contextmanager
def _repo(
    console: Console, archive: Archive, access: Access, stop: Stop
) -> Iterator[tuple[Repo, Patience]]:
    settings = load(access.flags, archive=archive.folder)
    with signals(stop), session_of(settings, archive, access.credentials, stop) as (_, repo):
        yield repo, patience_of(console, settings, stop)

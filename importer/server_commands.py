"""What `undo` and `update` do: change what is published, after showing what will change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from importer.archive.store import Archive
from importer.changing import signed_in_patiently
from importer.commands import signals
from importer.console import Console
from importer.engine.stop import Stop
from importer.model import Post, Trouble
from importer.opening import working_on
from importer.pds.credentials import Credentials, Given
from importer.settings import load
from importer.undoing import Selected, Selection, Undone, select, take_back
from importer.updating import Change, edited_posts, update
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


def waits(console: Console) -> Callable[[str, datetime], None]:
    """Tells on the console why nothing goes on, and until when."""
    return lambda reason, until: console.note(f"Waiting until {local(until)}: {reason}")


def undo_import(console: Console, folder: Path, selection: Selection, access: Access) -> int:
    """Delete what this archive published and nobody changed since.

    Returns:
        The exit code.
    """
    stop = Stop()
    with working_on(folder) as archive:
        selected = select(archive, selection)
        if not selected.posts:
            console.line("Nothing to take back." + _left_alone(selected.left))
            return 0
        _show_undo(console, archive, selected)
        if not access.confirm(f"Delete {plural(len(selected.posts), 'post')} from your account?"):
            console.line("Nothing was deleted.")
            return 0
        told: Counter[Undone] = Counter()
        settings = load(access.flags, archive=folder)
        with (
            signals(stop),
            signed_in_patiently(archive, settings, access.credentials, stop, waits(console)) as (
                repo,
                patience,
            ),
        ):
            for one in take_back(archive, selected, repo, patience, stop):
                told[one.result] += 1
                uri = one.records[0].uri
                console.result("undone", {"post": one.post.id, "uri": uri, "result": one.result})
                console.note(f"{'!' if one.is_left_alone else '✓'} {one.post.id} {one.result}")
    _tell_undone(console, told)
    return 1 if told[Undone.CHANGED] else 0


def update_posts(console: Console, folder: Path, names: Sequence[str], access: Access) -> int:
    """Bring edited words to posts that are published.

    Returns:
        The exit code.
    """
    stop = Stop()
    with working_on(folder) as archive:
        posts = edited_posts(archive, names)
        if not posts:
            console.line("No published post was edited since: nothing to update.")
            return 0
        settings = load(access.flags, archive=folder)
        with (
            signals(stop),
            update(archive, settings, access.credentials, stop, waits(console)) as opened,
        ):
            changes: list[Change] = []
            refused = 0
            for one in opened.compare(posts):
                if one.trouble:
                    refused += 1
                    _show_refusal(console, one.post, one.trouble)
                if one.change:
                    changes.append(one.change)
                    _show_change(console, one.change)
            if changes and not access.confirm(
                f"Change {plural(len(changes), 'post')}? On Bluesky an edited post counts as new: "
                "likes, reposts and replies are counted from zero again."
            ):
                console.line("Nothing was changed.")
                return 0
            left = 0
            for done in opened.write(changes):
                if done.trouble:
                    left += 1
                    _show_refusal(console, done.post, done.trouble)
                    continue
                console.result("updated", {"post": done.post.id, "uri": done.records[0].uri})
                console.note(f"✓ {done.post.id} {done.records[0].uri}")
    console.line(f"{plural(len(changes) - left, 'post')} brought up to date.")
    return 1 if refused or left else 0


def _show_undo(console: Console, archive: Archive, selected: Selected) -> None:
    account, chosen = archive.account(), selected.posts
    console.line(
        f"{plural(len(chosen), 'post')} of {account.handle if account else 'your account'} will "
        f"be deleted, with their replies, likes and reposts.{_left_alone(selected.left)}"
    )
    for one in chosen[:SHOWN]:
        words = one_line(one.post.caption) or "(no caption)"
        console.line(f"  {utc(one.post.posted_at)}  {words}  {one.records[0].uri}")
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


def _show_refusal(console: Console, post: Post, trouble: Trouble) -> None:
    console.line(f"! {post.id}: {trouble.text} {trouble.hint}")


def _show_change(console: Console, change: Change) -> None:
    before, after = " / ".join(change.before), " / ".join(change.after)
    console.result(
        "update_post",
        {
            "post": change.post.id,
            "before": change.before,
            "after": change.after,
            "others": change.others,
        },
    )
    console.line(f"{change.post.id}  {utc(change.post.posted_at)}")
    if before != after:
        console.line(f"  - {one_line(before, 200)}")
        console.line(f"  + {one_line(after, 200)}")
    if change.others:
        console.line(f"  changed: {', '.join(change.others)}")

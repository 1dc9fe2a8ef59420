"""Edited words for posts that are published: found, compared with the server, and brought."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.changing import signed_in_patiently
from importer.clock import utc_now
from importer.engine.patience import Patience
from importer.engine.stop import Stop
from importer.errors import Refused, Stopped, UserError
from importer.model import Post, Record, Trouble
from importer.pds.credentials import Credentials
from importer.pds.repo import Repo
from importer.records.style import Style
from importer.settings import Settings
from importer.stages.update import Change, change_of
from importer.stages.update import update as write_change
from importer.toolbox import style_at

__all__ = ["Change", "Compared", "Update", "Updated", "edited_posts", "update"]


@dataclass(frozen=True, slots=True)
class Compared:
    """A post beside what stands on the server.

    `change` is `None` if nothing differs, or if the post is left alone because of `trouble`.
    """

    post: Post
    change: Change | None = None
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Updated:
    """What became of one post: the records it has now, or why it is as it was."""

    post: Post
    records: tuple[Record, ...]
    trouble: Trouble | None = None


def edited_posts(archive: ArchiveView, names: Sequence[str] = ()) -> tuple[Post, ...]:
    """The published posts that are named, or else those whose words were edited since.

    Raises:
        UserError: a name is of no published post.
    """
    known = {post.id: post for post in archive.posts()}
    published = {record.post for record in archive.records()}
    unknown = [name for name in names if name not in published]
    if unknown:
        raise UserError(
            f"No published post is called {', '.join(unknown)}. Nothing was changed.",
            hint=f"To see their names: tokaway posts {archive.folder}",
            code="no_post",
        )
    return tuple(known[name] for name in names or archive.reworded() if name in published)


class Update:
    """The words of one archive's posts, and its account open to bring them there."""

    def __init__(
        self, archive: Archive, repo: Repo, patience: Patience, style: Style, stop: Stop
    ) -> None:
        self._archive = archive
        self._repo = repo
        self._patience = patience
        self._style = style
        self._stop = stop

    def compare(self, posts: Iterable[Post]) -> Iterator[Compared]:
        """See what would change; writes nothing there, and notes which posts are as they should be.

        Raises:
            Unreachable, BudgetEmpty: the server does not answer, or has no room.
            Stopped: the user asked to stop.
        """
        for post in posts:
            try:
                change = self._settled(post, self._patience.call(partial(self._look, post)))
            except Refused as refusal:
                yield Compared(post, trouble=_trouble(refusal))
            else:
                yield Compared(post, change)
            if self._stop.draining.is_set():
                raise Stopped

    def write(self, changes: Iterable[Change]) -> Iterator[Updated]:
        """Write what was seen to change, each post whole or not at all, and note it.

        A post that is no longer as it was seen is left alone.

        Raises:
            Unreachable, BudgetEmpty: the server does not answer, or has no room.
            Stopped: the user asked to stop; what was told is noted.
        """
        for seen in changes:
            try:
                records = self._patience.call(partial(self._write, seen))
            except Refused as refusal:
                told = tuple(self._archive.records(seen.post.id))
                yield Updated(seen.post, told, _trouble(refusal))
            else:
                yield Updated(seen.post, records)
            if self._stop.draining.is_set():
                raise Stopped

    def _look(self, post: Post) -> Change | None:
        records = self._archive.records(post.id)
        return change_of(post, records, self._repo, self._style, utc_now())

    def _settled(self, post: Post, change: Change | None) -> Change | None:
        """What is still to be written; what is there already is noted."""
        if change is None:
            self._archive.note_unchanged(post)
        elif not change.writes:
            self._archive.note_updated(post, change.records)
            return None
        return change

    def _write(self, seen: Change) -> tuple[Record, ...]:
        # Each write, as of the post before, makes the look at the account old; and the answer to an
        # earlier try may have got lost.
        change = self._settled(seen.post, self._look(seen.post))
        if change is not None:
            if change.writes != seen.writes:
                raise Refused(
                    "What would change is no longer what was shown, so the post was left as it is.",
                    hint="Give the same command again.",
                    code="busy_account",
                )
            write_change(change, self._repo)
            self._archive.note_updated(change.post, change.records)
        return tuple(self._archive.records(seen.post.id))


@contextmanager
def update(
    archive: Archive,
    settings: Settings,
    credentials: Credentials | None,
    stop: Stop,
    tell: Callable[[str, datetime], None],
) -> Iterator[Update]:
    """Everything ready to bring edited words to published posts.

    Args:
        archive: where the words are, and where it is noted that they were brought.
        settings: how posts are worded.
        credentials: where a password comes from; `None` if only a kept session will do.
        stop: ends it.
        tell: hears why it waits, and until when.

    Raises:
        SignInNeeded: there is no password, or the server refuses it.
        Unreachable: the server does not answer.
        UserError: no account is named, it is not the archive's, or the table of handles cannot be
            used.
    """
    with signed_in_patiently(archive, settings, credentials, stop, tell) as (repo, patience):
        yield Update(archive, repo, patience, style_at(repo.server, settings, archive), stop)


def _trouble(refusal: Refused) -> Trouble:
    return Trouble(refusal.code, refusal.text, refusal.hint)

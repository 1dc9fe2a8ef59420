"""What can be done with what is published: checked, reworded, taken back; told post by post."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from importer.engine.stop import Stop
from importer.errors import Stopped
from importer.model import Trouble
from importer.undoing import Selected, Selection, select, undo_posts
from importer.updating import Change, edited_posts, update
from importer.verifying import verification
from importer.wording import local
from tui.advice import advice
from tui.desk import Desk
from tui.language import _, ngettext

Tell = Callable[[int, str], None]
"""Hears how many posts are done, and a line about the last; an empty line says nothing."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What a look at everything came to: numbers of posts."""

    right: int
    wrong: int
    unasked: str
    was_stopped: bool

    @property
    def words(self) -> str:
        """The same in a sentence."""
        if self.was_stopped:
            return _("Stopped. What was checked so far is noted.")
        right = ngettext("{number} post", "{number} posts", self.right).format(
            number=f"{self.right:,}"
        )
        if not self.wrong:
            return _("✓ Checked {posts}: text, files and date are right.").format(posts=right)
        return _("! {wrong} of {all} posts are not right: see the lines below.").format(
            wrong=f"{self.wrong:,}", all=f"{self.right + self.wrong:,}"
        )


def check(desk: Desk, stop: Stop, tell: Tell) -> Checks:
    """Check everything that is published.

    Raises:
        UserError: nothing is published, or the server does not show the account.
        Unreachable: the server does not answer.
        ArchiveInUse: a run holds the archive.
    """
    done: Counter[bool] = Counter()
    waits = _telling_of_waits(done, tell)
    with (
        desk.working() as archive,
        verification(archive, desk.settings(), stop, waits) as look,
    ):
        try:
            for checked in look.run():
                trouble = checked.trouble
                done[trouble is None] += 1
                line = _wrong(checked.post.id, trouble) if trouble else ""
                tell(done.total(), line.rstrip())
                if stop.draining.is_set():
                    raise Stopped
        except Stopped:
            return Checks(done[True], done[False], "", was_stopped=True)
        return Checks(done[True], done[False], look.unasked, was_stopped=False)


def _wrong(post: str, trouble: Trouble) -> str:
    return f"! {post}: {trouble.text} {advice(trouble.code, trouble.hint)}"


def to_take_back(desk: Desk) -> Selected:
    """What taking everything back would delete."""
    with desk.looking() as view:
        return select(view, Selection())


@dataclass(frozen=True, slots=True)
class TookBack:
    """What taking back came to: numbers of posts."""

    deleted: int
    left_alone: int
    was_stopped: bool

    @property
    def words(self) -> str:
        """The same in a sentence."""
        told = ngettext(
            "✓ {number} post is off your account.",
            "✓ {number} posts are off your account.",
            self.deleted,
        ).format(number=f"{self.deleted:,}")
        left = _("{number} edited elsewhere stay.").format(number=self.left_alone)
        return _with_the_rest(told, left if self.left_alone else "", was_stopped=self.was_stopped)


def take_back(desk: Desk, selected: Selected, stop: Stop, tell: Tell) -> TookBack:
    """Delete these posts, all records of each or none.

    Raises:
        SignInNeeded: no session was kept.
        Unreachable: the server does not answer.
        ArchiveInUse: a run holds the archive.
    """
    done: Counter[bool] = Counter()
    waits = _telling_of_waits(done, tell)
    with desk.working() as archive:
        try:
            for one in undo_posts(archive, desk.settings(), selected, stop, waits):
                done[one.is_left_alone] += 1
                said = _("! {post} was edited elsewhere and stays").format(post=one.post.id)
                gone = _("{date} is off your account").format(date=local(one.post.posted_at))
                tell(done.total(), said if one.is_left_alone else gone)
        except Stopped:
            return TookBack(done[False], done[True], was_stopped=True)
    return TookBack(done[False], done[True], was_stopped=False)


@dataclass(frozen=True, slots=True)
class Differences:
    """What bringing edited words would change, and how many posts stay as they are."""

    changes: tuple[Change, ...]
    left_alone: int
    was_stopped: bool

    @property
    def words(self) -> str:
        """The same in a sentence."""
        if self.was_stopped:
            return _("Stopped. Nothing was changed.")
        if self.left_alone and not self.changes:
            return _("! Nothing was changed: see the lines below.")
        if not self.changes:
            return _("✓ Your posts have these words already.")
        return _("Nothing was changed yet.")


def number_edited(desk: Desk) -> int:
    """How many published posts have words that were edited since."""
    with desk.looking() as view:
        return len(edited_posts(view))


def compare(desk: Desk, stop: Stop, tell: Tell) -> Differences:
    """See what bringing all edited words would change on the account.

    Raises:
        SignInNeeded: no session was kept.
        Unreachable: the server does not answer.
        ArchiveInUse: a run holds the archive.
    """
    changes: list[Change] = []
    done: Counter[bool] = Counter()
    waits = _telling_of_waits(done, tell)
    with desk.working() as archive:
        try:
            with update(archive, desk.settings(), None, stop, waits) as opened:
                for one in opened.compare(edited_posts(archive)):
                    done[one.trouble is None] += 1
                    if one.change:
                        changes.append(one.change)
                    tell(done.total(), _wrong(one.post.id, one.trouble) if one.trouble else "")
        except Stopped:
            return Differences((), done[False], was_stopped=True)
    return Differences(tuple(changes), done[False], was_stopped=False)


@dataclass(frozen=True, slots=True)
class Brought:
    """What bringing edited words came to: numbers of posts."""

    changed: int
    left_alone: int
    was_stopped: bool

    @property
    def words(self) -> str:
        """The same in a sentence."""
        told = ngettext(
            "✓ {number} post has its new words.",
            "✓ {number} posts have their new words.",
            self.changed,
        ).format(number=f"{self.changed:,}")
        left = _("{number} stay as they are.").format(number=self.left_alone)
        return _with_the_rest(told, left if self.left_alone else "", was_stopped=self.was_stopped)


def bring(desk: Desk, seen: Differences, stop: Stop, tell: Tell) -> Brought:
    """Bring the words as they were shown, each post whole or not at all.

    Raises:
        SignInNeeded: no session was kept.
        Unreachable: the server does not answer.
        ArchiveInUse: a run holds the archive.
    """
    done: Counter[bool] = Counter()
    waits = _telling_of_waits(done, tell)

    def brought(*, was_stopped: bool) -> Brought:
        return Brought(done[True], seen.left_alone + done[False], was_stopped)

    with desk.working() as archive:
        try:
            with update(archive, desk.settings(), None, stop, waits) as opened:
                for one in opened.write(seen.changes):
                    done[one.trouble is None] += 1
                    new = _("{date} has its new words").format(date=local(one.post.posted_at))
                    tell(done.total(), _wrong(one.post.id, one.trouble) if one.trouble else new)
        except Stopped:
            return brought(was_stopped=True)
    return brought(was_stopped=False)


def _with_the_rest(told: str, left: str, *, was_stopped: bool) -> str:
    """What was done, with what was left alone and what was not come to."""
    stopped = _("Stopped before the others.") if was_stopped else ""
    return " ".join(filter(None, (told, left, stopped)))


def _telling_of_waits(done: Counter[bool], tell: Tell) -> Callable[[str, object], None]:
    """What hears why the server makes us wait: it says so beside the number that is done."""
    return lambda reason, until: tell(done.total(), reason)

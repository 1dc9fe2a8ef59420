"""One archive on the desk of the screens: each call opens it, works and closes it again.

Every method may take long and belongs in a worker thread (`Doing.do`), never in a handler.
"""

from __future__ import annotations

import logging
import shlex
import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from importer.accepting import Accepted, note_account
from importer.ahead import Ahead, look_ahead, summary_with_outlook, windows_of
from importer.archive.edits import Edited
from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.budgets import Window
from importer.captions.table import Edits, read_table, write_table
from importer.clock import utc_now
from importer.closeup import Closeup, closeup
from importer.engine.outcome import Outcome
from importer.engine.stop import Stop
from importer.engine.wishes import Wishes
from importer.events import Event
from importer.gathering import Gathered, Say, gather_folder, gather_pages
from importer.layers import PREFIX
from importer.model import Edit, Measure, Milestone, Post
from importer.opening import Opened, opened, working_on
from importer.plans import Plan, make_plan
from importer.report import write_report
from importer.reviewing import Sending, sending
from importer.runs import begin, run_archive
from importer.selection import EVERYTHING
from importer.sending_word import Word
from importer.settings import Settings, load
from importer.summary import Summary
from tui.language import _

# Settings that `tokaway run` has a flag for; it takes the others from the environment.
_WITH_FLAG = frozenset(
    {
        *(
            "config",
            "destinations",
            "encoder",
            "gates",
            "handles",
            "limit",
            "long",
            "names",
            "overflow",
        ),
        *("pace", "pds", "photos", "to", "upload", "video_service"),
    }
)
# Up to here posts are read one by one.
_FEW = 100
log = logging.getLogger("tokaway")


@dataclass(frozen=True, slots=True)
class Library:
    """All posts, oldest first, the measures of their files, and whose they are on TikTok."""

    posts: list[Post]
    measures: Mapping[str, Measure]
    user_name: str


@dataclass(frozen=True, slots=True)
class Review:
    """A plan, what it comes to, and how many bytes are free on the archive's disk."""

    plan: Plan
    sending: Sending
    free: int


class Desk:
    """The archive in `folder`, with the flags the program was started with.

    `selection` and `looked_at` are what lies open on it: the posts that are shown, and the one
    that is looked at. They stay when a screen is left.
    """

    def __init__(self, folder: Path, flags: Mapping[str, Any]) -> None:
        self.folder = folder
        self.selection = EVERYTHING
        self.looked_at = ""
        self._flags = dict(flags)

    @classmethod
    def lay(cls, path: Path, flags: Mapping[str, Any]) -> tuple[Desk, Opened]:
        """Read an export into its archive, or open an archive; with what was read just now.

        Raises:
            UserError: the export cannot be used.
            ArchiveInUse: another run holds the archive.
            DiskFull: there is no room for the archive.
        """
        with opened(path) as it:
            return cls(it.archive.folder, flags), it

    def set_flag(self, name: str, value: object) -> None:
        """Choose something for this session, as a flag of `tokaway run` does."""
        self._flags[name] = value

    def settings(self) -> Settings:
        """What is in force: defaults, files, environment, and what was chosen here.

        Raises:
            UserError: a file cannot be read, or a setting has the wrong form.
        """
        return load(self._flags, archive=self.folder)

    @contextmanager
    def looking(self) -> Iterator[ArchiveView]:
        """The archive, read only; safe beside a run."""
        with ArchiveView.open(self.folder) as view:
            yield view

    @contextmanager
    def working(self) -> Iterator[Archive]:
        """The archive, open for writing.

        Raises:
            ArchiveInUse: a run holds it.
            UserError: it is no longer there.
        """
        with working_on(self.folder) as archive:
            yield archive

    def posts(self) -> list[Post]:
        """All posts, oldest first."""
        with self.looking() as view:
            return view.posts()

    def library(self) -> Library:
        """All posts with what their list shows of them."""
        with self.looking() as view:
            profile = view.profile()
            user_name = (profile.user_name if profile else None) or ""
            return Library(view.posts(), view.measures(), user_name)

    def posts_named(self, names: Collection[str]) -> list[Post]:
        """Some posts as they are now."""
        with self.looking() as view:
            if len(names) > _FEW:
                return [post for post in view.posts() if post.id in names]
            return [post for name in names if (post := view.post(name))]

    def closeup(self, name: str) -> Closeup | None:
        """All there is to know of one post."""
        with self.looking() as view:
            return closeup(view, name, self.settings())

    def summary(self) -> Summary:
        """The numbers, with the day on which the import will be finished."""
        with self.looking() as view:
            return summary_with_outlook(view, self.settings())

    def plan(self) -> Plan:
        """What a run would do."""
        with self.looking() as view:
            return make_plan(view, self.settings())

    def review(self) -> Review:
        """What a run would do, with what it will send and the room there is for it."""
        plan = self.plan()
        free = shutil.disk_usage(self.folder).free
        return Review(plan, sending(plan), free)

    def ahead(self) -> Ahead:
        """The limits as they are used now, and when the import will be finished."""
        with self.looking() as view:
            return look_ahead(view, self.settings())

    def windows(self) -> tuple[Window, ...]:
        """The limits as they are used now; quick, whatever waits."""
        with self.looking() as view:
            return tuple(windows_of(view, self.settings()))

    def run(
        self, emit: Callable[[Event], None], stop: Stop, wishes: Wishes, *, dry: bool = False
    ) -> Outcome | None:
        """Publish what waits, signed in by the session that was kept; `None` if nothing waits.

        A `dry` run fetches and prepares, and sends nothing. Word of what comes later goes where
        the settings say: nobody may be at the screen then.

        Raises:
            ArchiveInUse: another run holds it.
            UserError: no account is named, it is not the archive's, FFmpeg is missing, or word
                cannot be sent where it should.
            SignInNeeded: no session was kept, or the server refuses it.
            Unreachable: the server does not answer.
        """
        settings = replace(self.settings(), dry_run=dry)
        word = Word(() if dry else settings.notify, log.warning)
        with self.working() as archive:
            if not begin(archive, settings):
                return None
            hear = word.hearing(archive, emit)
            return run_archive(archive, settings, None, hear, stop, wishes=wishes)

    @property
    def command(self) -> str:
        """The line that goes on with the import without the screens, until a limit is reached."""
        chosen = {name: value for name, value in self._flags.items() if value is not None}
        flags = [
            word for name in chosen if name in _WITH_FLAG for word in _flag(name, chosen[name])
        ]
        told = shlex.join(["tokaway", "run", str(self.folder.absolute()), "--no-wait", *flags])
        variables = [
            f"{PREFIX}{name.upper()}={shlex.quote(_text(value))}"
            for name, value in chosen.items()
            if name not in _WITH_FLAG
        ]
        return " ".join([*variables, told])

    def put_back_failed(self) -> int:
        """Give every failed post another chance; how many there are."""
        with self.working() as archive:
            failed = archive.posts(Milestone.FAILED)
            for post in failed:
                archive.put_back(post)
        return len(failed)

    def write_report(self) -> Path:
        """Write the report anew; where it lies."""
        with self.looking() as view:
            return write_report(view, utc_now())

    def edit(self, edits: Iterable[Edit]) -> Edited:
        """Take over what the person wrote and chose."""
        with self.working() as archive:
            return archive.edit(edits)

    def write_table(self, target: Path) -> int:
        """Write all posts into a spreadsheet file; how many they are.

        Raises:
            UserError: there is such a file already, or it cannot be written there.
        """
        posts = self.posts()
        write_table(posts, target)
        return len(posts)

    def read_table(self, source: Path) -> Edits:
        """What a spreadsheet file says; nothing is changed yet.

        Raises:
            UserError: the file cannot be read or understood.
        """
        return read_table(source, self.posts())

    def gather_folder(self, folder: Path, say: Say) -> Gathered:
        """Take captions and files out of a folder of the creator's."""
        with self.working() as archive:
            return gather_folder(archive, folder, say, lambda _list: _("o reads them off TikTok."))

    def gather_pages(self, user_name: str | None, stop: threading.Event, say: Say) -> Gathered:
        """Read captions off the creator's public page."""
        with self.working() as archive:
            return gather_pages(archive, user_name, (), None, stop, say)

    def note_account(self, told: Accepted, *, instead: bool = False) -> None:
        """Publish to this account from now on; `instead` of the one before, if nothing was.

        Raises:
            UserError: the archive is another account's.
        """
        with self.working() as archive:
            note_account(archive, told, instead=instead)


def _flag(name: str, value: object) -> list[str]:
    """A choice as a flag of `tokaway run`."""
    if name == "destinations" and isinstance(value, tuple | list):
        return [word for one in value for word in ("--destination", str(one))]
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    return [f"--{flag}", str(value.absolute() if isinstance(value, Path) else value)]


def _text(value: object) -> str:
    """A choice as a variable of the environment holds it."""
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)

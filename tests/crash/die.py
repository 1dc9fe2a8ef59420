"""Runs the real command line and kills it, without any warning, at one exact moment.

    python tests/crash/die.py FD MOMENT[:N] -- run EXPORT …  at the N-th time, 1 if not said
    python tests/crash/die.py FD --calls N -- run EXPORT …   at the N-th call of a function of ours
    python tests/crash/die.py FD --steps N -- run EXPORT …   the same, counted where the steps run

With N = 0 the command runs to its end, and the number of calls is the last line of standard
error. FD is a pipe that every child inherits: it closes when the last of them has ended.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from sqlite_utils import Database

import importer
from importer import cli, report
from importer.archive.store import Archive
from importer.engine import run
from importer.media import download, part_file
from importer.media.ffmpeg import Ffmpeg
from importer.model import Action
from importer.pds import xrpc
from importer.pds.oauth import AuthorizationServer
from importer.pds.repo import Repo
from importer.stages import prepare_photos, repair

OURS = str(Path(importer.__file__).parent)


def die() -> None:
    """End as a power cut would end it."""
    os.kill(os.getpid(), signal.SIGKILL)


class Moment:
    """The N-th time something happens; threads may share it."""

    def __init__(self, nth: int) -> None:
        self._nth = nth
        self._times = itertools.count(1)

    def __call__(self) -> None:
        """It happens."""
        if next(self._times) == self._nth:
            die()


def replace(owner: Any, name: str, new: Any) -> None:
    """Put something else in the place of a function of ours."""
    setattr(owner, name, new)


def before(owner: Any, name: str, moment: Moment) -> None:
    """Die when a function of ours is about to be called."""
    original = getattr(owner, name)

    def dying(*arguments: Any, **named: Any) -> Any:
        moment()
        return original(*arguments, **named)

    replace(owner, name, dying)


def after(owner: Any, name: str, moment: Moment) -> None:
    """Die when a function of ours has returned."""
    original = getattr(owner, name)

    def dying(*arguments: Any, **named: Any) -> Any:
        result = original(*arguments, **named)
        moment()
        return result

    replace(owner, name, dying)


def between(chunks: Iterator[bytes], moment: Moment) -> Iterator[bytes]:
    """Die when a chunk has been dealt with and the next one is asked for."""
    for chunk in chunks:
        yield chunk
        moment()


def downloading(moment: Moment) -> None:
    """A chunk of the download is in the part file."""
    original = download._write

    def dying(answer: Any, *arguments: Any) -> None:
        chunks = answer.iter_raw()
        answer.iter_raw = lambda: between(chunks, moment)
        original(answer, *arguments)

    replace(download, "_write", dying)


def encoding(moment: Moment) -> None:
    """FFmpeg encodes and has its output open. It is left behind, frozen: `orphan PID`."""
    original = Ffmpeg._start

    def dying(self: Ffmpeg, arguments: Any, complaints: Any) -> Any:
        child = original(self, arguments, complaints)
        # Repacking is over before one can look.
        if "libx264" in arguments:
            output = next(Path(word[5:]) for word in arguments if word.endswith(".part"))
            while child.poll() is None and not output.exists():
                pass
            os.kill(child.pid, signal.SIGSTOP)
            sys.stderr.write(f"orphan {child.pid}\n")
            sys.stderr.flush()
            moment()
            os.kill(child.pid, signal.SIGCONT)
        return child

    replace(Ffmpeg, "_start", dying)


def uploading(moment: Moment) -> None:
    """A chunk of the upload is on its way to the server."""
    original = xrpc._chunks
    replace(xrpc, "_chunks", lambda *arguments: between(original(*arguments), moment))


def reporting(moment: Moment) -> None:
    """The report is written and has not got its name."""

    class Dying(type(Path())):  # type: ignore[misc]
        def replace(self, target: Any) -> Any:
            moment()
            return super().replace(target)

    replace(report, "Path", Dying)


def having_encoded(moment: Moment) -> None:
    """A video is encoded and in its place, and not noted."""
    original = Archive.note_prepared

    def dying(self: Archive, post: Any, files: Any) -> None:
        if any(file.fit is Action.TRANSCODE for file in files):
            moment()
        original(self, post, files)

    replace(Archive, "note_prepared", dying)


def leaving_a_copy(moment: Moment) -> None:
    """A post is noted as published, and its prepared copy still lies there."""
    original = run._Coordinator._remove_copy

    def dying(self: Any, post: Any) -> None:
        if list(self._archive.media_folder(post.id).glob("prepared.*")):
            moment()
        original(self, post)

    replace(run._Coordinator, "_remove_copy", dying)


def making_tables(moment: Moment) -> None:
    """Some tables of a new archive are made."""
    original = Database.execute

    def dying(self: Any, sql: str, *arguments: Any) -> Any:
        result = original(self, sql, *arguments)
        if "CREATE TABLE" in sql:
            moment()
        return result

    replace(Database, "execute", dying)


def carrying(name: str, how: Callable[[Any, str, Moment], None]) -> Callable[[Moment], None]:
    """Files are on their way through a store; what does that is an extra, loaded only now."""

    def trap(moment: Moment) -> None:
        from importer.cluster.carrying import Shelf
        from importer.cluster.sending import Cluster

        how(Shelf if hasattr(Shelf, name) else Cluster, name, moment)

    return trap


def noting_what_is_there(moment: Moment) -> None:
    """A post's records are on the server, just written or found there, and not noted."""
    before(Archive, "note_published", moment)
    before(Archive, "note_recognised", moment)


MOMENTS: dict[str, Callable[[Moment], None]] = {
    "making-tables": making_tables,
    "absorbing": lambda moment: after(Archive, "_insert", moment),
    "downloading": downloading,
    "landed-note-left": lambda moment: after(part_file, "land", moment),
    "fetched-not-noted": lambda moment: before(Archive, "note_fetched", moment),
    "encoding": encoding,
    "prepared-not-noted": having_encoded,
    "uploading": uploading,
    "uploaded-no-record": lambda moment: before(Repo, "create", moment),
    "thread-uploaded": lambda moment: before(Repo, "create_together", moment),
    "thread-written": lambda moment: after(Repo, "create_together", moment),
    "photo-prepared": lambda moment: after(prepare_photos, "convert_photo", moment),
    "record-written": lambda moment: after(Repo, "create", moment),
    "published-not-noted": noting_what_is_there,
    "published-copy-left": leaving_a_copy,
    "in-transaction": lambda moment: after(Archive, "_move", moment),
    "encoded-not-deleted": lambda moment: before(repair, "undo", moment),
    "deleted-not-noted": lambda moment: before(Archive, "encode_anew", moment),
    "renewed-not-kept": lambda moment: after(AuthorizationServer, "renew", moment),
    "reporting": reporting,
    "carried-not-sent": carrying("_send", before),
    "made-not-taken": carrying("_take", before),
    "taken-not-cleared": carrying("clear", before),
    "cleared-not-noted": carrying("clear", after),
}


def count_calls(nth: int, *, in_main_thread: bool) -> Iterator[int]:
    """Die at the N-th call of a function of ours, in whatever thread, or in all but the first."""
    calls = itertools.count(1)

    def profile(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        # A generator is called for each of its values: there would be little else.
        if event != "call" or code.co_name[0] == "<" or not code.co_filename.startswith(OURS):
            return
        if next(calls) == nth:
            die()

    threading.setprofile(profile)
    if in_main_thread:
        sys.setprofile(profile)
    return calls


def tie_children(pipe: int) -> None:
    """Let every child hold the pipe open for as long as it lives."""
    original = subprocess.Popen.__init__

    def tied(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named, pass_fds=[pipe])

    replace(subprocess.Popen, "__init__", tied)


def main() -> None:
    """Set the trap, then be the command line."""
    at = sys.argv.index("--")
    pipe, trap, arguments = int(sys.argv[1]), sys.argv[2:at], sys.argv[at + 1 :]
    tie_children(pipe)
    sys.argv = ["tokaway", *arguments]
    if trap[0] not in ("--calls", "--steps"):
        name, _, nth = trap[0].partition(":")
        MOMENTS[name](Moment(int(nth or 1)))
        cli.main()
    calls = count_calls(int(trap[1]), in_main_thread=trap[0] == "--calls")
    try:
        cli.main()
    finally:
        sys.setprofile(None)
        sys.stderr.write(f"\n{next(calls)}\n")


if __name__ == "__main__":
    main()

"""A run from beginning to end: tidies up, signs in, keeps the log, lets the engine work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from importer.archive.store import Archive
from importer.archive.view import UNFINISHED
from importer.engine.outcome import Outcome
from importer.engine.run import run
from importer.engine.stop import Stop
from importer.engine.wishes import Wishes
from importer.engine.workers import Workers
from importer.events import Event
from importer.model import Post
from importer.pds.budget import Together
from importer.pds.session import Credentials, Given
from importer.run_log import RunLog
from importer.settings import Settings
from importer.stages.place import sweep
from importer.toolbox import signed_in


def begin(archive: Archive, settings: Settings) -> list[Post]:
    """Take over where posts are to go, and sweep what a killed run left; the posts that wait."""
    archive.aim_at(settings.destinations)
    waiting = archive.waiting(settings.destinations)
    sweep(archive.folder, frozenset(post.id for post in archive.posts(*UNFINISHED, chosen=True)))
    return waiting


def run_archive(
    archive: Archive,
    settings: Settings,
    credentials: Credentials | None,
    emit: Callable[[Event], None],
    stop: Stop,
    *,
    while_running: AbstractContextManager[None] | None = None,
    wishes: Wishes | None = None,
    workers: Workers | None = None,
    together: Together | None = None,
) -> Outcome:
    """Fetch, prepare and publish what waits in an archive; the same call resumes.

    Args:
        archive: open for writing, and begun with (`begin`).
        settings: of this run.
        credentials: where a password comes from, if no session was kept; `None` if from nowhere.
        emit: hears every event, in order and from this thread.
        stop: how the run is told to stop.
        while_running: entered once the account is signed in.
        wishes: what the person wants changed meanwhile.
        workers: who does the steps, if not threads of the run's own.
        together: what other runs keep of this machine's limits that are at work meanwhile.

    Raises:
        UserError: no account is named, it is not the archive's, or FFmpeg is missing.
        SignInNeeded: there is no password, or the server refuses it.
        Unreachable: the server does not answer.
    """
    with (
        signed_in(settings, archive, credentials or Given(None), stop, together) as tools,
        RunLog(archive.folder) as log,
        while_running or nullcontext(),
    ):

        def tell(event: Event) -> None:
            log.event(event)
            emit(event)

        return run(archive, tools, settings, tell, stop, wishes=wishes, workers=workers)

"""A run from beginning to end: tidies up, signs in, keeps the log, lets the engine work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from importer.archive.store import Archive
from importer.archive.view import UNFINISHED
from importer.clock import utc_now
from importer.days import Days, note_now
from importer.engine.outcome import Outcome
from importer.engine.run import run
from importer.engine.stop import Stop
from importer.engine.wishes import Wishes
from importer.engine.workers import Workers
from importer.errors import ArchiveInUse, TokawayError
from importer.events import Event
from importer.opening import working_on
from importer.pds.appview import can_see
from importer.pds.budget import Together
from importer.pds.credentials import Credentials, Given
from importer.pds.held_session import HeldSession
from importer.run_log import RunLog
from importer.sending_word import Word
from importer.settings import Settings
from importer.stages.place import sweep
from importer.toolbox import signed_in


def begin(archive: Archive, settings: Settings) -> bool:
    """Take over where posts are to go, and sweep what a killed run left; whether there is work."""
    archive.aim_at(settings.destinations)
    waiting = archive.waiting(settings.destinations)
    sweep(archive.folder, frozenset(post.id for post in archive.posts(*UNFINISHED, chosen=True)))
    return bool(waiting) or _is_to_look(archive, settings)


@contextmanager
def telling_of_trouble(
    folder: Path, settings: Settings, say: Callable[[str], None]
) -> Iterator[Word]:
    """What keeps a run from beginning is noted in the archive's days, and word is sent of it.

    Args:
        folder: of the archive.
        settings: say where to send word.
        say: hears that it could not be sent.

    Raises:
        UserError: word cannot be sent to where it should.
    """
    word = Word((), say)
    try:
        word = Word(settings.notify, say)
        yield word
    except ArchiveInUse:
        raise  # by a run that tells of itself
    except TokawayError as error:
        # Of an archive that cannot be opened only the screen can tell.
        with suppress(TokawayError), working_on(folder) as archive:
            note_now(archive, utc_now(), f"{error.text} {error.hint}".rstrip())
            word.trouble(archive, utc_now(), error)
        raise


def end_without_work(archive: Archive, word: Word) -> None:
    """A run has nothing to do: noted in the archive's days, and word is sent if it is news."""
    note_now(archive, utc_now(), "Nothing is left to do.")
    word.ended(archive, utc_now(), "nothing_to_do", 0, "")


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
    held: HeldSession | None = None,
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
        held: the session that runs before this one have opened with a password.

    Raises:
        UserError: no account is named, it is not the archive's, or FFmpeg is missing.
        SignInNeeded: there is no password, or the server refuses it.
        BudgetEmpty: the server takes no more sign-ins for now.
        Unreachable: the server does not answer.
    """
    with (
        signed_in(settings, archive, credentials or Given(None), stop, together, held) as tools,
        RunLog(archive.folder) as log,
        while_running or nullcontext(),
    ):

        def tell(event: Event) -> None:
            log.event(event)
            emit(event)

        days = Days(archive, tell)
        return run(archive, tools, settings, days.event, stop, wishes=wishes, workers=workers)


def _is_to_look(archive: Archive, settings: Settings) -> bool:
    """Whether an app view is to be asked now about what was published before."""
    (_, at), account = archive.looks(), archive.account()
    if settings.dry_run or not (at and account) or at > utc_now():
        return False
    return can_see(settings.appview, settings.pds or account.pds)

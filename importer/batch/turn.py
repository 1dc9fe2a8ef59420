"""One turn of one creator: opens the archive, and lets the engine work for a while."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from importer.archive.store import Archive
from importer.asking import Passwords
from importer.batch.file import Creator
from importer.batch.standing import INTERRUPTED, Listener, Standing
from importer.batch.turns import LONGEST
from importer.clock import utc_now
from importer.engine.outcome import outcome_of
from importer.engine.stop import Stop
from importer.engine.workers import Workers
from importer.errors import BudgetEmpty, Fault, Stopped, TokawayError, UserError, of_system
from importer.events import Event, StepDone
from importer.folders import is_archive
from importer.model import Stage
from importer.opening import opened
from importer.pds.budget import Together
from importer.pds.credentials import Given
from importer.pds.held_session import HeldSession
from importer.plans import make_plan
from importer.report import write_report
from importer.reviewing import prepared
from importer.runs import begin, run_archive
from importer.settings import Settings, load
from importer.summary import summarise
from importer.wording import gathered_lines, plural

log = logging.getLogger("tokaway")


@dataclass(frozen=True, slots=True)
class Shared:
    """What all creators of a batch share."""

    workers: Workers
    together: Together
    listener: Listener
    stop: Stop


class Turn:
    """A creator at work.

    Args:
        creator: whose turn it is.
        shared: what it shares with the others.
        held: the session that its turns before have opened.
        posts: how many posts to publish before it hands over, if others wait.
        published: how many it has published in its turns before.
        is_first: whether its export and its folder are still to be read.
        others_wait: whether anybody else could work now.
    """

    def __init__(
        self,
        creator: Creator,
        shared: Shared,
        held: HeldSession,
        *,
        posts: int,
        published: int,
        is_first: bool,
        others_wait: Callable[[], bool],
    ) -> None:
        self.creator = creator
        self.stop = Stop()
        self.published = published
        self.settings = Settings()
        self._shared = shared
        self._held = held
        self._until = published + posts
        self._is_first = is_first
        self._others_wait = others_wait

    def run(self) -> Standing:
        """Work until nothing is left, until nothing can be done now, or until the turn is over.

        Whatever goes wrong is this creator's alone: nothing is raised.
        """
        try:
            return self._work()
        except Stopped:
            return self._stands("interrupted", INTERRUPTED)
        except TokawayError as error:
            return self._failed(error)
        except OSError as error:
            return self._failed(of_system(error))
        except Exception as error:
            log.exception("%s: a mistake of Tokaway's", self.creator.name)
            return self._failed(
                Fault(
                    f"Tokaway made a mistake ({type(error).__name__}). Nothing is lost.",
                    hint="Please report this with the lines of the log.",
                )
            )

    def heed(self, stop: Stop) -> None:
        """Stop as all are told to."""
        if stop.at_once.is_set():
            self.stop.at_once.set()
        if stop.draining.is_set():
            self.stop.handing_over = False
            self.stop.draining.set()

    def _work(self) -> Standing:
        creator = self.creator
        if self._is_first:
            creator.check()
        path = creator.path if self._is_first else creator.archive
        if path == creator.archive and not is_archive(path):
            raise UserError(
                f"There is no archive in {path}.",
                hint="Name the export that it is to be made from: export = FILE.zip",
                code="no_archive",
            )
        with opened(
            path, creator.archive, creator.settings.source if self._is_first else None, self._note
        ) as it:
            for line in gathered_lines(it.gathered) if it.gathered else ():
                self._note(line)
            self.settings = load(creator.values, archive=it.archive.folder)
            if not self.settings.selection.is_everything:
                meant = self.settings.selection.of(it.archive.posts(), utc_now())
                it.archive.mean_only(post.id for post in meant)
            return self._publish(it.archive)

    def _publish(self, archive: Archive) -> Standing:
        if not begin(archive, self.settings):
            done = outcome_of(archive, Settings(), self.stop, None, clean=True)
            return self._of(archive, self._stands(done.word, done.exit_code))
        try:
            outcome = run_archive(
                archive,
                self._for_a_turn(),
                self._credentials(),
                self._hear(utc_now()),
                self.stop,
                workers=self._shared.workers,
                together=self._shared.together,
                held=self._held,
            )
        except TokawayError as error:
            return self._of(archive, self._failed(error))
        if outcome.error:
            standing = self._failed(outcome.error)
        else:
            standing = self._stands(outcome.word, outcome.exit_code)
        return self._of(archive, replace(standing, clean=outcome.clean))

    def _credentials(self) -> Given:
        # That others may read the file is said once, not at each turn.
        say = self._note if self._is_first else lambda text: None
        return Given(Passwords(self.settings.password_file, say).given())

    def _for_a_turn(self) -> Settings:
        """Its settings, but without waiting: that would keep others from their turn."""
        limit = self.settings.limit
        left = None if limit is None else limit - self.published
        return replace(self.settings, wait=False, limit=left)

    def _hear(self, began_at: datetime) -> Callable[[Event], None]:
        def hear(event: Event) -> None:
            self._shared.listener.event(self.creator.name, event)
            self.heed(self._shared.stop)
            if isinstance(event, StepDone) and event.stage is Stage.PUBLISH:
                self.published += 1
            is_over = self.published >= self._until or event.at - began_at >= LONGEST
            if is_over and not self.stop.draining.is_set() and self._others_wait():
                self.stop.hand_over()

        return hear

    def _note(self, text: str) -> None:
        self._shared.listener.note(self.creator.name, text)

    def _of(self, archive: Archive, standing: Standing) -> Standing:
        """Where it stands by its archive, with a page that tells of it unless it goes on soon."""
        if standing.outcome == "dry_run":
            ready = len(prepared(make_plan(archive, self.settings)))
            standing = replace(standing, text=f"{plural(ready, 'post')} would be sent now.")
        return replace(
            standing,
            summary=summarise(archive, utc_now()),
            report=None if standing.outcome == "turn_over" else _report(archive),
        )

    def _failed(self, error: TokawayError) -> Standing:
        until = error.until if isinstance(error, BudgetEmpty) else None
        standing = self._stands(error.code, error.exit_code)
        return replace(standing, text=error.text, hint=error.hint, until=until)

    def _stands(self, outcome: str, exit_code: int) -> Standing:
        return Standing(self.creator.name, self.creator.archive, outcome, exit_code)


def _report(archive: Archive) -> Path | None:
    try:
        return write_report(archive, utc_now())
    except OSError:
        return None  # a full disk is told of by the run itself

"""Notes the steps that did not work: tried later, given up, or broken by a mistake of ours."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from importer.archive.store import Archive
from importer.engine.pauses import Pauses
from importer.engine.teller import Teller
from importer.errors import Fault, Refused, TryLater
from importer.model import Milestone, Post, Stage, Trouble
from importer.settings import Settings

FAULTS_IN_A_ROW = 3
log = logging.getLogger("tokaway")


class Setbacks:
    """What did not work in one run, as its archive and its listeners learn of it."""

    def __init__(
        self, archive: Archive, settings: Settings, pauses: Pauses, teller: Teller
    ) -> None:
        self._archive = archive
        self._settings = settings
        self._pauses = pauses
        self._tell = teller
        self._faults = 0

    def none(self) -> None:
        """A step went well."""
        self._faults = 0

    def try_later(
        self, post: Post, stage: Stage, started_at: datetime, now: datetime, trouble: TryLater
    ) -> None:
        """A step may work later: for this post, or after a pause of its whole stage."""
        words = Trouble(trouble.code, trouble.text, trouble.hint)
        # Each original may come from another host: while others come, the trouble is this one's.
        own = stage == Stage.FETCH and self._pauses.worked_since(stage, started_at)
        own = own and trouble.unreachable and not trouble.shared
        if trouble.whole_stage and not own:
            at = self._pauses.pause(stage, now, trouble).until
            self._archive.note_try_later(post, words, None, count=False)
        elif post.tries + 1 >= self._settings.tries:
            self._archive.note_failed(post, words)
            self._tell.step_failed(post, stage, Milestone.FAILED, words, None)
            return
        else:
            delay = min(self._settings.retry_seconds * 4 ** min(post.tries, 10), 3600)
            at = now + timedelta(seconds=delay)
            if trouble.at and trouble.at > now:
                at = trouble.at
            self._archive.note_try_later(post, words, at, count=True)
        self._tell.step_failed(post, stage, post.milestone, words, at)

    def give_up(self, post: Post, stage: Stage, refusal: Refused) -> None:
        """A step cannot work: the post fails, or is left out by a decision of ours."""
        words = Trouble(refusal.code, refusal.text, refusal.hint)
        if refusal.skip:
            self._archive.note_skipped(post, words)
        else:
            self._archive.note_failed(post, words)
        milestone = Milestone.SKIPPED if refusal.skip else Milestone.FAILED
        self._tell.step_failed(post, stage, milestone, words, None)

    def fault(self, post: Post, stage: Stage, fault: Exception) -> Fault | None:
        """A step broke as none should; the error that ends the run when it was one too many."""
        log.error("%s of %s broke", stage, post.id, exc_info=fault)
        words = Trouble(
            "fault",
            f"Tokaway made a mistake at this post ({type(fault).__name__}).",
            "Give the same command again; if it stays, report it with the end of run.log.",
        )
        self._archive.note_failed(post, words)
        self._tell.step_failed(post, stage, Milestone.FAILED, words, None)
        self._faults += 1
        if self._faults < FAULTS_IN_A_ROW:
            return None
        return Fault(
            f"Tokaway made {FAULTS_IN_A_ROW} mistakes in a row and stops here "
            f"({type(fault).__name__}: see run.log). Nothing is lost.",
            hint="Please report this with the end of run.log.",
        )

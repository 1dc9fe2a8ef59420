"""Watches whether what was sent straight to the server plays, while the run goes on.

Only an app view knows, and it tells late: each post is remembered in the archive until it was seen
playing, or there is nothing left to try. One thread asks, and encodes and deletes what goes
back; the coordinator's turns note what came of it, so that a kill between any two loses nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from importer.archive.looks import Look
from importer.archive.store import Archive
from importer.engine.looks import Verdict, first_look, judge
from importer.engine.stop import Stop
from importer.engine.teller import Teller
from importer.errors import Refused, RunError, Stopped, TryLater
from importer.model import Action, Milestone, Post, Role, Trouble
from importer.pds.appview import AT_ONCE
from importer.pds.xrpc import XrpcError
from importer.settings import Settings
from importer.stages.look import ENCODED, Seen, look, never_plays, not_shown
from importer.stages.repair import WayMade, make_way
from importer.stages.tools import FileGone, Job, Tools
from importer.stages.undo import Undone
from importer.step import Step

TICK_SECONDS = 0.2
# Posts are asked about together, rather than one by one as they come.
_GAP = timedelta(seconds=20)
_SHORTEST_REST, _LONGEST_REST = timedelta(minutes=1), timedelta(hours=1)
# For so long the end of a run waits for an answer that is on its way.
_LONGEST_ANSWER = timedelta(seconds=30)
_MADE_BY_US = frozenset({Action.TRANSCODE, Action.SLIDESHOW})
log = logging.getLogger("tokaway")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the thread is at: a look at posts, or the work on one that goes back."""

    looks: Sequence[Look]
    answer: Future[dict[str, Seen] | WayMade]
    step: Step
    at: datetime

    @property
    def goes_back(self) -> bool:
        """Whether it is work, and not only a question."""
        return self.looks[0].goes_back


class Watch:
    """The looks of one run. Where no app view sees the account's server there are none."""

    def __init__(
        self, archive: Archive, tools: Tools, settings: Settings, teller: Teller, now: datetime
    ) -> None:
        self._archive = archive
        self._tools = tools
        self._appview = tools.appview
        self._is_dry = settings.dry_run
        self._patience = timedelta(seconds=settings.mute_seconds)
        self._stay = timedelta(seconds=settings.look_seconds if settings.wait else 0)
        self._tell = teller
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="look")
        self._asked: _Asked | None = None
        self._rest = _SHORTEST_REST
        self._not_before = self._gathers_until = datetime.min.replace(tzinfo=UTC)
        self._closes_at = now + self._stay

    def published(self, now: datetime) -> datetime | None:
        """A post is published now: when it is looked at first, if anybody can look."""
        self._closes_at = now + self._stay
        return first_look(now, self._patience) if self._appview else None

    def turn(self, now: datetime) -> int:
        """Note what was seen, and ask about what is due.

        Returns:
            How many posts wait to be published again.

        Raises:
            RunError: the account can no longer be used.
        """
        back = 0
        if self._asked and self._asked.answer.done():
            asked, self._asked = self._asked, None
            back = self._settle(asked, now)
        is_free = self._asked is None and now >= max(self._not_before, self._gathers_until)
        if self._appview and is_free and not self._is_dry:
            self._ask(now)
        return back

    def lingers(self, now: datetime, stop: Stop) -> bool:
        """Wait a moment for a look that the end of the run is worth; false if none is."""
        if self._asked:
            wait([self._asked.answer], TICK_SECONDS)
            ends_at = max(self._closes_at, self._asked.at + _LONGEST_ANSWER)
            return self._asked.goes_back or now < ends_at
        self._gathers_until = now  # nothing more is published, so nothing more comes together
        _, next_at = self._archive.looks()
        if self._appview is None or self._is_dry or next_at is None:
            return False
        at = max(next_at, self._not_before)
        if at > max(now, self._closes_at):
            return False
        if at > now:
            self._tell.waiting("Then a look will tell whether the new videos play.", at)
            stop.draining.wait(min((at - now).total_seconds(), 1.0))
        return True

    def leave(self, seconds: float) -> bool:
        """Break off what is asked: it is asked again; false if the thread hangs."""
        hangs = False
        if self._asked:
            self._asked.step.break_off()
            hangs = bool(wait([self._asked.answer], seconds).not_done)
        self._pool.shutdown(wait=not hangs, cancel_futures=True)
        return not hangs

    def _ask(self, now: datetime) -> None:
        due = self._archive.looks_due(now, AT_ONCE)
        step = Step()
        answer: Future[dict[str, Seen] | WayMade]
        if due and due[0].goes_back:
            due = due[:1]
            answer = self._pool.submit(make_way, self._job(due[0].post), self._tools, step)
        elif due and self._appview:
            records = {one.post: self._archive.records(one.post) for one in due}
            answer = self._pool.submit(look, records, self._appview, step)
        else:
            return
        self._asked = _Asked(due, answer, step, now)

    def _job(self, name: str) -> Job:
        post = self._archive.post(name)
        if post is None:
            raise LookupError(name)
        records = tuple(self._archive.records(name))
        return Job(post, self._archive.files(name), self._archive.folder, records=records)

    def _settle(self, asked: _Asked, now: datetime) -> int:
        try:
            told = asked.answer.result()
        except RunError:
            raise
        except Stopped:
            return 0
        except TryLater as trouble:
            self._pause(asked, now, trouble.at)
            return 0
        except Exception as trouble:
            if asked.goes_back:
                self._give_up(asked.looks[0], never_plays(self._host, _why_not(trouble)))
            else:
                self._pause(asked, now)
            log.warning("a look at what is published failed", exc_info=trouble)
            return 0
        self._rest = _SHORTEST_REST
        if isinstance(told, WayMade):
            return self._went_back(asked.looks[0], told)
        goes_on = len(asked.looks) == AT_ONCE
        for one in asked.looks:
            goes_on = self._note(one, told.get(one.post, Seen.UNKNOWN), now) or goes_on
        self._gathers_until = now if goes_on else now + _GAP
        return 0

    def _pause(self, asked: _Asked, now: datetime, until: datetime | None = None) -> None:
        """Leave it for a while: one post that goes back, or all questions."""
        at = max(now + self._rest, until or now)
        self._rest = min(self._rest * 2, _LONGEST_REST)
        if asked.goes_back:
            self._archive.put_look(replace(asked.looks[0], next_at=at))
        else:
            self._not_before = at

    def _note(self, one: Look, seen: Seen, now: datetime) -> bool:
        """Remember what was seen of a post; whether it goes back now."""
        told = judge(one, seen, now, self._patience)
        if isinstance(told, Look):
            self._archive.put_look(told)
            return False
        post = self._job(one.post).post
        if told is Verdict.PLAYS:
            self._archive.note_plays(post)
            self._tell.looked(post, post.milestone)
        elif told is Verdict.UNKNOWN:
            self._archive.forget_look(post.id)
        elif told is Verdict.NOT_SHOWN:
            self._give_up(one, not_shown(self._host))
        elif self._is_made_by_us(post):
            self._give_up(one, never_plays(self._host, ENCODED))
        else:
            # Noted before anything is deleted: whoever goes on from here deletes it again.
            self._archive.put_look(replace(one, next_at=now, goes_back=True))
            return True
        return False

    def _went_back(self, one: Look, way: WayMade) -> int:
        """A post is deleted, or was edited elsewhere and is left alone; how many are deleted."""
        if way.undone is Undone.CHANGED:
            why, hint = "It was edited with another app.", "Delete it there, or leave it as it is."
            with suppress(OSError):
                self._archive.remove_copies(one.post)
            self._give_up(one, never_plays(self._host, why, hint))
            return 0
        post = self._job(one.post).post
        self._archive.encode_anew(post, way.files)
        why = "It is published again with its video encoded anew."
        self._tell.looked(post, Milestone.PREPARED, never_plays(self._host, why, ""))
        return 1

    def _give_up(self, one: Look, why: Trouble) -> None:
        post = self._job(one.post).post
        self._archive.note_not_right(post, why)
        self._tell.looked(post, Milestone.PUBLISHED, why)

    def _is_made_by_us(self, post: Post) -> bool:
        """Whether encoding it anew would make the same video again."""
        prepared = self._archive.files(post.id).get(Role.PREPARED, ())
        return post.encode or all(file.fit in _MADE_BY_US for file in prepared)

    @property
    def _host(self) -> str:
        return self._appview.host if self._appview else ""


def _why_not(trouble: Exception) -> str:
    """Why a video is not published again."""
    match trouble:
        case FileGone():
            return "Its original is no longer here to encode it anew."
        case Refused():
            return f"It cannot be encoded anew: {trouble.text}"
        case XrpcError():
            return f"The server does not let it be published again ({trouble})."
        case _:
            return f"It could not be encoded anew ({type(trouble).__name__}: see run.log)."

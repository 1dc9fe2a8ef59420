"""When a batch will be finished: its creators in turn, within limits that they share. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from importer.batch.file import Bounds
from importer.batch.turns import LONGEST, Turns
from importer.budgets import BY_ACCOUNT, Kind, Need, Window, tightest

_Key = tuple[Kind, int]


@dataclass(frozen=True, slots=True)
class Load:
    """What one creator has to publish: `needs` post by post, at a server, within `windows`.

    `seconds_a_post` is how long one takes when nothing makes it wait. `not_before` (UTC) is when
    the last of those is tried again that wait for themselves.
    """

    creator: str
    host: str
    needs: Sequence[Need]
    windows: tuple[Window, ...]
    seconds_a_post: float
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class BatchForecast:
    """The end of a batch that is never stopped, and of each of its creators (UTC).

    `limit` is the window that makes the last one wait longest, `None` if nothing does; whether
    others use it up too tells `is_shared`.
    """

    finish_at: datetime
    ends: Mapping[str, datetime]
    limit: Window | None
    is_shared: bool


@dataclass(slots=True)
class _Course:
    load: Load
    own: dict[_Key, Window]
    # How much of each limit of the address is left to the person.
    kept: dict[_Key, int]
    done: int = 0
    end: datetime | None = None
    waited: Counter[_Key] = field(default_factory=Counter)


@dataclass(slots=True)
class _AtWork:
    course: _Course
    began_at: datetime
    posts: int = 0


def forecast_batch(loads: Sequence[Load], bounds: Bounds, now: datetime) -> BatchForecast | None:
    """Play through what is to come, turn by turn; `None` if nothing is."""
    waiting = [load for load in loads if load.needs]
    return _Play(waiting, bounds, now).run() if waiting else None


class _Play:
    def __init__(self, loads: Sequence[Load], bounds: Bounds, now: datetime) -> None:
        self._bounds = bounds
        self._now = now
        self._turns = Turns(load.creator for load in loads)
        # What an address has used at each server: of those who know of it, whoever knows most.
        self._shared: dict[str, dict[_Key, Window]] = {}
        for load in loads:
            known = self._shared.setdefault(load.host, {})
            for key, window in _by_key(load, of_account=False).items():
                if key not in known or window.used > known[key].used:
                    known[key] = window
        self._courses = {
            load.creator: _Course(
                load,
                _by_key(load, of_account=True),
                {key: one.kept for key, one in _by_key(load, of_account=False).items()},
            )
            for load in loads
        }

    def run(self) -> BatchForecast:
        at, order = self._now, count()
        places: list[tuple[datetime, int, _AtWork]] = []
        while True:
            while len(places) < self._bounds.jobs and (name := self._turns.take(at)):
                heappush(places, (at, next(order), _AtWork(self._courses[name], at)))
            wakes_at = self._turns.wakes_at()
            if (
                wakes_at
                and len(places) < self._bounds.jobs
                and not (places and places[0][0] <= wakes_at)
            ):
                at = wakes_at
                continue
            if not places:
                return self._foreseen()
            at, _, work = heappop(places)
            if self._goes_on(work, at):
                again = at + timedelta(seconds=work.course.load.seconds_a_post)
                heappush(places, (again, next(order), work))

    def _goes_on(self, work: _AtWork, at: datetime) -> bool:
        """Publish one post more; false if the place is free then."""
        course, load = work.course, work.course.load
        if course.done == len(load.needs):
            course.end = max(at, load.not_before or at)
            return False
        is_over = work.posts >= self._bounds.turn or at - work.began_at >= LONGEST
        if is_over and self._turns.is_anyone_ready(at):
            self._turns.put_back(load.creator)
            return False
        amounts = load.needs[course.done].amounts
        full = tightest(self._windows(course), amounts, at)
        if full:
            window, until = full
            course.waited[window.kind, window.seconds] += round((until - at).total_seconds())
            self._turns.rest(load.creator, until)
            return False
        for windows in (course.own, self._shared[load.host]):
            for key, window in windows.items():
                if amounts[window.kind]:
                    windows[key] = window.spent(amounts[window.kind], at)
        course.done += 1
        work.posts += 1
        return True

    def _windows(self, course: _Course) -> Iterator[Window]:
        yield from course.own.values()
        shared = self._shared[course.load.host]
        for key, kept in course.kept.items():
            window = shared[key]
            yield window if window.kept == kept else replace(window, kept=kept)

    def _foreseen(self) -> BatchForecast:
        ends = {name: one.end for name, one in self._courses.items() if one.end}
        last = self._courses[max(ends, key=lambda name: ends[name])]
        decisive = last.waited.most_common(1)
        if not decisive:
            return BatchForecast(max(ends.values()), ends, None, is_shared=False)
        ((key, _),) = decisive
        (limit,) = [one for one in last.load.windows if (one.kind, one.seconds) == key]
        others = [one for one in self._courses.values() if one.load.host == last.load.host]
        is_shared = key[0] not in BY_ACCOUNT and len(others) > 1
        return BatchForecast(max(ends.values()), ends, limit, is_shared)


def _by_key(load: Load, *, of_account: bool) -> dict[_Key, Window]:
    """A creator's windows that are its account's, or those of the network address."""
    return {
        (one.kind, one.seconds): one
        for one in load.windows
        if (one.kind in BY_ACCOUNT) is of_account
    }

"""A real archive and the real coordinator; only the stages are small."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from importer.archive.store import Archive
from importer.archive.view import PLACED
from importer.clock import utc_now
from importer.engine.outcome import Outcome
from importer.engine.run import run
from importer.engine.stop import Stop
from importer.engine.wishes import Wishes
from importer.engine.workers import Workers
from importer.errors import Unreachable
from importer.events import Event, RunFinished, RunStarted, Status, Waiting
from importer.model import Action, Milestone, Post, Record, Role, Stage
from importer.pds.repo import Repo
from importer.settings import Settings
from importer.stages.tools import Fetched, Job, Prepared, Published, Result, Tools
from importer.step import Step
from tests.posts import NOW, exported, record_of, write_file

PATIENCE = 60.0  # how long a step of a test waits for another before the test fails
QUICK = Settings(retry_seconds=0.01)

Act = Exception | Callable[[Job, Step], None]


class Shelf(Repo):
    """An account's repo that holds the records of these posts, or cannot be read."""

    def __init__(self, *posts: str, trouble: Unreachable | None = None) -> None:
        self.posts = posts
        self.trouble = trouble

    def reconcile(self, archive: Archive) -> list[tuple[Post, tuple[Record, ...]]]:
        if self.trouble:
            raise self.trouble
        posts = [post for post in archive.posts() if post.id in self.posts]
        return [(post, (record_of(post),)) for post in posts if post.milestone not in PLACED]


class Stages:
    """Stages that write real files; `plan` lists what each step does before it works."""

    def __init__(self) -> None:
        self.plan: dict[tuple[Stage, str], list[Act]] = {}
        self.calls: list[tuple[Stage, str, datetime]] = []
        self.written: list[str] = []
        self.at_work = Counter[Stage]()
        self.most = Counter[Stage]()
        self._lock = threading.Lock()

    def work(self, stage: Stage) -> Callable[[Job, Tools, Step], Result]:
        def do(job: Job, tools: Tools, step: Step) -> Result:
            with self._lock:
                self.calls.append((stage, job.post.id, utc_now()))
                self.at_work[stage] += 1
                self.most |= self.at_work
                acts = self.plan.get((stage, job.post.id))
                act = acts.pop(0) if acts else None
            try:
                if isinstance(act, Exception):
                    raise act
                if act:
                    act(job, step)
                return self._result(stage, job)
            finally:
                with self._lock:
                    self.at_work[stage] -= 1

        return do

    def _result(self, stage: Stage, job: Job) -> Result:
        if stage == Stage.FETCH:
            return Fetched((write_file(job.archive, job.post, Role.ORIGINAL),))
        if stage == Stage.PREPARE:
            file = write_file(job.archive, job.post, Role.PREPARED)
            return Prepared((replace(file, fit=Action.REMUX),), "For a test.")
        with self._lock:
            self.written.append(job.post.id)
        record = record_of(job.post)
        return Published((record,), found=False, own=frozenset({record.uri}))

    def called(self, stage: Stage) -> list[str]:
        return [post for called, post, _ in self.calls if called == stage]


@dataclass
class House:
    """An archive with its stages, and what a run told of itself."""

    archive: Archive
    stages: Stages
    tools: Tools
    stop: Stop = field(default_factory=Stop)
    wishes: Wishes = field(default_factory=Wishes)
    events: list[Event] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    watch: Callable[[Event], None] = lambda event: None

    def add(self, posts: int) -> list[str]:
        self.archive.absorb([exported(second) for second in range(posts)])
        return [post.id for post in self.archive.posts()]

    def plan(self, stage: Stage, post: str, *acts: Act) -> None:
        self.stages.plan[stage, post] = list(acts)

    def run(
        self,
        settings: Settings = QUICK,
        now: Callable[[], datetime] = utc_now,
        workers: Workers | None = None,
    ) -> Outcome:
        self.events.clear()
        outcome = run(
            self.archive, self.tools, settings, self._emit, self.stop, now, self.wishes, workers
        )
        self._check_the_story(outcome)
        return outcome

    def leap(self, settings: Settings = QUICK) -> Outcome:
        """Run by a clock that stands, and goes on only to the end of what the run waits for."""
        clock, watch = NOW, self.watch

        def watch_and_leap(event: Event) -> None:
            nonlocal clock
            watch(event)
            if isinstance(event, Waiting):
                clock = event.until

        self.watch = watch_and_leap
        return self.run(settings, lambda: clock)

    def again(self, settings: Settings = QUICK) -> Outcome:
        self.stop, self.watch = Stop(), lambda event: None
        return self.run(settings)

    def _emit(self, event: Event) -> None:
        self.events.append(event)
        self.threads.add(threading.get_ident())
        self.watch(event)

    def _check_the_story(self, outcome: Outcome) -> None:
        """What is true of every run, however it went."""
        assert isinstance(self.events[0], RunStarted)
        finished = self.events[-1]
        assert isinstance(finished, RunFinished)
        assert (finished.outcome, finished.exit) == (outcome.word, outcome.exit_code)
        assert [type(event) for event in self.events].count(RunFinished) == 1
        assert len({event.run for event in self.events}) == 1
        assert self.threads == {threading.get_ident()}
        assert sum(finished.counts.values()) == len(self.archive.posts())
        assert finished.counts == self.archive.counts()
        assert len(set(self.stages.written)) == len(self.stages.written)

    def told(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if type(event) is kind]

    def story(self) -> list[str]:
        """The events in short, without those that depend on the clock."""
        return [
            " ".join(
                [
                    event.name,
                    *(
                        str(getattr(event, name))
                        for name in ("stage", "post")
                        if hasattr(event, name)
                    ),
                ]
            )
            for event in self.events
            if not isinstance(event, Status | Waiting)
        ]

    def post(self, post_id: str) -> Post:
        post = self.archive.post(post_id)
        assert post is not None
        return post

    def count(self, milestone: Milestone) -> int:
        return self.archive.counts()[milestone]

    def attempts(self) -> list[tuple[str, str, str | None]]:
        with closing(sqlite3.connect(self.archive.folder / "archive.db")) as connection:
            return connection.execute(
                "SELECT stage, outcome, trouble_code FROM attempts ORDER BY id"
            ).fetchall()

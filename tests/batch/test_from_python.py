"""A batch as other programs run it: a listener, and a stop."""

from __future__ import annotations

import threading
from collections import Counter

import tokaway
from importer.model import Action
from tests.batch.crowd import Crowd
from tests.batch.test_batch import two
from tests.end_to_end.server_truth import assert_exactly


class Ears(tokaway.BatchListener):
    """Hears three of the five things there are to hear; at the first post it may stop all, or `at`
    another event.
    """

    def __init__(
        self, stop: tokaway.Stop | None = None, at: type[tokaway.Event] = tokaway.StepDone
    ) -> None:
        self.turns: list[tuple[str, int]] = []
        self.published = Counter[str]()
        self.ends: dict[str, tokaway.Standing] = {}
        self.at_once = 0
        self._stop = stop
        self._at = at
        self._hearing = threading.Lock()

    def begins(self, creator: str, turn: int) -> None:
        self.turns.append((creator, turn))

    def event(self, creator: str, event: tokaway.Event) -> None:
        self.at_once += not self._hearing.acquire(blocking=False)
        if isinstance(event, tokaway.StepDone) and event.uri:
            self.published[creator] += 1
        if self._stop and isinstance(event, self._at) and self.published:
            self._stop.ask()
        self._hearing.release()

    def ended(self, standing: tokaway.Standing) -> None:
        self.ends[standing.creator] = standing


def test_a_program_hears_each_post_and_each_end(crowd: Crowd) -> None:
    two(crowd, posts=3)
    crowd.write("jobs = 2")
    ears = Ears()
    finished = tokaway.batch(tokaway.read_batch(crowd.file, {}), ears)
    assert finished.exit_code == 0
    assert ears.published == {"anna": 3, "ben": 3}
    assert sorted(ears.turns) == [("anna", 1), ("ben", 1)]
    assert ears.at_once == 0
    assert sorted(ears.ends.values(), key=lambda one: one.creator) == list(finished.standings)
    for name, account in crowd.accounts.items():
        assert_exactly(crowd.pds, account.did, crowd.staged[name].public)


def test_a_program_can_stop_it_and_the_same_call_resumes(crowd: Crowd) -> None:
    crowd.add("anna", [Action.KEEP] * 6, handle="stopped")
    crowd.write("publish_jobs = 1")
    stop = tokaway.Stop()
    file = tokaway.read_batch(crowd.file, {})
    first = tokaway.batch(file, Ears(stop), stop)
    assert first.exit_code == 130
    published = first.standings[0].summary
    assert published and 0 < published.published < 6
    ears = Ears()
    assert tokaway.batch(file, ears).exit_code == 0
    assert published.published + ears.published["anna"] == 6
    assert_exactly(crowd.pds, crowd.accounts["anna"].did, crowd.staged["anna"].public)


def test_who_has_ended_while_it_stops_is_told_of(crowd: Crowd) -> None:
    two(crowd, posts=1)
    crowd.write("jobs = 1")
    stop = tokaway.Stop()
    ears = Ears(stop, at=tokaway.RunFinished)
    finished = tokaway.batch(tokaway.read_batch(crowd.file, {}), ears, stop)
    assert finished.exit_code == 130
    [(name, standing)] = ears.ends.items()
    assert (standing.outcome, ears.published) == ("all_published", {name: 1})
    assert standing in finished.standings

"""Whatever happens to whichever step, no post is lost and none is published twice."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from importer.engine.stop import Stop
from importer.errors import (
    Refused,
    SignInNeeded,
    TryLater,
)
from importer.events import (
    Event,
)
from importer.model import (
    Milestone,
    Stage,
)
from importer.settings import Settings
from importer.stages.tools import FileGone
from tests.engine.house import Act, House

TROUBLES: list[Callable[[], Act]] = [
    lambda: TryLater("Not now."),
    lambda: TryLater("Slow down.", whole_stage=True),
    lambda: TryLater("No answer.", whole_stage=True, unreachable=True),
    lambda: Refused("No."),
    lambda: Refused("Too long.", skip=True),
    lambda: KeyError("unknown"),
    lambda: SignInNeeded("Who are you?"),
    lambda: FileGone(),
]


@pytest.mark.parametrize("seed", range(12))
def test_no_post_is_ever_lost_or_published_twice(house: House, seed: int) -> None:
    chance = random.Random(seed)
    posts = house.add(10)
    for post in posts:
        for stage in Stage:
            if chance.random() < 0.4:
                troubles = chance.choices(TROUBLES, weights=[9, 9, 9, 2, 2, 1, 1, 4], k=2)
                house.plan(stage, post, *(trouble() for trouble in troubles))
    settings = Settings(
        retry_seconds=0.001,
        tries=chance.randint(1, 4),
        buffer=chance.randint(1, 4),
        fetch_jobs=chance.randint(1, 3),
        publish_jobs=chance.randint(1, 3),
        limit=chance.choice([None, 3]),
    )
    for _ in range(30):
        stop_after = chance.randint(1, 60)
        house.stop = Stop()

        def watch(event: Event, last: int = stop_after) -> None:
            if len(house.events) == last:
                house.stop.ask()
            if len(house.events) == last + 1 and last % 2:
                house.stop.ask()

        house.watch = watch
        outcome = house.run(settings)
        assert outcome.clean
        assert outcome.word in {
            "all_published",
            "some_failed",
            "limit_reached",
            "interrupted",
            "sign_in",
            "fault",
        }
        for failed in house.archive.posts(Milestone.FAILED):
            house.archive.put_back(failed)
    counts = house.archive.counts()
    assert sum(counts.values()) == 10
    assert counts[Milestone.PUBLISHED] + counts[Milestone.SKIPPED] == 10
    assert {record.post for record in house.archive.records()} == set(house.stages.written)

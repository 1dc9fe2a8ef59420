"""Runs that publish so many posts at the most, or none at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from importer.clock import utc_now
from importer.engine.outcome import Outcome
from importer.errors import (
    Refused,
    TryLater,
)
from importer.model import (
    Milestone,
    Stage,
)
from tests.engine.house import QUICK, House
from tests.posts import bring_to

# --limit


@pytest.mark.parametrize("milestone", [Milestone.FOUND, Milestone.PREPARED])
def test_a_limit_is_never_exceeded(house: House, milestone: Milestone) -> None:
    posts = house.add(7)
    for post in posts:
        bring_to(house.archive, post, milestone)
    settings = replace(QUICK, limit=3, publish_jobs=4)
    assert house.run(settings) == Outcome("limit_reached", 0)
    assert house.count(Milestone.PUBLISHED) == 3
    assert house.again(settings) == Outcome("limit_reached", 0)
    assert house.count(Milestone.PUBLISHED) == 6
    assert house.again(settings) == Outcome("all_published", 0)


def test_only_what_was_published_counts_against_the_limit(house: House) -> None:
    posts = house.add(4)
    house.plan(Stage.PUBLISH, posts[0], Refused("No."))
    house.plan(Stage.PUBLISH, posts[1], TryLater("Not now."))
    house.run(replace(QUICK, limit=2))
    assert house.count(Milestone.PUBLISHED) == 2


def test_a_run_at_its_limit_does_not_wait_for_the_server(house: House) -> None:
    posts = house.add(2)
    for post in posts:
        bring_to(house.archive, post, Milestone.PREPARED)
    tomorrow = utc_now() + timedelta(days=1)
    house.plan(Stage.PUBLISH, posts[0], TryLater("Tomorrow.", at=tomorrow))
    assert house.run(replace(QUICK, limit=1, publish_jobs=1)) == Outcome("limit_reached", 0)


# --dry-run


def test_a_dry_run_prepares_what_the_buffer_holds_and_publishes_nothing(house: House) -> None:
    house.add(9)
    settings = replace(QUICK, dry_run=True, buffer=3, fetch_jobs=4)
    assert house.run(settings) == Outcome("dry_run", 0)
    assert house.count(Milestone.PREPARED) == len(house.stages.called(Stage.FETCH)) == 3
    assert house.stages.called(Stage.PUBLISH) == [] and house.archive.records() == []
    assert house.again(settings) == Outcome("dry_run", 0)
    assert house.count(Milestone.PREPARED) == 3
    assert house.again() == Outcome("all_published", 0)
    assert house.count(Milestone.PUBLISHED) == 9


def test_a_dry_run_tries_others_instead_of_waiting(house: House) -> None:
    posts = house.add(4)
    tomorrow = utc_now() + timedelta(days=1)
    house.plan(Stage.FETCH, posts[0], TryLater("Tomorrow.", at=tomorrow))
    house.plan(Stage.FETCH, posts[1], Refused("No."))
    assert house.run(replace(QUICK, dry_run=True, buffer=2)) == Outcome("dry_run", 1)
    assert house.count(Milestone.PREPARED) == 2

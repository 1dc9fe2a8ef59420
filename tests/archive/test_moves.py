"""The table of moves: what it must hold, whatever else it holds."""

from __future__ import annotations

import pytest

from importer.archive.moves import MOVES, check
from importer.model import Milestone

ENDED = {Milestone.SKIPPED, Milestone.FAILED}
PLACED = {Milestone.PUBLISHED, Milestone.VERIFIED}


@pytest.mark.parametrize("before", Milestone)
@pytest.mark.parametrize("after", Milestone)
def test_only_the_moves_of_the_table_are_allowed(before: Milestone, after: Milestone) -> None:
    if (before, after) in MOVES:
        check(before, after)
    else:
        with pytest.raises(ValueError, match=f"from {before} to {after}"):
            check(before, after)


def test_what_is_on_the_server_never_goes_back_but_by_being_taken_back() -> None:
    after = {after for before, after in MOVES if before in PLACED}
    assert after == PLACED | {Milestone.SKIPPED}


def test_every_milestone_can_come_to_be_published() -> None:
    can = set(PLACED)
    for _ in Milestone:
        can |= {before for before, after in MOVES if after in can}
    assert can == set(Milestone)


def test_no_post_is_verified_that_was_not_published() -> None:
    assert {before for before, after in MOVES if after == Milestone.VERIFIED} == {
        Milestone.PUBLISHED
    }


def test_no_milestone_follows_itself() -> None:
    assert all(before != after for before, after in MOVES)


def test_every_unfinished_post_may_fail_and_be_skipped() -> None:
    for milestone in (Milestone.FOUND, Milestone.FETCHED, Milestone.PREPARED):
        assert {(milestone, ended) for ended in ENDED} <= MOVES
        assert {(ended, milestone) for ended in ENDED} <= MOVES

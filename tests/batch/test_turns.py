"""Whose turn it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from importer.batch.standing import WORST_FIRST, worst
from importer.batch.turns import Turns
from importer.errors import TokawayError
from tests.posts import NOW

SOON, LATER = NOW + timedelta(minutes=5), NOW + timedelta(hours=1)


def test_turns_go_round() -> None:
    turns = Turns("abc")
    taken = []
    for _ in range(7):
        name = turns.take(NOW)
        assert name
        taken.append(name)
        turns.put_back(name)
    assert "".join(taken) == "abcabca"


def test_who_rests_has_no_turn_until_its_time_and_then_comes_last() -> None:
    turns = Turns("ab")
    assert turns.take(NOW) == "a"
    turns.rest("a", LATER)
    assert turns.take(NOW) == "b"
    turns.rest("b", SOON)
    assert not turns.is_anyone_ready(NOW) and turns.take(NOW) is None
    assert turns.left == ["a", "b"]
    assert turns.take(SOON) == "b"
    assert turns.take(LATER) == "a"
    assert turns.left == []


def test_a_day_that_ends_for_all_does_not_change_the_order() -> None:
    turns = Turns("abcd")
    for name in "ab":
        assert turns.take(NOW) == name
        turns.put_back(name)
    # The limit of their address is used up: all must wait for the same moment.
    for name in "cdab":
        assert turns.take(NOW) == name
        turns.rest(name, LATER)
    assert [turns.take(LATER) for _ in range(4)] == list("cdab")


@given(some.lists(some.sampled_from(["back", "rest", "end"]), max_size=60))
def test_nobody_has_a_second_turn_before_all_who_could_have_had_theirs(ends: list[str]) -> None:
    turns, since = Turns("abcde"), dict.fromkeys("abcde", 0)
    for end in ends:
        name = turns.take(NOW)
        if name is None:
            break
        assert since[name] == max(since[other] for other in [name, *turns.left] if other in since)
        for other in since:
            since[other] += 1
        if end == "back":
            turns.put_back(name)
            since[name] = 0
        elif end == "rest":
            turns.rest(name, LATER)
            del since[name]
        else:
            del since[name]


@pytest.mark.parametrize(
    ("codes", "expected"), [((), 0), ((0, 75), 75), ((75, 1, 0), 1), ((2, 3), 3), ((4, 130), 130)]
)
def test_the_worst_exit_code_is_told(codes: tuple[int, ...], expected: int) -> None:
    assert worst(codes) == expected


def test_every_exit_code_has_its_place() -> None:
    kinds = [TokawayError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert set(WORST_FIRST) == {0, 130} | {kind.exit_code for kind in kinds}

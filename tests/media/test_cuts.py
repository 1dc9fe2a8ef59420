"""Long videos are cut where it hurts least, and never into parts that are too long."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.media.cuts import WINDOW_SECONDS, KeyFrame, choose, equal


def frames(*times: float) -> list[KeyFrame]:
    return [KeyFrame(time, time - 0.1) for time in times]


def times(cuts: list[KeyFrame] | None) -> list[float] | None:
    return None if cuts is None else [cut.at for cut in cuts]


def test_parts_are_about_equal() -> None:
    every_two = frames(*range(0, 250, 2))
    assert times(choose(250, 100, every_two)) == [84, 166]


def test_silence_is_worth_going_a_little_further() -> None:
    def loudness(at: float) -> float:
        return 0.0 if at == 56 else 1.0

    every_two = frames(*range(0, 100, 2))
    assert times(choose(100, 60, every_two, loudness)) == [56]
    # But no part may become too long for it.
    assert times(choose(100, 52, every_two, loudness)) == [50]


def test_a_new_scene_is_worth_going_a_little_further() -> None:
    assert times(choose(100, 60, frames(0, 10, 20, 30, 40, 50, 53, 60, 70, 80, 90))) == [53]


def test_far_from_any_key_frame_the_nearest_is_taken() -> None:
    assert times(choose(200, 150, frames(0, 60, 180))) == [60]


def test_one_part_more_when_the_key_frames_leave_no_other_way() -> None:
    assert times(choose(100, 50, frames(0, 30, 40, 60, 70))) == [40, 70]


@pytest.mark.parametrize("lonely", [[], [0], [0, 90], [0, 10]])
def test_no_way_at_all(lonely: list[float]) -> None:
    assert choose(100, 50, frames(*lonely)) is None


def test_only_moments_near_the_ideal_are_listened_to() -> None:
    asked: list[float] = []

    def loudness(at: float) -> float:
        asked.append(at)
        return 0.5

    choose(1000, 600, frames(*range(1000)), loudness)
    assert len(asked) <= 2 * WINDOW_SECONDS + 1


@given(
    st.floats(10, 5000),
    st.floats(5, 700),
    st.lists(st.floats(0, 5000), max_size=60, unique=True).map(sorted),
)
def test_no_part_is_too_long(seconds: float, limit: float, moments: list[float]) -> None:
    cuts = choose(seconds, limit, frames(*(at for at in moments if at < seconds)))
    if cuts is not None:
        edges = [0.0, *(cut.at for cut in cuts), seconds]
        assert all(0 < after - before <= limit for before, after in pairwise(edges))


@given(st.floats(1, 5000), st.floats(1, 700))
def test_equal_parts(seconds: float, limit: float) -> None:
    edges = [0.0, *equal(seconds, limit), seconds]
    parts = [after - before for before, after in pairwise(edges)]
    assert max(parts) <= limit * (1 + 1e-9)
    assert min(parts) == pytest.approx(max(parts))

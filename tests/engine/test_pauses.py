"""Stages at rest: as long as the server says, or longer each time."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from importer.engine.pauses import LONGEST, Pauses
from importer.errors import TryLater
from importer.model import Stage
from tests.posts import NOW

SHORTEST = timedelta(seconds=5)
BLIP = timedelta(seconds=1)


def trouble(at: datetime | None = None, *, unreachable: bool = False) -> TryLater:
    return TryLater("Not now.", at=at, whole_stage=True, unreachable=unreachable)


def test_only_the_stage_in_trouble_rests_and_only_for_its_time() -> None:
    pauses = Pauses(SHORTEST)
    until = pauses.pause(Stage.PUBLISH, NOW, trouble()).until
    assert pauses.stages(NOW) == {Stage.PUBLISH}
    assert pauses.stages(until - timedelta(microseconds=1)) == {Stage.PUBLISH}
    assert pauses.stages(until) == set()


def test_each_pause_is_twice_as_long_up_to_five_minutes() -> None:
    pauses = Pauses(SHORTEST)
    now, lengths = NOW, []
    for _ in range(9):
        until = pauses.pause(Stage.FETCH, now, trouble()).until
        lengths.append((until - now).total_seconds())
        now = until
    assert lengths == [10, 20, 40, 80, 160, 300, 300, 300, 300]


def test_trouble_that_never_ends_is_waited_out() -> None:
    pauses = Pauses(SHORTEST)
    now = NOW
    for _ in range(2_000):
        now = pauses.pause(Stage.FETCH, now, trouble()).until
    assert pauses.pause(Stage.FETCH, now, trouble()).until == now + LONGEST


def test_several_workers_that_report_one_outage_do_not_lengthen_it() -> None:
    pauses = Pauses(SHORTEST)
    first = pauses.pause(Stage.PUBLISH, NOW, trouble())
    for second in range(1, 4):
        again = pauses.pause(Stage.PUBLISH, NOW + second * BLIP, trouble())
        assert again.tries == first.tries == 1
        assert again.until == NOW + second * BLIP + 2 * SHORTEST


def test_the_servers_own_time_is_kept() -> None:
    pauses = Pauses(SHORTEST)
    tomorrow = NOW + timedelta(days=1)
    assert pauses.pause(Stage.PUBLISH, NOW, trouble(tomorrow)).until == tomorrow
    # A worker that comes back a little later without a time does not cut it short.
    assert pauses.pause(Stage.PUBLISH, NOW + BLIP, trouble()).until == tomorrow
    assert pauses.pause(Stage.PUBLISH, NOW + BLIP, trouble(NOW + 2 * BLIP)).until == tomorrow


def test_a_time_that_is_over_by_our_clock_does_not_make_us_hammer_the_server() -> None:
    pauses = Pauses(SHORTEST)
    assert pauses.pause(Stage.PUBLISH, NOW, trouble(NOW - BLIP)).until == NOW + 2 * SHORTEST


def test_a_step_that_works_ends_the_pause_and_forgets_its_length() -> None:
    pauses = Pauses(SHORTEST)
    now = NOW
    for _ in range(4):
        now = pauses.pause(Stage.FETCH, now, trouble()).until
    pauses.pause(Stage.PUBLISH, now, trouble())
    pauses.worked(Stage.FETCH, now)
    pauses.worked(Stage.PREPARE, now)
    assert pauses.stages(now) == {Stage.PUBLISH}
    assert pauses.pause(Stage.FETCH, now, trouble()).until == now + 2 * SHORTEST


def test_what_worked_is_remembered_by_stage() -> None:
    pauses = Pauses(SHORTEST)
    assert not pauses.worked_since(Stage.FETCH, NOW)
    pauses.worked(Stage.FETCH, NOW)
    assert pauses.worked_since(Stage.FETCH, NOW)
    assert not pauses.worked_since(Stage.FETCH, NOW + BLIP)
    assert not pauses.worked_since(Stage.PUBLISH, NOW)


def test_a_pause_remembers_when_its_trouble_began() -> None:
    pauses = Pauses(SHORTEST)
    first = pauses.pause(Stage.FETCH, NOW, trouble(unreachable=True))
    second = pauses.pause(Stage.FETCH, first.until, trouble(unreachable=True))
    assert (second.since, second.tries) == (NOW, 2)
    assert second.unreachable
    assert second.reason == "Not now."
    assert pauses.active(first.until) == [(Stage.FETCH, second)]


def test_hours_of_a_rate_limit_do_not_count_as_unreachable() -> None:
    pauses = Pauses(SHORTEST)
    tomorrow = NOW + timedelta(days=1)
    pauses.pause(Stage.PUBLISH, NOW, trouble(tomorrow))
    assert pauses.pause(Stage.PUBLISH, tomorrow, trouble(unreachable=True)).since == tomorrow


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Stage),
            st.integers(0, 400),
            st.none() | st.integers(-100, 1000),
            st.booleans(),
        )
    )
)
def test_no_report_of_trouble_shortens_a_pause(
    reports: list[tuple[Stage, int, int | None, bool]],
) -> None:
    pauses = Pauses(SHORTEST)
    now, ends = NOW, dict.fromkeys(Stage, NOW)
    for stage, seconds, at, unreachable in reports:
        now += timedelta(seconds=seconds)
        server = None if at is None else now + timedelta(seconds=at)
        pause = pauses.pause(stage, now, trouble(server, unreachable=unreachable))
        assert pause.until > now
        assert pause.until >= ends[stage]
        assert pause.since <= now
        ends[stage] = pause.until
        assert pauses.stages(now) == {stage for stage, end in ends.items() if end > now}

"""The end of an import is foreseen by playing it through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from importer.budgets import DAY, HOUR, Kind, Need, Window
from importer.engine.forecast import forecast

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
UPLOADS = Window(Kind.UPLOADS, DAY, 1_000, 200)
POINTS = Window(Kind.POINTS, HOUR, 5_000, 1_000)


def test_without_limits_only_the_work_counts() -> None:
    seen = forecast([Need()] * 60, [], NOW, 2.0)
    assert seen.finish_at == NOW + timedelta(minutes=2)
    assert seen.limit is None
    assert seen.days == ((NOW.date(), 60),)


def test_uploads_decide_over_weeks() -> None:
    seen = forecast([Need()] * 3_000, [UPLOADS, POINTS], NOW, 1.0)
    assert seen.limit == UPLOADS
    # 800 a day: three full days are waited for, then the last 600.
    assert timedelta(days=3) < seen.finish_at - NOW < timedelta(days=3, minutes=30)
    assert [number for _, number in seen.days] == [800, 800, 800, 600]


def test_gates_make_points_decide() -> None:
    seen = forecast([Need(records=3)] * 500, [UPLOADS, POINTS], NOW, 1.0)
    assert seen.limit == POINTS
    assert timedelta(hours=1) < seen.finish_at - NOW < timedelta(hours=1, minutes=2)


def test_what_is_used_already_counts() -> None:
    full = Window(Kind.UPLOADS, DAY, 1_000, 200, 800, NOW + timedelta(hours=5))
    seen = forecast([Need()], [full], NOW, 1.0)
    assert seen.finish_at == NOW + timedelta(hours=5, seconds=1)
    assert seen.limit == full


def test_a_post_larger_than_a_limit_goes_into_an_empty_window() -> None:
    small = Window(Kind.UPLOADS, HOUR, 5)
    seen = forecast([Need(2, 12), Need(2, 12)], [small], NOW, 1.0)
    assert timedelta(hours=1) < seen.finish_at - NOW < timedelta(hours=1, minutes=1)


@given(
    st.lists(st.builds(Need, st.integers(1, 9), st.integers(1, 35)), max_size=60),
    st.integers(1, 60),
    st.integers(1, 40),
)
def test_no_window_is_ever_overdrawn(needs: list[Need], limit: int, seconds: int) -> None:
    window = Window(Kind.UPLOADS, HOUR, limit)
    alone = forecast(needs, [], NOW, float(seconds))
    held = forecast(needs, [window], NOW, float(seconds))
    assert held.finish_at >= alone.finish_at
    assert sum(number for _, number in held.days) == len(needs)
    total = sum(need.files for need in needs)
    hours = (held.finish_at - NOW) / timedelta(hours=1)
    assert total <= (int(hours) + 1) * max(limit, *(need.files for need in needs), 1)

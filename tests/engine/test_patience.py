"""Commands that wait go on when the server does, and give up when it stays away for too long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from importer.engine.patience import Patience
from importer.engine.stop import Stop
from importer.errors import BudgetEmpty, Stopped, TryLater, Unreachable
from importer.settings import Settings
from tests.conftest import Hurry

START = datetime(2026, 11, 24, tzinfo=UTC)
AWAY = TryLater("example.com does not answer.", code="unreachable", unreachable=True)


class Passing:
    """A clock on which three minutes pass between two looks."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        self.at += timedelta(minutes=3)
        return self.at


def failing(*troubles: TryLater) -> Callable[[], str]:
    left = list(troubles)

    def work() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return work


@pytest.fixture
def told() -> list[tuple[str, datetime]]:
    return []


class Hasty(Stop):
    """Waits for nothing: the clock of these tests goes on by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.draining = Hurry()


def patience(told: list[tuple[str, datetime]], settings: Settings, stop: Stop) -> Patience:
    return Patience(
        stop, Passing(), settings=settings, tell=lambda why, until: told.append((why, until))
    )


QUICK = Settings(retry_seconds=1, patience_seconds=900)


def test_goes_on_when_the_server_is_back(told: list[tuple[str, datetime]]) -> None:
    assert patience(told, QUICK, Hasty()).call(failing(AWAY, AWAY)) == "done"
    assert [why for why, _ in told] == [AWAY.text] * 2
    first, second = (until - START for _, until in told)
    assert first % timedelta(minutes=1) == timedelta(seconds=1)
    assert second % timedelta(minutes=1) == timedelta(seconds=2)


def test_gives_up_after_a_quarter_of_an_hour(told: list[tuple[str, datetime]]) -> None:
    with pytest.raises(Unreachable, match="does not answer") as raised:
        patience(told, QUICK, Hasty()).call(failing(*[AWAY] * 20))
    assert raised.value.hint == "Check the network, then give the same command again."
    assert 1 < len(told) < 6


def test_a_limit_in_between_is_no_reason_to_lose_patience(
    told: list[tuple[str, datetime]],
) -> None:
    full = TryLater("Full.", code="rate_limited", at=START + timedelta(hours=5))
    work = failing(AWAY, AWAY, full, AWAY, AWAY)
    assert patience(told, QUICK, Hasty()).call(work) == "done"


def test_a_time_that_has_gone_by_is_not_asked_again_at_once(
    told: list[tuple[str, datetime]],
) -> None:
    """Else a clock that is ahead of the server's would let a command knock without a pause."""
    past = TryLater("Full.", code="rate_limited", at=START - timedelta(hours=1))
    assert patience(told, QUICK, Hasty()).call(failing(*[past] * 20)) == "done"
    waits = [(until - START) % timedelta(minutes=3) for _, until in told]
    assert waits[:3] == [timedelta(seconds=number) for number in (1, 2, 4)]
    assert len(told) == 20


def test_who_does_not_wait_hears_at_once(told: list[tuple[str, datetime]]) -> None:
    hasty = replace(QUICK, wait=False)
    with pytest.raises(Unreachable):
        patience(told, hasty, Hasty()).call(failing(AWAY))
    at = START + timedelta(hours=5)
    with pytest.raises(BudgetEmpty, match="Full"):
        patience(told, hasty, Hasty()).call(failing(TryLater("Full.", code="full", at=at)))
    assert told == []


def test_stops_while_it_waits(told: list[tuple[str, datetime]]) -> None:
    stop = Hasty()
    stop.draining.set()
    at = START + timedelta(days=5)
    with pytest.raises(Stopped):
        patience(told, QUICK, stop).call(failing(TryLater("Full.", code="full", at=at)))

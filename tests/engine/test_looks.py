"""When an app view is asked again, and when its answer is the last."""

from __future__ import annotations

from datetime import timedelta

import pytest

from importer.archive.looks import Look
from importer.engine.looks import LAST, Verdict, first_look, judge
from importer.stages.look import Seen
from tests.posts import NOW

HOUR = timedelta(hours=1)
MINUTES = timedelta(minutes=1)
LOOK = Look("20240131T235959", NOW, first_look(NOW, HOUR))


def followed(seen: Seen, look: Look = LOOK) -> tuple[list[float], Verdict]:
    """The minutes after publishing at which a post is looked at that is always seen so."""
    at = [look.next_at]
    while isinstance(told := judge(look, seen, look.next_at, HOUR), Look):
        look = told
        at.append(look.next_at)
    return [(one - NOW) / MINUTES for one in at], told


def test_a_video_is_mute_after_an_hour_of_questions_that_become_rarer() -> None:
    assert followed(Seen.MUTE) == ([1, 2, 4, 8, 16, 32, 61], Verdict.MUTE)


def test_the_hour_begins_when_the_post_is_shown() -> None:
    """An index that is days behind, or a computer that was off, is no refusal."""
    late = Look(LOOK.post, NOW, NOW + timedelta(days=2))
    at, verdict = followed(Seen.MUTE, late)
    assert (at, verdict) == ([2880, 2940], Verdict.MUTE)


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [(Seen.ABSENT, Verdict.NOT_SHOWN), (Seen.UNKNOWN, Verdict.UNKNOWN)],
)
def test_what_cannot_be_seen_is_asked_about_for_a_week(seen: Seen, verdict: Verdict) -> None:
    at, told = followed(seen)
    assert told is verdict
    assert at == [2**n for n in range(15)]
    assert at[-2] * MINUTES < LAST <= at[-1] * MINUTES


def test_what_plays_is_looked_at_once() -> None:
    assert followed(Seen.PLAYS) == ([1], Verdict.PLAYS)


def test_a_clock_that_was_put_back_does_not_hurry() -> None:
    told = judge(LOOK, Seen.MUTE, NOW - HOUR, HOUR)
    assert isinstance(told, Look)
    assert told.next_at == NOW - HOUR + MINUTES

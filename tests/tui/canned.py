"""Runs that were never run: events with fixed times, as the engine would tell them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from importer.ahead import Ahead
from importer.budgets import DAY, HOUR, Kind, Window
from importer.engine.forecast import Forecast
from importer.events import (
    Event,
    Forecasted,
    InHand,
    RunStarted,
    Status,
    StepDone,
    StepFailed,
    StepStarted,
    Waiting,
)
from importer.model import Kind as PostKind
from importer.model import Milestone, Post, Privacy, Stage

AT = datetime(2026, 11, 23, 18, 4, 5, tzinfo=UTC)
TOMORROW = datetime(2026, 11, 24, 9, 10, tzinfo=UTC)
HANDLE = "ada.example.social"
_FIRST = datetime(2021, 3, 1, 18, 30, 5, tzinfo=UTC)
_CAPTIONS = (
    "First snow on the roof terrace, and nobody told the cat #winter #catsoftiktok",
    "How I tune a bicycle wheel with a guitar app [it works]",
    "",
    "Three minutes of sourdough, no music",
    "Reply to @someone: yes, this is the same coat ✨",
    "The tram that goes nowhere",
    "Packing for two weeks in one small bag",
    "Fog at six in the morning",
    "What my grandmother says about your houseplants",
    "Repairing a zip without tools",
)
VIDEOS = Window(Kind.VIDEOS, DAY, 25, 0, 18, datetime(2026, 11, 24, 0, 1, tzinfo=UTC))
WINDOWS = (
    Window(Kind.POSTS, HOUR, 100, 0, 18, AT + timedelta(minutes=41)),
    Window(Kind.POINTS, HOUR, 5000, 1000, 54, AT + timedelta(minutes=41)),
    Window(Kind.POINTS, DAY, 35000, 7000, 54, AT + timedelta(hours=23)),
    Window(Kind.UPLOADS, DAY, 1000, 200, 3, AT + timedelta(hours=23)),
    Window(Kind.REQUESTS, 300, 3000, 600, 41, AT + timedelta(minutes=3)),
    VIDEOS,
)
AHEAD = Ahead(
    WINDOWS,
    Forecast(
        datetime(2026, 12, 18, 11, 40, tzinfo=UTC),
        VIDEOS,
        ((date(2026, 11, 23), 7), *((date(2026, 11, 24 + day), 25) for day in range(7))),
    ),
)


def posts() -> list[Post]:
    """Posts that wait."""
    return [
        Post(
            f"post{number}",
            0,
            _FIRST + timedelta(days=23 * number),
            PostKind.VIDEO,
            Privacy.EVERYONE,
            (),
            True,
            Milestone.PREPARED if number < 4 else Milestone.FETCHED,
            caption=caption,
        )
        for number, caption in enumerate(_CAPTIONS)
    ]


def counts(published: int) -> dict[Milestone, int]:
    """Of 1,030 chosen posts."""
    return dict.fromkeys(Milestone, 0) | {
        Milestone.FETCHED: 812 - published - 4,
        Milestone.PREPARED: 4,
        Milestone.PUBLISHED: published,
        Milestone.FOUND: 1030 - 812 - 2,
        Milestone.FAILED: 2,
        Milestone.SKIPPED: 31,
    }


def beginning() -> list[Event]:
    """A run that has begun, and published some."""
    seen = AHEAD.forecast
    assert seen
    return [
        RunStarted(
            AT,
            3,
            "1",
            "/a.tokaway",
            HANDLE,
            "did:plc:a",
            "https://pds.example",
            counts(411),
            ("bluesky",),
        ),
        Forecasted(AT, 3, seen.finish_at, "the video service's daily limit (25 videos a day)"),
        StepStarted(AT, 3, "gone", Stage.PUBLISH),
        StepDone(
            AT + timedelta(seconds=4),
            3,
            "gone",
            Stage.PUBLISH,
            4.2,
            "published",
            "at://did:plc:a/app.bsky.feed.post/3l6oveex3ii2l",
        ),
        StepFailed(
            AT + timedelta(seconds=5),
            3,
            "broken",
            Stage.FETCH,
            Milestone.FAILED,
            "gone",
            "The link of this video has died.",
            "Request your data from TikTok once more.",
            None,
        ),
    ]


def at_work() -> list[Event]:
    """Four steps in hand, with two samples of how far they are."""
    after = [AT + timedelta(seconds=6), AT + timedelta(seconds=7)]
    return [
        *beginning(),
        Status(after[0], 3, counts(412), _in_hand((2_100_000, 300_000, 900_000, 3.0))),
        Status(after[1], 3, counts(412), _in_hand((3_300_000, 700_000, 1_600_000, 5.5))),
    ]


def _in_hand(done: Sequence[float]) -> tuple[InHand, ...]:
    return (
        InHand("post0", Stage.PUBLISH, done[0], 4_200_000, "bytes"),
        InHand("post1", Stage.PUBLISH, done[1], 12_600_000, "bytes"),
        InHand("post4", Stage.FETCH, done[2], None, "bytes"),
        InHand("post3", Stage.PREPARE, done[3], 12.4, "seconds"),
    )


def at_rest() -> list[Event]:
    """Nothing in hand."""
    return [*beginning(), Status(AT + timedelta(seconds=9), 3, counts(416), ())]


def waiting() -> list[Event]:
    """The daily limit is reached."""
    reason = "The budget is used up: the video service's daily limit (25 videos a day)."
    return [*at_rest(), Waiting(AT + timedelta(seconds=10), 3, reason, TOMORROW)]

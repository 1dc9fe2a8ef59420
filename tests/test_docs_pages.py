"""Pages that tell numbers, hosts and commands of the program, held against it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from importer.budgets import (
    BYTES_A_DAY,
    DAY,
    HOUR,
    OWN_VIDEOS,
    REFERENCE,
    VIDEOS_A_DAY,
    Kind,
    Need,
    Window,
)
from importer.engine.forecast import forecast
from importer.known import USUAL_PACE
from importer.pds.standing import A_DAY, FIRST_DAY
from importer.records.destinations import DESTINATIONS
from importer.settings import Settings
from importer.wording import span
from tests.test_docs import tables

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
LIMITS = DOCS / "limits.md"


# the index, and the commands


def test_the_index_has_every_page() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = {page.name for page in DOCS.glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\((\S+\.md)\)", index)) == pages


@pytest.mark.skipif(sys.platform == "win32", reason="a script for a shell")
def test_the_command_reference_is_that_of_the_program(tmp_path: Path) -> None:
    written = tmp_path / "commands.md"
    subprocess.run(
        [ROOT / "scripts" / "commands", written],
        check=True,
        env={**os.environ, "PYTHON": sys.executable, "PYTHONPATH": str(ROOT)},
    )
    there = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert written.read_text(encoding="utf-8") == there, "run scripts/commands"


# limits


def days(posts: int, need: Need, *paces: Window) -> str:
    """How long so many posts take: as a time if it is less than a day, else as days of posting."""
    kept = Settings().headroom
    windows = [
        Window(kind, seconds, most, int(most * kept)) for (kind, seconds), most in REFERENCE.items()
    ]
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    hourly = Window(Kind.POSTS, HOUR, USUAL_PACE)
    seen = forecast([need] * posts, [*windows, hourly, *paces], begins, seconds_a_post=3.0)
    took = seen.finish_at - begins
    return span(took) if took < timedelta(days=1) else f"{len(seen.days)} days"


def test_how_long_it_takes_is_what_the_forecast_says() -> None:
    how_long, *_ = tables(LIMITS)
    assert len(how_long) > 5
    for row in how_long:
        posts = int(row[0].replace(",", ""))
        assert row[1:] == [
            days(posts, Need()),
            days(posts, Need(), Window(Kind.POSTS, DAY, A_DAY)),
            days(
                posts, Need(files=0, videos=1), Window(Kind.VIDEOS, DAY, VIDEOS_A_DAY, OWN_VIDEOS)
            ),
        ], posts


def test_the_limits_are_those_that_are_counted() -> None:
    _, allowed, a_post = tables(LIMITS)
    points, uploads, requests, videos, size, pace = (row[1] for row in allowed)
    assert f"{REFERENCE[Kind.POINTS, HOUR]:,} points an hour" in points
    assert f"{REFERENCE[Kind.POINTS, DAY]:,} a day" in points
    assert uploads == f"{REFERENCE[Kind.UPLOADS, DAY]:,} a day"
    assert requests == f"{REFERENCE[Kind.REQUESTS, 300]:,} in five minutes"
    assert videos.startswith(f"{VIDEOS_A_DAY} a day")
    assert size.startswith(f"{BYTES_A_DAY // 1_000_000_000} GB a day")
    assert pace == f"{USUAL_PACE} posts an hour"
    assert f"no more than {FIRST_DAY} posts" in LIMITS.read_text(encoding="utf-8")
    bounds = [DESTINATIONS[name].bounds(None) for name in ("bluesky", "spark")]
    video, photos = (row[1:] for row in a_post)
    assert video == [span(timedelta(seconds=one.video_seconds)) for one in bounds]
    assert photos == [str(one.photos) for one in bounds]

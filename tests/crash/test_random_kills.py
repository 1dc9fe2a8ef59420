"""Killed again and again, wherever it happens to be, an import still ends whole."""

from __future__ import annotations

import random
import secrets
import shutil
import signal
from collections.abc import Iterator

import pytest

from importer.demo.media_server import MediaServer
from importer.model import Action
from tests.crash.conftest import MakeMortal
from tests.crash.mortal import Mortal
from tests.staged_export import Staged, stage

VIDEOS, PHOTO_POSTS = 50, 10
KILLS = 100
UNFINISHED_KILLS = 85
# Kills that find some of the posts published and others not.
HALFWAY_KILLS = 40
# The most work a run does after its first step before it is killed, as a share of all of it.
SHARE = 1 / 20
UNDO_KILLS = 6
FITS = [
    Action.TRANSCODE if place % 25 == 24 else Action.REMUX if place % 3 == 1 else Action.KEEP
    for place in range(VIDEOS)
]
# Threads, posts with closed comments, and both.
LONG = {place: f"Story {place}. " + "One more sentence of it. " * 25 for place in range(0, 50, 7)}
CLOSED = range(0, VIDEOS, 5)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    return stage(
        tmp_path_factory.mktemp("many"), FITS, captions=LONG, closed=CLOSED, photos=PHOTO_POSTS
    )


@pytest.fixture(scope="module")
def many_served(many: Staged) -> Iterator[MediaServer]:
    with MediaServer(many.media) as server:
        yield server


def test_random_kills(make_mortal: MakeMortal, many: Staged, many_served: MediaServer) -> None:
    seed = secrets.randbits(32)
    dice = random.Random(seed)
    print(f"seed {seed}")  # noqa: T201  pytest shows it when the test fails
    mortal = make_mortal(many, many_served)
    all_calls = _calls(mortal)
    mortal.assert_whole()
    # A lost archive is opened and signed in and finds its records; then nothing is left to do.
    shutil.rmtree(mortal.archive)
    first_calls = _calls(mortal)
    print(f"{all_calls} calls, about {first_calls} of them before the first step")  # noqa: T201

    mortal = make_mortal(many, many_served)
    unfinished = halfway = 0
    last = first_calls + int(SHARE * (all_calls - first_calls))
    for kill in range(KILLS):
        # One in three falls anywhere, the others where the steps are.
        nth = dice.randint(1 if kill % 3 == 0 else int(0.7 * first_calls), last)
        ended = mortal.trapped("--calls", str(nth))
        records = mortal.on_server()
        halfway += records > 0 and not mortal.is_finished()
        print(f"call {nth}: {records} records")  # noqa: T201
        if mortal.is_finished():
            mortal.wait_for_orphans()
            mortal.goes_on_to_the_end()
            mortal = make_mortal(many, many_served)
        else:
            assert ended.code == -signal.SIGKILL, ended.err
            unfinished += 1
    mortal.wait_for_orphans()
    mortal.goes_on_to_the_end()
    assert unfinished >= UNFINISHED_KILLS
    assert halfway >= HALFWAY_KILLS
    _undo(mortal, dice)


def _undo(mortal: Mortal, dice: random.Random) -> None:
    """Taking it all back is killed again and again, and ends with nothing left."""
    left = mortal.on_server()
    for _ in range(UNDO_KILLS):
        ended = mortal.trapped("--calls", str(dice.randint(500, 12_000)), command=mortal.undo)
        now = mortal.on_server()
        assert now <= left
        left = now
        if ended.code == 0:
            break
        assert ended.code == -signal.SIGKILL, ended.err
    ended = mortal.run(*mortal.undo)
    assert ended.code == 0, ended.err
    mortal.assert_empty()


def _calls(mortal: Mortal) -> int:
    """How many calls of functions of ours the command makes from here to its end."""
    ended = mortal.trapped("--calls", "0")
    assert ended.code == 0, ended.err
    return int(ended.err.split()[-1])

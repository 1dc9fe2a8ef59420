"""Killed again and again, wherever it happens to be, an import still ends whole."""

from __future__ import annotations

import os
import random
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from importer.demo.media_server import MediaServer
from importer.model import Action
from tests.crash.conftest import MakeMortal
from tests.crash.mortal import Mortal
from tests.staged_export import Staged, stage

VIDEOS, PHOTO_POSTS = 50, 10
KILLS = int(os.environ.get("KILLS", "16"))
# Kills that end before the import does, and those that find some posts published and others not.
UNFINISHED, HALFWAY = 0.8, 0.4
VERIFY_KILLS, UNDO_KILLS = 2, 4
FITS = [
    Action.TRANSCODE if place % 25 == 24 else Action.REMUX if place % 3 == 1 else Action.KEEP
    for place in range(VIDEOS)
]
# Threads, posts with closed comments or duets, and all of it at once.
LONG = {place: f"Story {place}. " + "One more sentence of it. " * 25 for place in range(0, 50, 7)}
CLOSED, GUARDED = range(0, VIDEOS, 5), range(0, VIDEOS, 6)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    return stage(
        tmp_path_factory.mktemp("many"),
        FITS,
        captions=LONG,
        closed=CLOSED,
        guarded=GUARDED,
        photos=PHOTO_POSTS,
    )


@pytest.fixture(scope="module")
def many_served(many: Staged) -> Iterator[MediaServer]:
    with MediaServer(many.media) as server:
        yield server


def test_random_kills(make_mortal: MakeMortal, many: Staged, many_served: MediaServer) -> None:
    seed = secrets.randbits(32)
    dice = random.Random(seed)
    print(f"seed {seed}")  # noqa: T201  pytest shows it when the test fails
    mortal = make_mortal(many, many_served).with_settings(quote_gates=True)
    steps = _calls(mortal, "--steps")
    mortal.assert_whole()
    opening = _calls(mortal, "--calls")
    print(f"{steps} calls of steps, {opening} calls with nothing to do")  # noqa: T201

    mortal = make_mortal(many, many_served).with_settings(quote_gates=True)
    unfinished = halfway = 0
    for kill in range(KILLS):
        # One in three falls anywhere, most of those before the first step; the others in the steps.
        # All of them together get as far as one whole import, or further.
        if kill % 3 == 0:
            trap = ("--calls", str(dice.randint(1, 3 * opening)))
        else:
            trap = ("--steps", str(dice.randint(1, 3 * steps // min(KILLS, 45))))
        ended = mortal.trapped(*trap)
        records = mortal.on_server()
        halfway += records > 0 and not mortal.is_finished()
        print(*trap, f"{records} records")  # noqa: T201
        if mortal.is_finished():
            mortal.wait_for_orphans()
            mortal.goes_on_to_the_end()
            mortal = make_mortal(many, many_served).with_settings(quote_gates=True)
        else:
            assert ended.code == -signal.SIGKILL, ended.err
            unfinished += 1
    mortal.wait_for_orphans()
    mortal.goes_on_to_the_end()
    assert unfinished >= UNFINISHED * KILLS
    assert halfway >= HALFWAY * KILLS
    _verify(mortal, dice)
    _undo(mortal, dice)


def _verify(mortal: Mortal, dice: random.Random) -> None:
    """Reading it all back is killed again and again; the next run tidies up and finds no work."""
    calls = _calls(mortal, "--calls", mortal.verify)
    for _ in range(VERIFY_KILLS):
        nth = dice.randint(calls // 2, calls)
        ended = mortal.trapped("--calls", str(nth), command=mortal.verify)
        assert ended.code == -signal.SIGKILL, ended.err
    mortal.goes_on_to_the_end()


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


def _calls(mortal: Mortal, which: str, command: tuple[str | Path, ...] = ()) -> int:
    """How many calls of functions of ours the command makes from here to its end."""
    ended = mortal.trapped(which, "0", command=command)
    assert ended.code == 0, ended.err
    return int(ended.err.split()[-1])

"""Choosing where a long video is cut into parts. Pure: moments in, moments out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

# How far from equal lengths a cut may move for a better moment.
WINDOW_SECONDS = 20.0
# What a key frame where a scene changes, and silence, are worth against being at the equal length.
_SCENE_WORTH = 0.3
_SILENCE_WORTH = 0.6
# A key frame this much sooner than the encoder's usual distance was put there for a new scene.
_EARLY = 0.9


@dataclass(frozen=True, slots=True, order=True)
class KeyFrame:
    """A picture a player can start with: when it is shown and when decoded, in seconds."""

    at: float
    decoded_at: float


def choose(
    seconds: float,
    limit: float,
    frames: Sequence[KeyFrame],
    loudness: Callable[[float], float] = lambda _: 0.0,
) -> list[KeyFrame] | None:
    """Where to cut so that no part is longer than `limit`.

    Cuts lie on key frames near those of equal parts, rather where a scene begins and where it is
    quiet. One part more than needed is made when the key frames leave no other way.

    Args:
        seconds: how long the video is.
        limit: how long a part may be.
        frames: the key frames in order.
        loudness: how loud it is around a moment, from 0 for silence to 1. Asked for few.

    Returns:
        The first frames of all parts but the first, `None` when key frames are too far apart.
    """
    scenes = _scenes(frames)
    fewest = int(-(-seconds // limit))
    for number in (fewest, fewest + 1):
        cuts = _choose(seconds, limit, frames, scenes, loudness, number)
        if cuts is not None:
            return cuts
    return None


def equal(seconds: float, limit: float) -> list[float]:
    """The moments that cut into equal parts no longer than `limit`, for a video encoded anew."""
    number = int(-(-seconds // limit))
    return [seconds * part / number for part in range(1, number)]


def _choose(
    seconds: float,
    limit: float,
    frames: Sequence[KeyFrame],
    scenes: Collection[KeyFrame],
    loudness: Callable[[float], float],
    number: int,
) -> list[KeyFrame] | None:
    cuts: list[KeyFrame] = []
    before = 0.0
    for part, good in enumerate(_good(seconds, limit, frames, number), 1):
        ideal = seconds * part / number
        possible = [frame for frame in good if before < frame.at <= before + limit]
        near = [frame for frame in possible if abs(frame.at - ideal) <= WINDOW_SECONDS]
        if not possible:
            return None
        if near:
            _, best = min(
                (
                    abs(frame.at - ideal) / WINDOW_SECONDS
                    + _SILENCE_WORTH * loudness(frame.at)
                    - _SCENE_WORTH * (frame in scenes),
                    frame,
                )
                for frame in near
            )
        else:
            best = min(possible, key=lambda frame: abs(frame.at - ideal))
        cuts.append(best)
        before = best.at
    return cuts


def _good(
    seconds: float, limit: float, frames: Sequence[KeyFrame], number: int
) -> list[Sequence[KeyFrame]]:
    """For each cut the key frames from which the later ones can still be made."""
    after: list[float] = [seconds]
    good: list[Sequence[KeyFrame]] = []
    for _ in range(number - 1):
        fitting = []
        for frame in frames:
            following = bisect_right(after, frame.at)
            if following < len(after) and after[following] <= frame.at + limit:
                fitting.append(frame)
        good.insert(0, fitting)
        after = [frame.at for frame in fitting]
    return good


def _scenes(frames: Sequence[KeyFrame]) -> frozenset[KeyFrame]:
    """Key frames off the encoder's beat: it puts them where the picture changes."""
    pairs = list(pairwise(frames))
    usual = max((after.at - before.at for before, after in pairs), default=0.0)
    return frozenset(after for before, after in pairs if after.at - before.at < _EARLY * usual)

"""Which steps may start now. Pure: queues and limits in, steps out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from importer.model import Milestone, Stage

# Publish first: it frees the buffer. Fetch last: it fills it.
ORDER = (Stage.PUBLISH, Stage.PREPARE, Stage.FETCH)
# Where a post stands that a stage takes.
BEFORE = {
    Stage.FETCH: Milestone.FOUND,
    Stage.PREPARE: Milestone.FETCHED,
    Stage.PUBLISH: Milestone.PREPARED,
}


@dataclass(frozen=True, slots=True)
class Room:
    """How much may be in hand at once.

    `workers` is the number of steps of each stage. `buffer` bounds prepared files, which are
    copies: posts prepared but not published, and those being prepared. Originals are not
    bounded, because their links die while the publishing takes weeks.
    """

    workers: Mapping[Stage, int]
    buffer: int


def next_steps(
    queues: Mapping[Stage, Sequence[str]],
    in_hand: Mapping[str, Stage],
    prepared: int,
    room: Room,
    paused: Collection[Stage] = (),
) -> list[tuple[Stage, str]]:
    """Choose the steps to start.

    Args:
        queues: the ids of the posts each stage could take, in the order it should.
        in_hand: the stage of each post that is being worked on.
        prepared: how many posts are prepared and not published, in hand or not.
        room: how much may be in hand.
        paused: stages that must start nothing now.
    """
    busy = Counter(in_hand.values())
    taken = set(in_hand)
    steps: list[tuple[Stage, str]] = []
    for stage in ORDER:
        if stage in paused:
            continue
        free = room.workers[stage] - busy[stage]
        if stage == Stage.PREPARE:
            free = min(free, room.buffer - prepared - busy[stage])
        for post in queues.get(stage, ()):
            if free <= 0:
                break
            if post not in taken:
                taken.add(post)
                steps.append((stage, post))
                free -= 1
    return steps

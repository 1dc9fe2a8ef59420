"""What may start now: limits hold, nothing stands idle, and every run comes to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.engine.schedule import ORDER, Room, next_steps
from importer.model import Milestone, Stage

ROOM = Room({Stage.FETCH: 2, Stage.PREPARE: 1, Stage.PUBLISH: 2}, buffer=3)


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything the choice depends on."""

    queues: Mapping[Stage, Sequence[str]]
    in_hand: Mapping[str, Stage]
    prepared: int
    room: Room
    paused: frozenset[Stage]

    def steps(self) -> list[tuple[Stage, str]]:
        return next_steps(self.queues, self.in_hand, self.prepared, self.room, self.paused)


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    """Posts in the queue of one stage each, some of them in hand already, as in a real run."""
    posts = [f"p{number}" for number in range(draw(st.integers(0, 14)))]
    queues: dict[Stage, list[str]] = {stage: [] for stage in Stage}
    for post in posts:
        queues[draw(st.sampled_from(Stage))].append(post)
    in_hand = {
        post: stage for stage, queue in queues.items() for post in queue if draw(st.booleans())
    }
    return Moment(
        queues,
        in_hand,
        len(queues[Stage.PUBLISH]) + draw(st.integers(0, 3)),
        Room({stage: draw(st.integers(1, 4)) for stage in Stage}, draw(st.integers(1, 6))),
        draw(st.frozensets(st.sampled_from(Stage))),
    )


@st.composite
def wild_moments(draw: st.DrawFn) -> Moment:
    """Anything at all: a post in several queues, or twice in one, or more in hand than allowed."""
    names = st.sampled_from([f"p{number}" for number in range(6)])
    return Moment(
        draw(st.dictionaries(st.sampled_from(Stage), st.lists(names, max_size=8))),
        draw(st.dictionaries(names, st.sampled_from(Stage))),
        draw(st.integers(0, 9)),
        Room({stage: draw(st.integers(0, 3)) for stage in Stage}, draw(st.integers(0, 6))),
        draw(st.frozensets(st.sampled_from(Stage))),
    )


def room_left(moment: Moment, stage: Stage) -> int:
    busy = Counter(moment.in_hand.values())
    free = moment.room.workers[stage] - busy[stage]
    if stage == Stage.PREPARE:
        free = min(free, moment.room.buffer - moment.prepared - busy[stage])
    return max(0, free)


any_moment = st.one_of(moments(), wild_moments())


@given(any_moment)
def test_no_stage_gets_more_than_it_has_room_for(moment: Moment) -> None:
    started = Counter(stage for stage, _ in moment.steps())
    for stage in Stage:
        assert started[stage] <= room_left(moment, stage)


@given(any_moment)
def test_nothing_is_started_twice(moment: Moment) -> None:
    posts = [post for _, post in moment.steps()]
    assert len(set(posts)) == len(posts)
    assert not set(posts) & set(moment.in_hand)


@given(any_moment)
def test_only_what_is_queued_for_a_stage_is_started(moment: Moment) -> None:
    for stage, post in moment.steps():
        assert post in moment.queues[stage]


@given(any_moment)
def test_what_frees_the_disk_comes_first(moment: Moment) -> None:
    stages = [stage for stage, _ in moment.steps()]
    assert stages == sorted(stages, key=[Stage.PUBLISH, Stage.PREPARE, Stage.FETCH].index)


@given(any_moment)
def test_each_queue_is_taken_from_its_front(moment: Moment) -> None:
    steps = moment.steps()
    posts = {post for _, post in steps}
    for stage in Stage:
        started = [post for taken, post in steps if taken == stage]
        open_ones = [
            post
            for post in dict.fromkeys(moment.queues.get(stage, ()))
            if post not in moment.in_hand and (post in started or post not in posts)
        ]
        assert started == open_ones[: len(started)]


@given(any_moment)
def test_the_buffer_is_never_overfilled(moment: Moment) -> None:
    started = sum(stage == Stage.PREPARE for stage, _ in moment.steps())
    preparing = sum(stage == Stage.PREPARE for stage in moment.in_hand.values())
    if started:
        assert moment.prepared + preparing + started <= moment.room.buffer


@given(any_moment)
def test_a_paused_stage_starts_nothing(moment: Moment) -> None:
    assert not {stage for stage, _ in moment.steps()} & moment.paused


@given(moments())
def test_no_worker_stands_idle_beside_work(moment: Moment) -> None:
    started = Counter(stage for stage, _ in moment.steps())
    for stage in set(Stage) - moment.paused:
        waiting = [post for post in moment.queues[stage] if post not in moment.in_hand]
        assert started[stage] == min(room_left(moment, stage), len(waiting))


@given(any_moment)
def test_a_choice_carried_out_leaves_nothing_to_choose(moment: Moment) -> None:
    chosen = {post: stage for stage, post in moment.steps()}
    after = Moment(
        moment.queues,
        {**moment.in_hand, **chosen},
        moment.prepared,
        moment.room,
        moment.paused,
    )
    assert after.steps() == []


def test_a_full_house() -> None:
    queues = {
        Stage.FETCH: ["a", "b", "c"],
        Stage.PREPARE: ["d", "e"],
        Stage.PUBLISH: ["f", "g", "h"],
    }
    assert next_steps(queues, {}, 3, ROOM) == [
        (Stage.PUBLISH, "f"),
        (Stage.PUBLISH, "g"),
        (Stage.FETCH, "a"),
        (Stage.FETCH, "b"),
    ]
    assert next_steps(queues, {"f": Stage.PUBLISH, "a": Stage.FETCH}, 2, ROOM) == [
        (Stage.PUBLISH, "g"),
        (Stage.PREPARE, "d"),
        (Stage.FETCH, "b"),
    ]


def test_nothing_comes_of_nothing() -> None:
    assert next_steps({}, {}, 0, ROOM) == []


@pytest.mark.parametrize("paused", Stage)
def test_a_pause_of_one_stage_does_not_hold_the_others(paused: Stage) -> None:
    queues = {Stage.FETCH: ["a"], Stage.PREPARE: ["b"], Stage.PUBLISH: ["c"]}
    started = [stage for stage, _ in next_steps(queues, {}, 1, ROOM, {paused})]
    assert started == [stage for stage in ORDER if stage != paused]


# a whole run, on paper

NEXT = {
    Stage.FETCH: (Milestone.FOUND, Milestone.FETCHED),
    Stage.PREPARE: (Milestone.FETCHED, Milestone.PREPARED),
    Stage.PUBLISH: (Milestone.PREPARED, Milestone.PUBLISHED),
}
FINAL = {Milestone.PUBLISHED, Milestone.FAILED, Milestone.SKIPPED}
TRIES = 3


class Paper:
    """A run without files or threads: a step takes some ticks, and works or does not."""

    def __init__(self, posts: int, room: Room, random: Random) -> None:
        self.room = room
        self.random = random
        self.milestones = {f"p{number}": Milestone.FOUND for number in range(posts)}
        self.tries: Counter[str] = Counter()
        self.in_hand: dict[str, tuple[Stage, int]] = {}
        self.pauses: dict[Stage, int] = {}
        self.most = Counter[Stage]()
        self.clock = 0

    def queue(self, stage: Stage) -> list[str]:
        return [post for post, at in self.milestones.items() if at == NEXT[stage][0]]

    def start(self) -> None:
        prepared = len(self.queue(Stage.PUBLISH))
        stages = {post: stage for post, (stage, _) in self.in_hand.items()}
        paused = {stage for stage, until in self.pauses.items() if until > self.clock}
        queues = {stage: self.queue(stage) for stage in Stage}
        for stage, post in next_steps(queues, stages, prepared, self.room, paused):
            assert post not in self.in_hand
            self.in_hand[post] = stage, self.clock + self.random.randint(1, 4)
        busy = Counter(stage for stage, _ in self.in_hand.values())
        self.most |= busy
        assert prepared + busy[Stage.PREPARE] <= self.room.buffer

    def finish(self) -> None:
        for post, (stage, ready_at) in list(self.in_hand.items()):
            if ready_at > self.clock:
                continue
            del self.in_hand[post]
            end = self.random.choice(["well"] * 6 + ["later", "refused", "gone", "pause"])
            if end == "well":
                self.milestones[post] = NEXT[stage][1]
            elif end == "refused":
                self.milestones[post] = self.random.choice([Milestone.FAILED, Milestone.SKIPPED])
            else:
                self.tries[post] += 1
                if self.tries[post] >= TRIES:
                    self.milestones[post] = Milestone.FAILED
                elif end == "gone":
                    self.milestones[post] = Milestone.FOUND
                elif end == "pause":
                    self.pauses[stage] = self.clock + 3


@given(
    st.integers(0, 12),
    st.fixed_dictionaries({stage: st.integers(1, 3) for stage in Stage}),
    st.integers(1, 4),
    st.randoms(use_true_random=True),
)
def test_a_whole_run_brings_every_post_to_an_end(
    posts: int, workers: dict[Stage, int], buffer: int, random: Random
) -> None:
    run = Paper(posts, Room(workers, buffer), random)
    longest = posts * 4 * TRIES * 8 + 1
    while set(run.milestones.values()) - FINAL:
        assert run.clock < longest
        run.start()
        assert run.in_hand or any(until > run.clock for until in run.pauses.values())
        run.clock += 1
        run.finish()
    assert len(run.milestones) == posts
    for stage in Stage:
        assert run.most[stage] <= workers[stage]

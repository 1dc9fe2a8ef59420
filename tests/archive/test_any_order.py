"""Whatever is noted in whatever order, the archive stays as its rules have it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from importer.archive.moves import MOVES
from importer.archive.store import Archive
from importer.model import (
    Milestone,
    Post,
    Privacy,
    Role,
)
from tests.archive.noting import LATE, NOTES, SOON, TROUBLE
from tests.posts import (
    NOW,
    exported,
    link,
)

SECONDS = 4


class AnyOrder(RuleBasedStateMachine):
    """Whatever is noted in whatever order, each post stands where the table of moves allows."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory(prefix="tokaway-test-")
        self.archive = Archive.create(Path(self._folder.name))
        self.expected: dict[str, Milestone] = {}

    def teardown(self) -> None:
        self.archive.close()
        self._folder.cleanup()

    def pick(self, second: int) -> Post:
        return self.archive.posts()[second]

    def apply(self, post: Post, after: Milestone, change: Callable[[], object]) -> None:
        if (post.milestone, after) in MOVES:
            change()
            self.expected[post.id] = after
        else:
            with pytest.raises(ValueError, match="a post cannot go"):
                change()

    @initialize(private=st.sets(st.integers(0, SECONDS - 1)))
    def read_an_export(self, private: set[int]) -> None:
        self.archive.absorb(
            [
                exported(second, privacy=Privacy.FRIENDS if second in private else Privacy.EVERYONE)
                for second in range(SECONDS)
            ]
        )
        self.expected = {post.id: post.milestone for post in self.archive.posts()}

    @rule(second=st.integers(0, SECONDS - 1), note=st.sampled_from(sorted(NOTES)))
    def note(self, second: int, note: str) -> None:
        post, (after, move) = self.pick(second), NOTES[note]
        self.apply(post, after, lambda: move(self.archive, post))

    @rule(second=st.integers(0, SECONDS - 1), right=st.booleans())
    def verify(self, second: int, right: bool) -> None:
        post = self.pick(second)
        if post.milestone not in (Milestone.PUBLISHED, Milestone.VERIFIED):
            return
        if right:
            self.archive.note_verified(post, NOW)
        else:
            self.archive.note_unverified(post, TROUBLE)
        self.expected[post.id] = Milestone.VERIFIED if right else Milestone.PUBLISHED

    @rule(second=st.integers(0, SECONDS - 1), count=st.booleans())
    def try_later(self, second: int, count: bool) -> None:
        self.archive.note_try_later(self.pick(second), TROUBLE, SOON, count=count)

    @rule(second=st.integers(0, SECONDS - 1), role=st.sampled_from(Role))
    def lose_a_file(self, second: int, role: Role) -> None:
        for file in self.archive.files(self.pick(second).id).get(role, ()):
            self.archive.path(file.path).unlink(missing_ok=True)

    @rule(second=st.integers(0, SECONDS - 1))
    def put_back(self, second: int) -> None:
        post = self.pick(second)
        if post.milestone not in (Milestone.FETCHED, Milestone.PREPARED, Milestone.FAILED):
            return
        self.expected[post.id] = self.archive.put_back(post)

    @rule(
        second=st.integers(0, SECONDS - 1), days=st.integers(1, 9), privacy=st.sampled_from(Privacy)
    )
    def read_a_newer_export(self, second: int, days: int, privacy: Privacy) -> None:
        before = self.pick(second)
        links = (link(f"video-{second}-0", NOW + timedelta(days=days)),)
        self.archive.absorb([exported(second, links=links, privacy=privacy)])
        after = self.pick(second).milestone
        self.expected[before.id] = after
        if before.milestone in (Milestone.PUBLISHED, Milestone.VERIFIED):
            assert after == before.milestone

    @rule()
    def choose_private(self) -> None:
        self.archive.choose_private()
        for post in self.archive.posts():
            if self.expected[post.id] == Milestone.SKIPPED:
                self.expected[post.id] = post.milestone

    @rule()
    def open_again(self) -> None:
        self.archive.close()
        self.archive = Archive.create(Path(self._folder.name))

    @invariant()
    def each_post_stands_where_it_should(self) -> None:
        posts = self.archive.posts()
        assert {post.id: post.milestone for post in posts} == self.expected
        assert sum(self.archive.counts().values()) == len(posts)

    @invariant()
    def published_means_there_is_a_record(self) -> None:
        recorded = {record.post for record in self.archive.records()}
        placed = self.archive.posts(Milestone.PUBLISHED, Milestone.VERIFIED)
        assert {post.id for post in placed} <= recorded

    @invariant()
    def a_private_post_waits_for_the_users_word(self) -> None:
        for milestone in (Milestone.FOUND, Milestone.FETCHED, Milestone.PREPARED):
            for post in self.archive.ready(milestone, LATE, 99):
                assert post.privacy == Privacy.EVERYONE or post.chosen_by == "user"


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)

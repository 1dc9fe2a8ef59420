"""Which posts a selection means, by each thing it can ask for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from importer.model import Kind, Milestone, Post, Privacy
from importer.selection import EVERYTHING, STATES, Selection, State
from tests.posts import NOW, link

POST = Post(
    id="20240131T235959",
    ordinal=0,
    posted_at=datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC),
    kind=Kind.VIDEO,
    privacy=Privacy.EVERYONE,
    links=(link("a", NOW + timedelta(days=1)),),
    chosen=True,
    milestone=Milestone.FOUND,
    caption="Rye bread, the SLOW way 🍞",
    alt="Hands in flour",
    likes=100,
)


def means(selection: Selection, **changed: object) -> bool:
    return selection.matches(replace(POST, **changed), NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "selection",
    [
        EVERYTHING,
        Selection(since=date(2024, 1, 31)),
        Selection(until=date(2024, 1, 31)),
        Selection(min_likes=100),
        Selection(kind=Kind.VIDEO),
        Selection(privacy=Privacy.EVERYONE),
        Selection(state=State.WAITING),
        Selection(match="slow WAY"),
        Selection(match="hands"),
        Selection(match="20240131"),
        Selection(dying_link=True),
    ],
)
def test_what_is_asked_for_is_meant(selection: Selection) -> None:
    assert means(selection)


@pytest.mark.parametrize(
    "selection",
    [
        Selection(since=date(2024, 2, 1)),
        Selection(until=date(2024, 1, 30)),
        Selection(min_likes=101),
        Selection(kind=Kind.PHOTO),
        Selection(privacy=Privacy.FRIENDS),
        Selection(state=State.PUBLISHED),
        Selection(match="sourdough"),
        Selection(no_caption=True),
    ],
)
def test_what_is_not_asked_for_is_left_aside(selection: Selection) -> None:
    assert not means(selection)
    assert not selection.is_everything


def test_all_that_is_asked_must_hold() -> None:
    assert not means(Selection(kind=Kind.VIDEO, match="sourdough"))


def test_unknown_likes_are_not_enough() -> None:
    assert not means(Selection(min_likes=0), likes=None)


def test_blanks_are_no_caption() -> None:
    assert means(Selection(no_caption=True), caption=" \n")


@pytest.mark.parametrize(
    ("changed", "dying"),
    [
        ({"links": (link("a", NOW - timedelta(days=9)),)}, True),
        ({"milestone": Milestone.FAILED}, True),
        ({"links": (link("a", NOW + timedelta(days=3)),)}, False),
        ({"links": (link("a"),)}, False),
        ({"milestone": Milestone.FETCHED}, False),
        ({"source_path": str(Path("clip.mp4"))}, False),
    ],
)
def test_a_link_matters_until_the_file_is_here(changed: dict[str, object], dying: bool) -> None:
    assert means(Selection(dying_link=True), **changed) is dying


def test_the_order_of_posts_stays() -> None:
    other = replace(POST, id="20240201T000000", caption="")
    assert Selection(kind=Kind.VIDEO).of([other, POST], NOW) == [other, POST]
    assert Selection(no_caption=True).of([other, POST], NOW) == [other]


def test_every_milestone_is_a_state() -> None:
    assert set(STATES) == set(Milestone)

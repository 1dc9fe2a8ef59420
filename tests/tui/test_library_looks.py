"""The list of the posts in every size, by the thousand, and in pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.screen import Screen

from tests.tui import made_archives as made
from tests.tui.conftest import Picture
from tests.tui.made_archives import DEAD, SILENT
from tests.tui.opened_library import folder, opened, posts
from tests.tui.screens import USUAL, WIDE, shown, words
from tui.screens.edit_words import EditScreen
from tui.screens.filter_posts import FilterScreen
from tui.screens.treat_posts import TreatScreen

__all__ = ["folder", "posts"]


# sizes


async def test_a_resize_loses_nothing(posts: Path, state: Path) -> None:
    async with opened(posts, state, WIDE) as it:
        await it.go_to(SILENT)
        await it.press("shift+down")
        for size in ((40, 12), USUAL, WIDE):
            await it.pilot.resize_terminal(*size)
            await it.pilot.pause()
            assert [post.id for post in it.table.range] == [SILENT, DEAD]


async def test_thousands_of_posts_are_walked_through(folder: Path, state: Path) -> None:
    made.many(folder, 3_000)
    async with opened(folder, state) as it:
        assert "3,000 posts · 2,700 chosen" in words(it.pilot)
        await it.press("end")
        assert "Post 2999" in words(it.pilot)
        await it.press("home", "pagedown")
        assert "Post 18" in words(it.pilot)
        it.table.post_message(events.MouseScrollDown(
            it.table, 5, 5, 0, 1, 0, False, False, False))  # fmt: skip
        await it.until(lambda: it.table.scroll_offset.y > 0)


# pictures


async def test_it_looks_so(posts: Path, state: Path, picture: Picture) -> None:
    async with opened(posts, state) as it:
        await it.pilot.pause()
        await picture(it.pilot, "library")


async def test_it_looks_so_when_wide(posts: Path, state: Path, picture: Picture) -> None:
    async with opened(posts, state, WIDE) as it:
        await it.until(lambda: "It can be sent exactly as it is." in words(it.pilot))
        await picture(it.pilot, "library-wide")


@pytest.mark.parametrize(
    ("key", "kind", "name"),
    [
        ("f", FilterScreen, "library-filter"),
        ("e", EditScreen, "library-edit"),
        ("t", TreatScreen, "library-treat"),
    ],
)
async def test_its_dialogs_look_so(
    posts: Path, state: Path, picture: Picture, key: str, kind: type[Screen[Any]], name: str
) -> None:
    async with opened(posts, state) as it:
        await it.press(key)
        await shown(it.pilot, kind)
        await it.pilot.pause()
        await picture(it.pilot, name)


async def test_a_post_looks_so(posts: Path, state: Path, picture: Picture) -> None:
    async with opened(posts, state) as it:
        await it.press("p")
        await it.until(lambda: "It can be sent exactly as it is." in words(it.pilot))
        await picture(it.pilot, "library-post")

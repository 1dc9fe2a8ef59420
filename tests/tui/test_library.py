"""The list of the posts: chosen, filtered, and looked at one by one."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Checkbox, Input, Select, TextArea

from importer.archive.lock import locked
from importer.model import Milestone
from tests.tui.made_archives import (
    DEAD,
    FETCHED,
    FRIENDS,
    PHOTOS,
    PRIVATE,
    PUBLISHED,
    SILENT,
)
from tests.tui.opened_library import folder, opened, posts
from tests.tui.screens import WIDE, shown, words
from tui.screens.account import AccountScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.edit_words import EditScreen
from tui.screens.filter_posts import FilterScreen
from tui.screens.library import LibraryScreen
from tui.screens.trouble import TroubleScreen
from tui.widgets.post_table import PostTable

__all__ = ["folder", "posts"]


# choosing


async def test_space_leaves_a_post_out_and_chooses_it_again(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.go_to(FETCHED)
        await it.press("space")
        await it.until(lambda: it.known(FETCHED).milestone is Milestone.SKIPPED)
        await it.until(lambda: words(it.pilot).count("- left out") == 3)
        await it.press("space")
        await it.until(lambda: it.known(FETCHED).milestone is Milestone.FETCHED)


async def test_quick_choices_are_all_written_in_their_order(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.go_to(SILENT)
        await it.press(*["space"] * 5)
        await it.press("ctrl+n")
        await shown(it.pilot, AccountScreen)
        assert not it.known(SILENT).chosen


async def test_a_private_post_is_chosen_only_after_a_question(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.go_to(PRIVATE)
        await it.press("space")
        await shown(it.pilot, ConfirmScreen)
        assert "everything is public" in words(it.pilot)
        await it.press("enter")
        await shown(it.pilot, LibraryScreen)
        assert not it.known(PRIVATE).chosen
        await it.press("space")
        await shown(it.pilot, ConfirmScreen)
        await it.pilot.click("#yes")
        await it.until(lambda: it.known(PRIVATE).chosen)


async def test_of_many_the_private_ones_are_asked_about(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.press("n")
        await it.until(lambda: not it.known(DEAD).chosen)
        await it.press("a")
        await shown(it.pilot, ConfirmScreen)
        assert "2 of these 7 posts" in words(it.pilot)
        await it.press("enter")
        await it.until(lambda: it.known(DEAD).chosen)
        assert not it.known(PRIVATE).chosen
        assert not it.known(FRIENDS).chosen


async def test_a_range_is_chosen_at_once_and_taken_back(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.press("home", "shift+down", "shift+down", "space")
        await it.until(lambda: not it.known(SILENT).chosen)
        assert not it.known(FETCHED).chosen
        assert it.known(DEAD).chosen
        await it.press("u")
        await it.until(lambda: it.known(FETCHED).chosen and it.known(SILENT).chosen)


async def test_what_is_published_stays_chosen(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.go_to(PUBLISHED)
        await it.press("space")
        await it.press("ctrl+n")
        await shown(it.pilot, AccountScreen)
        assert it.known(PUBLISHED).milestone is Milestone.PUBLISHED


async def test_the_mouse_chooses_marks_and_opens(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.pilot.click(PostTable, offset=(1, 1))
        await it.until(lambda: not it.known(FETCHED).chosen)
        await it.pilot.click(PostTable, offset=(60, 2))
        await it.pilot.click(PostTable, offset=(60, 4), shift=True)
        assert [post.id for post in it.table.range] == [PHOTOS, SILENT, DEAD]
        await it.pilot.click(PostTable, offset=(60, 3), times=2)
        assert it.screen.has_class("-looking")


async def test_an_archive_in_use_loses_no_change(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.go_to(FETCHED)
        with locked(posts):
            await it.press("space")
            await shown(it.pilot, TroubleScreen)
        await it.press("escape")
        await shown(it.pilot, LibraryScreen)
        await it.press("ctrl+n")
        await shown(it.pilot, AccountScreen)
        assert not it.known(FETCHED).chosen


# what is shown


async def test_typing_a_search_shows_what_is_found(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.press("slash", *"SOUR")
        await it.until(lambda: it.listed == [PUBLISHED])
        assert "1 of 8 shown: with “SOUR”" in words(it.pilot)
        await it.press("enter")
        assert it.table.has_focus
        await it.press("slash", "escape")
        await it.until(lambda: len(it.listed) == 8)


async def test_the_filter_has_a_control_for_each_thing(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.press("f")
        screen = await shown(it.pilot, FilterScreen)
        screen.query_one("#kind", Select).value = "video"
        screen.query_one("#no-caption", Checkbox).value = True
        await it.press("ctrl+s")
        await it.until(lambda: it.listed == [SILENT])
        assert "1 of 8 shown: videos, without words" in words(it.pilot)
        await it.press("f")
        screen = await shown(it.pilot, FilterScreen)
        assert screen.query_one("#no-caption", Checkbox).value
        screen.query_one("#since", Input).value = "soon"
        await it.press("ctrl+s")
        assert "year, month, day" in words(it.pilot)
        screen.query_one("#since", Input).value = "2030-01-01"
        await it.press("ctrl+s")
        await it.until(lambda: not it.listed)
        assert "No post is like this" in words(it.pilot)
        await it.press("c")
        await it.until(lambda: len(it.listed) == 8)


async def test_the_cursor_stays_on_its_post(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.go_to(PUBLISHED)
        await it.press("slash", *"sour", "enter", "c")
        await it.until(lambda: len(it.listed) == 8)
        assert it.table.current and it.table.current.id == PUBLISHED


async def test_what_lacks_words_or_time_is_told_with_what_to_do(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        read = words(it.pilot)
        assert "1 link has died: ask TikTok for your data again" in read
        assert "1 post has no words yet" in read
        await it.press("e")
        screen = await shown(it.pilot, EditScreen)
        await it.press("escape")
        await shown(it.pilot, LibraryScreen)
        await it.go_to(SILENT)
        await it.press("e")
        screen = await shown(it.pilot, EditScreen)
        screen.query_one("#caption", TextArea).insert("Words")
        await it.press("ctrl+s")
        await it.until(lambda: it.known(SILENT).caption == "Words")
        await it.until(lambda: "has no words" not in words(it.pilot))


# one post


async def test_a_post_is_looked_at_instead_of_the_list(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.press("p")
        await it.until(lambda: "It can be sent exactly as it is." in words(it.pilot))
        read = words(it.pilot)
        assert "Rye bread, the slow way 🍞 Day 1 of 3" in read
        assert "12,345 likes" in read
        await it.press("right")
        await it.until(lambda: "Three loaves" in words(it.pilot))
        await it.press("escape")
        assert it.table.display
        assert it.table.current and it.table.current.id == PHOTOS


async def test_a_published_post_says_where(posts: Path, state: Path) -> None:
    async with opened(posts, state, WIDE) as it:
        await it.go_to(PUBLISHED)
        await it.until(lambda: "https://bsky.app/profile/maker.test/post/" in words(it.pilot))


async def test_why_a_post_is_left_out_is_told_with_its_key(posts: Path, state: Path) -> None:
    async with opened(posts, state, WIDE) as it:
        await it.go_to(PRIVATE)
        await it.until(lambda: "choose it: space" in words(it.pilot))
        assert "--include-private" not in words(it.pilot)

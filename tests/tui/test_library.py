"""The list of the posts: chosen, filtered, looked at, edited, and filled from elsewhere."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Checkbox, Input, OptionList, Select, Static, TextArea

from importer.archive.lock import locked
from importer.archive.view import ArchiveView
from importer.gathering import Gathered, Say
from importer.model import Kind, Milestone, Post
from tests.tui import made_archives as made
from tests.tui.conftest import Picture
from tests.tui.made_archives import (
    CAPTION,
    DEAD,
    FETCHED,
    FRIENDS,
    HOSTILE,
    PHOTOS,
    PRIVATE,
    PUBLISHED,
    SILENT,
)
from tests.tui.screens import USUAL, WIDE, app_on, shown, until, words
from tui.desk import Desk
from tui.screens.account import AccountScreen
from tui.screens.ask import AskPathScreen, AskScreen, ToldScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.edit_words import EditScreen
from tui.screens.filter_posts import FilterScreen
from tui.screens.gathering import GatheringScreen
from tui.screens.library import LibraryScreen
from tui.screens.more import MoreScreen
from tui.screens.treat_posts import TreatScreen
from tui.screens.trouble import TroubleScreen
from tui.shown import visible
from tui.widgets.post_table import PostTable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The archive that is on the screen."""
    return tmp_path / "ada.tokaway"


class Opened:
    """The list on the screen, and the archive behind it."""

    def __init__(self, pilot: Pilot[int], screen: LibraryScreen) -> None:
        self.pilot, self.screen = pilot, screen
        self.table = screen.query_one(PostTable)

    @property
    def listed(self) -> list[str]:
        return [post.id for post in self.table.posts]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def go_to(self, name: str) -> None:
        """Put the cursor on a post, with keys."""
        await self.press("home", *["down"] * self.listed.index(name))
        assert self.table.current and self.table.current.id == name

    def known(self, name: str) -> Post:
        with ArchiveView.open(self.screen.desk.folder) as archive:
            post = archive.post(name)
        assert post
        return post

    async def until(self, condition: Callable[[], bool]) -> None:
        await until(self.pilot, condition)

    async def told(self) -> str:
        """What came of something, once it is told."""
        screen = await shown(self.pilot, ToldScreen)
        return "\n".join(str(line.content) for line in screen.query(Static))


@asynccontextmanager
async def opened(folder: Path, state: Path, size: tuple[int, int] = USUAL) -> AsyncIterator[Opened]:
    app = app_on(folder, state)
    async with app.run_test(size=size) as pilot:
        screen = await shown(pilot, LibraryScreen)
        it = Opened(pilot, screen)
        await until(pilot, lambda: bool(it.table.posts))
        yield it


@pytest.fixture
def posts(folder: Path) -> Path:
    made.library(folder)
    return folder


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


# words and treatment


async def test_a_long_caption_says_what_becomes_of_it(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.go_to(FETCHED)
        await it.press("e")
        screen = await shown(it.pilot, EditScreen)
        area = screen.query_one("#caption", TextArea)
        assert area.text == CAPTION
        area.text = "Slow bread. " * 60
        await it.until(lambda: "719 of 300 characters: goes on in 2 replies" in words(it.pilot))
        await it.press("ctrl+s")
        await it.until(lambda: it.known(FETCHED).caption.startswith("Slow bread."))
        assert it.known(FETCHED).alt == "Hands in flour"


async def test_unsaved_words_are_not_thrown_away_unasked(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.press("e", "X", "escape")
        await shown(it.pilot, ConfirmScreen)
        await it.press("enter")
        screen = await shown(it.pilot, EditScreen)
        assert screen.query_one("#caption", TextArea).text == "X" + CAPTION
        await it.press("escape")
        await shown(it.pilot, ConfirmScreen)
        await it.pilot.click("#yes")
        await shown(it.pilot, LibraryScreen)
        assert it.known(FETCHED).caption == CAPTION


async def test_all_shown_are_treated_alike(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.press("t")
        screen = await shown(it.pilot, TreatScreen)
        screen.query_one("#whom", Select).value = "all"
        screen.query_one("#long", Select).value = "trim"
        screen.query_one("#labels", Input).value = "sexy"
        await it.press("ctrl+s")
        assert "Unknown content label" in words(it.pilot)
        screen.query_one("#labels", Input).value = "nudity"
        await it.press("ctrl+s")
        await it.until(lambda: it.known(DEAD).labels == ("nudity",))
        assert it.known(DEAD).long == "trim"
        assert it.known(PHOTOS).kind is Kind.PHOTO
        assert it.known(PHOTOS).long is None


# from elsewhere


async def test_words_come_from_a_folder(posts: Path, state: Path, tmp_path: Path) -> None:
    source = tmp_path / "mine"
    source.mkdir()
    (source / f"{SILENT[:8]}_235959.mp4").write_bytes(made.CLIP.read_bytes())
    async with opened(posts, state) as it:
        await it.press("s")
        screen = await shown(it.pilot, AskPathScreen)
        screen.post_message(events.Paste(f"'{source}' "))
        await it.until(lambda: screen.query_one(Input).value == str(source))
        await it.press("enter")
        told = await it.told()
        assert "1 post known there" in told
        assert "1 file taken over" in told or "1 file" in told
        await it.press("enter")
        await shown(it.pilot, LibraryScreen)
        await it.until(lambda: bool(it.known(SILENT).source_path))


def test_a_list_of_posts_without_words_names_the_key_that_reads_them(
    posts: Path, tmp_path: Path
) -> None:
    source = tmp_path / "mine"
    source.mkdir()
    (source / "archive.txt").write_text("tiktok 7460000000000000001\n", encoding="utf-8")
    said: list[str] = []
    Desk(posts, {}).gather_folder(source, said.append)
    [listed] = [line for line in said if "lists 1 posts" in line]
    assert listed.endswith("o reads them off TikTok.")
    assert "tokaway captions" not in listed


async def test_a_folder_that_is_none_is_said(posts: Path, state: Path, tmp_path: Path) -> None:
    async with opened(posts, state) as it:
        await it.press("s")
        screen = await shown(it.pilot, AskPathScreen)
        screen.query_one(Input).value = str(tmp_path / "[/b] nowhere")
        await it.press("enter")
        await shown(it.pilot, TroubleScreen)
        assert "[/b]" in words(it.pilot)


async def test_a_spreadsheet_goes_out_and_comes_back(
    posts: Path, state: Path, tmp_path: Path
) -> None:
    table = tmp_path / "ada-posts.csv"
    async with opened(posts, state) as it:
        await it.press("x")
        screen = await shown(it.pilot, AskPathScreen)
        assert screen.query_one(Input).value == str(table)
        await it.press("enter")
        assert "8 posts written to" in await it.told()
        await it.press("enter")
        text = table.read_text(encoding="utf-8-sig")
        table.write_text(text.replace("Crumb shot", "Crumb shot! Close"), encoding="utf-8-sig")
        await it.press("i")
        screen = await shown(it.pilot, AskPathScreen)
        screen.query_one(Input).value = str(table)
        await it.press("enter")
        assert "1 caption" in await it.told()
        await it.press("enter")
        assert it.known(DEAD).caption == "Crumb shot! Close"
        await it.until(lambda: "Crumb shot! Close" in words(it.pilot))


async def test_a_spreadsheet_makes_nothing_public_unasked(
    posts: Path, state: Path, tmp_path: Path
) -> None:
    table = tmp_path / "choices.csv"
    table.write_text(f"post,chosen\n{PRIVATE},yes\n{SILENT},no\n", encoding="utf-8")
    async with opened(posts, state) as it:
        await it.press("i")
        screen = await shown(it.pilot, AskPathScreen)
        screen.query_one(Input).value = str(table)
        await it.press("enter")
        await shown(it.pilot, ConfirmScreen)
        await it.press("enter")
        await shown(it.pilot, LibraryScreen)
        assert it.known(SILENT).chosen
        assert not it.known(PRIVATE).chosen


async def test_before_tiktok_is_asked_the_person_is(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.press("o")
        screen = await shown(it.pilot, AskScreen)
        assert screen.query_one(Input).value == "ada.bakes"
        assert any(
            "TikTok sees this computer's address" in str(words.content)
            for words in screen.query(Static)
        )
        await it.press("escape")
        await shown(it.pilot, LibraryScreen)


@pytest.mark.parametrize("keeps", [True, False])
async def test_reading_is_told_and_can_be_stopped(posts: Path, state: Path, keeps: bool) -> None:
    given = Gathered("Profile @ada", 3, 2, {}, {}, 1, 0, 0, (), ())
    answers: list[object] = []

    def gather(stop: threading.Event, say: Say) -> Gathered:
        say("15 posts [/b] read")
        assert stop.wait(30)
        say("stopped")
        return given

    async with opened(posts, state) as it:
        it.screen.app.push_screen(GatheringScreen("Reading", gather, keeps=keeps), answers.append)
        await shown(it.pilot, GatheringScreen)
        await it.until(lambda: "15 posts [/b] read" in words(it.pilot))
        await it.press("escape")
        await it.until(lambda: answers == [given if keeps else None])


async def test_everything_is_offered_to_the_mouse(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.pilot.click("#more")
        screen = await shown(it.pilot, MoreScreen)
        offers = screen.query_one(OptionList)
        assert offers.option_count == 11
        await it.press("x")
        await shown(it.pilot, AskPathScreen)


async def test_the_palette_knows_every_key(posts: Path, state: Path) -> None:
    async with opened(posts, state) as it:
        await it.press("ctrl+p", *"spreadsheet")
        await it.until(lambda: "Write a spreadsheet" in words(it.pilot))
        await it.until(lambda: "Read a spreadsheet" in words(it.pilot))


# hostile words, sizes


@pytest.mark.parametrize("size", [(60, 24), USUAL, WIDE])
async def test_hostile_words_do_no_harm(folder: Path, state: Path, size: tuple[int, int]) -> None:
    made.hostile(folder)
    async with opened(folder, state, size) as it:
        for number in range(len(HOSTILE)):
            await it.press("p") if not it.screen.has_class("-looking") else None
            post = it.table.posts[number]
            first = visible(post.caption).split()[0][:20]
            await it.until(lambda first=first: first in words(it.pilot))  # type: ignore[misc]
            await it.press("e")
            await shown(it.pilot, EditScreen)
            assert "\x1b" not in words(it.pilot)
            assert "\u202e" not in words(it.pilot)
            await it.press("escape")
            await shown(it.pilot, LibraryScreen)
            await it.press("right")


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

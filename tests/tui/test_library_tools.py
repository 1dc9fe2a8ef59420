"""The words of posts, and how they are published: edited, and filled from elsewhere."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, OptionList, Select, Static, TextArea

from importer.gathering import Gathered, Say
from importer.model import Kind
from tests.tui import made_archives as made
from tests.tui.made_archives import (
    CAPTION,
    DEAD,
    FETCHED,
    PHOTOS,
    PRIVATE,
    SILENT,
)
from tests.tui.opened_library import folder, opened, posts
from tests.tui.screens import shown, words
from tui.desk import Desk
from tui.screens.ask import AskPathScreen, AskScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.edit_words import EditScreen
from tui.screens.gathering import GatheringScreen
from tui.screens.library import LibraryScreen
from tui.screens.more import MoreScreen
from tui.screens.treat_posts import TreatScreen
from tui.screens.trouble import TroubleScreen

__all__ = ["folder", "posts"]


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

"""Back loses nothing: what was typed, shown, looked at and chosen is there again."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, Select

from importer.demo.local_pds import LocalPds
from importer.model import Kind
from importer.records.style import Overflow
from tests.conftest import TestAccount
from tests.tui.archives import make_archive
from tests.tui.screens import USUAL, app_on, shown, until, words
from tui.screens.account import AccountScreen
from tui.screens.filter_posts import FilterScreen
from tui.screens.library import LibraryScreen
from tui.screens.review import ReviewScreen
from tui.screens.welcome import WelcomeScreen
from tui.widgets.path_input import PathInput
from tui.widgets.post_table import PostTable


def looked_at(screen: LibraryScreen | ReviewScreen) -> str:
    """The post under the cursor."""
    current = screen.query_one(PostTable).current
    return current.id if current else ""


async def library(pilot: Pilot[int], number: int) -> LibraryScreen:
    """The posts, once so many of them are shown."""
    screen = await shown(pilot, LibraryScreen)
    await until(pilot, lambda: len(screen.query_one(PostTable).posts) == number)
    return screen


async def account_form(pilot: Pilot[int]) -> AccountScreen:
    screen = await shown(pilot, AccountScreen)
    await until(pilot, lambda: "…" not in words(pilot) and screen.stage == "form")
    return screen


async def review(pilot: Pilot[int], number: int) -> ReviewScreen:
    screen = await shown(pilot, ReviewScreen)
    await until(pilot, lambda: len(screen.query_one(PostTable).posts) == number)
    return screen


async def test_forth_and_back_through_all_screens(
    pds: LocalPds, account: TestAccount, tmp_path: Path, state: Path
) -> None:
    folder = make_archive(tmp_path / "maker.tokaway", posts=30)
    app = app_on(None, state)
    async with app.run_test(size=USUAL) as pilot:
        welcome = await shown(pilot, WelcomeScreen)
        welcome.query_one(PathInput).value = str(folder)
        await pilot.press("enter")

        # The posts: words that are searched, a filter, a cursor.
        posts = await library(pilot, 30)
        await pilot.press("f")
        asks = await shown(pilot, FilterScreen)
        asks.query_one("#kind", Select).value = Kind.VIDEO.value
        await pilot.press("ctrl+s")
        await library(pilot, 24)
        await pilot.press("slash", *"bread", "enter")
        await library(pilot, 4)
        await pilot.press("down", "down")
        here = looked_at(posts)

        # The account: a handle and a server.
        await pilot.press("ctrl+n")
        form = await account_form(pilot)
        form.query_one("#server", Input).value = pds.url
        await pilot.press(*account.handle, "escape")
        posts = await library(pilot, 4)
        assert looked_at(posts) == here
        await pilot.press("ctrl+n")
        form = await account_form(pilot)
        assert form.query_one("#handle", Input).value == account.handle
        assert form.query_one("#server", Input).value == pds.url
        assert form.focused is form.query_one("#password", Input)
        form.query_one("#password", Input).value = account.password
        await pilot.press("enter")
        await until(pilot, lambda: form.stage == "told")

        # The review: a choice, and a cursor of its own.
        await pilot.press("ctrl+n")
        seen = await review(pilot, 30)
        assert looked_at(seen) == here
        await pilot.press("end")
        last = looked_at(seen)
        seen.query_one("#overflow", Select).value = Overflow.TRUNCATE.value
        await until(pilot, lambda: seen.desk.settings().overflow is Overflow.TRUNCATE)
        await review(pilot, 30)

        # All the way back, and forth again.
        await pilot.press("escape")
        assert (await shown(pilot, AccountScreen)).stage == "told"
        await pilot.press("escape")
        posts = await library(pilot, 4)
        assert posts.query_one("#search", Input).value == "bread"
        assert looked_at(posts) == here
        await pilot.press("escape")
        await shown(pilot, WelcomeScreen)
        assert welcome.query_one(PathInput).value == str(folder)
        welcome.query_one(PathInput).focus()
        await pilot.press("enter")
        posts = await library(pilot, 4)
        assert posts.selection.kind is Kind.VIDEO
        assert posts.query_one("#search", Input).value == "bread"
        assert looked_at(posts) == here != last
        await pilot.press("ctrl+n")
        form = await shown(pilot, AccountScreen)
        await until(pilot, lambda: form.stage == "told")
        await pilot.press("ctrl+n")
        seen = await review(pilot, 30)
        assert seen.query_one("#overflow", Select).value == Overflow.TRUNCATE.value
        assert looked_at(seen) == here

"""What holds on each of the six screens: F1 says what it is for, and any size shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import HelpPanel

from importer.archive.store import Archive
from tests.posts import ACCOUNT
from tests.tui.archives import make_archive
from tests.tui.reading import read, squeezed
from tests.tui.screens import USUAL, WIDE, app_on, shown, until, words
from tests.tui.test_publish_pictures import Canned
from tui.desk import Desk
from tui.screens.account import AccountScreen
from tui.screens.library import LibraryScreen
from tui.screens.review import ReviewScreen
from tui.screens.summary import SummaryScreen
from tui.screens.welcome import WelcomeScreen

SMALLEST = (40, 12)
# What a person must find there, in whatever size.
SCREENS: dict[str, tuple[Callable[[Desk], Screen[None]], str]] = {
    "welcome": (lambda _desk: WelcomeScreen(), "Move your TikTok posts"),
    "library": (LibraryScreen, "6 posts"),
    "account": (AccountScreen, "Who publishes?"),
    "review": (ReviewScreen, "Nothing has been sent"),
    "publish": (Canned, "Signing in"),
    "summary": (SummaryScreen, "of 6 posts are published"),
}


@asynccontextmanager
async def on(name: str, tmp_path: Path, state: Path) -> AsyncIterator[tuple[Pilot[int], str]]:
    """One of the screens in the usual size, once it shows what is looked for."""
    folder = make_archive(tmp_path / "maker.tokaway")
    with Archive.create(folder) as archive:
        archive.set_account(ACCOUNT)
    make, said = SCREENS[name]
    app = app_on(None, state)
    async with app.run_test(size=USUAL) as pilot:
        first = await shown(pilot, WelcomeScreen)
        if name != "welcome":
            await app.push_screen(make(Desk(folder, {})))
            await until(pilot, lambda: app.screen is not first)
        await until(pilot, lambda: said in words(pilot))
        yield pilot, said


@pytest.mark.parametrize("name", SCREENS)
async def test_f1_says_what_it_is_for(name: str, tmp_path: Path, state: Path) -> None:
    async with on(name, tmp_path, state) as (pilot, _):
        screen = pilot.app.screen
        title = next(line for line in (screen.HELP or "").splitlines() if line.startswith("# "))
        await pilot.press("f1")
        await until(pilot, lambda: bool(screen.query(HelpPanel)))
        panel = screen.query_one(HelpPanel)
        await until(pilot, lambda: squeezed(title.removeprefix("# ")) in read(panel))
        assert panel.region.width
        await pilot.press("f1")
        await until(pilot, lambda: not screen.query(HelpPanel))


@pytest.mark.parametrize("name", SCREENS)
async def test_any_size_shows_it_and_loses_nothing(name: str, tmp_path: Path, state: Path) -> None:
    async with on(name, tmp_path, state) as (pilot, said):
        focused = pilot.app.focused
        before = words(pilot)
        for size in (SMALLEST, USUAL, WIDE, SMALLEST, USUAL):
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: said in " ".join(words(pilot).split()))
            assert pilot.app.focused is focused
            assert "^q Quit" in words(pilot) or size == SMALLEST
        await until(pilot, lambda: words(pilot) == before)

"""Other people's words in every dialog, and on their way to the clipboard."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen
from textual.widgets import Input

from importer.errors import TokawayError
from importer.undoing import Published, Selected
from importer.updating import Change
from tests.tui import canned
from tests.tui.made_archives import HOSTILE
from tests.tui.reading import harm, read, squeezed
from tests.tui.screens import USUAL, WIDE, app_on, shown, until, words
from tests.tui.test_publish_pictures import Canned
from tui.desk import Desk
from tui.screens.address import AddressScreen
from tui.screens.ask import AskPathScreen, AskScreen, ToldScreen
from tui.screens.browse import BrowseScreen
from tui.screens.rewording import RewordingScreen
from tui.screens.taking_back import TakingBackScreen
from tui.screens.trouble import TroubleScreen
from tui.screens.welcome import WelcomeScreen
from tui.shown import visible, written
from tui.trouble import Trouble

# What must be cut begins with this many characters at least.
BEGIN = 12


def _trouble(text: str) -> TroubleScreen:
    return TroubleScreen(Trouble(TokawayError(text, hint=text), text))


def _rewording(text: str) -> RewordingScreen:
    post = canned.posts()[0]
    return RewordingScreen((Change(post, (text,), (text * 2,), (), (), "", ("its language",)),))


def _taking_back(text: str) -> TakingBackScreen:
    post = replace(canned.posts()[0], caption=text)
    return TakingBackScreen(Selected((Published(post, ()),), 0))


def _desk(text: str) -> Desk:
    return Desk(Path("/home/ada") / text, {})


DIALOGS: dict[str, Callable[[str], Screen[Any]]] = {
    "trouble": _trouble,
    "address": lambda text: AddressScreen("Open this in a browser:", text),
    "told": lambda text: ToldScreen("Spreadsheet", ["One post written to", text]),
    "rewording": _rewording,
    "taking back": _taking_back,
    "a line": lambda text: AskScreen("A name", "What is yours?", "Take it", value=text),
    "a path": lambda text: AskPathScreen("A file", "Which?", "Read it", value=text),
}
COPYING = DIALOGS | {"the run": lambda text: Canned(_desk(text))}
# One line for each of many posts, cut where it ends.
CUT = ("rewording", "taking back")
FIELDS = ("a line", "a path")


@pytest.mark.parametrize("dialog", DIALOGS)
async def test_words_of_others_do_no_harm(dialog: str, state: Path) -> None:
    app = app_on(None, state)
    async with app.run_test(size=USUAL) as pilot:
        await shown(pilot, WelcomeScreen)
        for text in HOSTILE.values():
            await pilot.resize_terminal(*USUAL)
            await app.push_screen(DIALOGS[dialog](text))
            await pilot.press("d") if dialog == "trouble" else None
            await pilot.pause()
            if dialog in FIELDS:
                wanted = text if dialog == "a line" else str(Path(text))
                assert app.screen.query_one(Input).value == wanted
            elif dialog in CUT:
                assert squeezed(text)[:BEGIN] in squeezed(words(pilot))
            else:
                times = 3 if dialog == "trouble" else 1
                assert read(app.screen).count(squeezed(text)) == times
            assert not harm(pilot)
            await pilot.resize_terminal(40, 12)
            await pilot.pause()
            assert not harm(pilot)
            app.pop_screen()


@pytest.mark.parametrize(
    ("dialog", "copied"),
    [
        ("trouble", lambda text: "\n".join([visible(text)] * 3)),
        ("address", written),
        ("the run", lambda text: written(_desk(text).command)),
    ],
)
async def test_words_of_others_are_copied(
    dialog: str, copied: Callable[[str], str], state: Path
) -> None:
    app = app_on(None, state)
    async with app.run_test(size=USUAL) as pilot:
        await shown(pilot, WelcomeScreen)
        for text in HOSTILE.values():
            await app.push_screen(COPYING[dialog](text))
            await pilot.press("c")
            await until(pilot, lambda: app.clipboard == copied(text))  # noqa: B023
            app.clipboard.encode()
            app.pop_screen()


@pytest.mark.skipif(sys.platform != "linux", reason="not every name can be given here")
async def test_files_of_any_name_are_browsed(tmp_path: Path, state: Path) -> None:
    for name in ("markup", "controls", "bidi", "not_utf8", "newlines"):
        (tmp_path / (HOSTILE[name].replace("/", "").replace("\0", "") + ".zip")).touch()
    app = app_on(None, state)
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, WelcomeScreen)
        await app.push_screen(BrowseScreen(tmp_path))
        await until(pilot, lambda: "caf" in words(pilot))
        for _ in range(6):
            await pilot.press("down")
            assert not harm(pilot)

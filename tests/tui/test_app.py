"""What belongs to all screens: colours, the palette, help, links and files."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.widgets import Input

from tests.tui.screens import USUAL, app_on, shown, until, words
from tui.app import THEMES
from tui.demo import Demo
from tui.remembered import Remembered
from tui.screens.address import AddressScreen
from tui.screens.browse import BrowseScreen
from tui.screens.welcome import WelcomeScreen


async def test_colours_go_round_by_a_key_and_are_remembered(state: Path) -> None:
    app = app_on(None, state)
    async with app.run_test(size=USUAL) as pilot:
        await shown(pilot, WelcomeScreen)
        seen = [app.theme]
        for _ in THEMES[1:]:
            await pilot.press("f2")
            seen.append(app.theme)
        assert tuple(seen) == THEMES
    again = app_on(None, state)
    async with again.run_test(size=USUAL) as pilot:
        await shown(pilot, WelcomeScreen)
        assert again.theme == THEMES[-1]
        await pilot.press("f2")
        assert again.theme == THEMES[0]


async def test_a_theme_that_is_no_more_is_forgotten(state: Path) -> None:
    Remembered(state).theme("no-such-theme")
    app = app_on(None, state)
    async with app.run_test(size=USUAL) as pilot:
        await shown(pilot, WelcomeScreen)
        assert app.theme == THEMES[0]


async def test_without_colour_the_choice_stays_as_it_was(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Remembered(state).theme("textual-light")
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(None, state)
    async with app.run_test(size=USUAL) as pilot:
        await shown(pilot, WelcomeScreen)
        assert app.theme == "ansi-dark"
    assert Remembered(state).choices.theme == "textual-light"


async def test_the_palette_has_everything_that_has_a_key(state: Path) -> None:
    app = app_on(None, state)
    async with app.run_test(size=USUAL) as pilot:
        screen = await shown(pilot, WelcomeScreen)
        named = {command.title for command in app.get_system_commands(screen)}
        shown_keys = {
            active.binding.description
            for active in screen.active_bindings.values()
            if active.binding.show and active.enabled
        }
        assert shown_keys <= named
        assert {"Browse", "Demo", "Help", "Colours", "Quit", "All colours"} <= named
        await pilot.press("ctrl+p")
        palette = await shown(pilot, CommandPalette)
        palette.query_one(Input).value = "Browse"
        await until(pilot, lambda: "Look for an export" in words(pilot))
        await pilot.press("enter")
        await shown(pilot, BrowseScreen)


async def test_a_link_that_cannot_be_opened_is_shown_in_full(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    link = "https://bsky.app/profile/maker.test/post/" + "3" * 60 + "?q=[bold]"
    app = app_on(None, state)
    async with app.run_test(size=USUAL) as pilot:
        await shown(pilot, WelcomeScreen)
        app.hand_over(link)
        await shown(pilot, AddressScreen)
        seen = "".join(line.strip(" │") for line in words(pilot).splitlines())
        assert link in seen
        await pilot.press("c")
        assert app.clipboard == link
        await pilot.press("enter")
        await shown(pilot, WelcomeScreen)


async def test_a_file_in_a_terminal_stays_where_it_is(state: Path, tmp_path: Path) -> None:
    table = tmp_path / "captions.csv"
    table.touch()
    app = app_on(None, state)
    async with app.run_test(size=(200, 24)) as pilot:
        await shown(pilot, WelcomeScreen)
        app.hand_over(table)
        await shown(pilot, AddressScreen)
        seen = "".join(line.strip(" │") for line in words(pilot).splitlines())
        assert str(table) in seen


def test_the_account_of_the_demo_is_not_proposed_again(tmp_path: Path, state: Path) -> None:
    app = app_on(None, state)
    app.ground.demo = Demo(tmp_path / "export.zip", "creator.test", "secret", {})
    app.remember_handle("creator.test")
    assert app.remembered.choices.handle == ""
    app.remember_handle("maker.test")
    assert app.remembered.choices.handle == "maker.test"

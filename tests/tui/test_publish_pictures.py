"""The run screen in each of its states, with fixed data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

import tui.screens.publish
from importer.errors import SignInNeeded
from importer.events import Event
from tests.tui import canned
from tests.tui.conftest import Picture
from tests.tui.screens import USUAL, WIDE, app_on, words
from tui.desk import Desk
from tui.screens.publish import PublishScreen
from tui.verdict import of_error


class Canned(PublishScreen):
    """The screen with no engine behind it."""

    CSS_PATH = tui.screens.publish.__file__.replace(".py", ".tcss")

    def begin(self) -> None:
        self._runs = True

    def look_ahead(self) -> None:
        pass

    def look_at_limits(self) -> None:
        pass


@asynccontextmanager
async def showing(
    events: Sequence[Event], state: Path, size: tuple[int, int] = USUAL
) -> AsyncIterator[tuple[Pilot[int], Canned]]:
    """The screen after these events."""
    app = app_on(None, state)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        screen = Canned(Desk(Path("/home/ada/ada.tokaway"), {}))
        await app.push_screen(screen)
        screen._waiting_read(canned.posts())
        for event in events:
            screen.hear(event)
            await pilot.pause()
        screen.show_ahead(canned.AHEAD)
        screen.show()
        # What scrolls and is laid out a second time does so after the next refresh.
        await pilot.wait_for_scheduled_animations()
        await pilot.pause()
        yield pilot, screen


@pytest.mark.parametrize(("name", "size"), [("publish", USUAL), ("publish-wide", WIDE)])
async def test_at_work(state: Path, picture: Picture, name: str, size: tuple[int, int]) -> None:
    async with showing(canned.at_work(), state, size) as (pilot, _):
        shown = words(pilot)
        assert "412 of 1,030" in shown
        assert "3.3 MB of 4.2 MB" in shown
        assert "1.2 MB/s" in shown
        await picture(pilot, name)


async def test_waiting(state: Path, picture: Picture) -> None:
    async with showing(canned.waiting(), state) as (pilot, _):
        shown = " ".join(words(pilot).split())
        assert "Waiting until tomorrow 09:10" in shown
        assert "You may close this" in shown
        await picture(pilot, "publish-waiting")


async def test_paused(state: Path, picture: Picture) -> None:
    async with showing(canned.at_rest(), state) as (pilot, _):
        await pilot.press("p")
        await pilot.pause()
        assert "Paused" in words(pilot)
        await picture(pilot, "publish-paused")


async def test_in_trouble(state: Path, picture: Picture) -> None:
    async with showing(canned.at_rest(), state) as (pilot, screen):
        screen._end(
            of_error(SignInNeeded("The server refuses the session of ada. Nothing is lost."))
        )
        await pilot.pause()
        assert "Sign in" in words(pilot)
        await picture(pilot, "publish-trouble")


@pytest.mark.parametrize("size", [(60, 20), (40, 12), (200, 60)])
async def test_every_size_shows_what_is_most_needed(state: Path, size: tuple[int, int]) -> None:
    async with showing(canned.at_work(), state, size) as (pilot, _):
        shown = words(pilot)
        assert "Publishing to ada.example.social" in shown
        assert "First snow" in shown


async def test_every_view_has_its_key(state: Path) -> None:
    async with showing(canned.at_work(), state) as (pilot, screen):
        told = []
        for key in "12345":
            await pilot.press(key)
            await pilot.pause()
            told.append(words(pilot))
        assert "First snow" in told[0]
        assert "18 of 25" in told[1]
        assert "has died" in told[2]
        assert "Mon 23 Nov" in told[3] and "7 posts" in told[3]
        assert screen.desk.command in told[4]

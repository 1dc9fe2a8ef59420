"""The list of the posts on a screen, and the archive behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from importer.archive.view import ArchiveView
from importer.model import Post
from tests.tui import made_archives as made
from tests.tui.screens import USUAL, app_on, shown, until
from tui.screens.ask import ToldScreen
from tui.screens.library import LibraryScreen
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

"""The list of posts on the screen: our times as ratios to a Textual app that shows one line.

    python benchmarks/ui.py

Archives of 10,000 and 50,000 posts are made in a temporary folder. The first paint is measured
from the making of the app to the painting of the first posts, a key from its arrival to the
painting that follows: the middle and the 95th of 100 of them. The program that is measured is
the real one, without a terminal.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static

import tui.app
from importer.archive.store import Archive
from importer.model import ExportPost, Kind, Link, LinkKind, Privacy
from tui.app import TokawayApp
from tui.remembered import Remembered
from tui.widgets.post_table import PostTable

SIZE = (140, 40)
PRESSES = 100
# By what is done: the keys in turns.
KEYS = {
    "down": ("down",),
    "page": ("pagedown", "pageup"),
    "ends": ("end", "home"),
    "choose": ("space",),
}
FIRST = datetime(2021, 1, 1, tzinfo=UTC)
WORDS = "Rye bread, the slow way 🍞 Day {n} of many. #rye #bakersoftiktok @nils.kneads"


class Painted:
    """Notes each painting of an app."""

    painted: asyncio.Event

    def _display(self, screen: Any, renderable: Any) -> None:
        super()._display(screen, renderable)  # type: ignore[misc]
        self.painted.set()


class Empty(Painted, App[None]):
    """The least there can be: one line, changed by a key."""

    def compose(self) -> ComposeResult:
        yield Static("0")

    def on_key(self) -> None:
        line = self.query_one(Static)
        line.update(str(int(str(line.content)) + 1))


class Real(Painted, TokawayApp):
    """The program."""

    CSS_PATH = str(Path(tui.app.__file__).with_name("app.tcss"))


def make(folder: Path, number: int) -> None:
    """An archive with so many posts."""
    with Archive.create(folder) as archive:
        archive.absorb([_post(n) for n in range(number)])


def _post(n: int) -> ExportPost:
    dies = FIRST + timedelta(days=9_999)
    link = Link(f"https://v.test/{n}?x={'a' * 300}", LinkKind.VIDEO, str(n), dies)
    at = FIRST + timedelta(hours=n)
    return ExportPost(
        at, 0, Kind.VIDEO, Privacy.EVERYONE, (link,), title=WORDS.format(n=n), likes=n
    )


async def measure(
    make_app: Callable[[], Any], is_there: Callable[[Any], bool], keys: dict[str, tuple[str, ...]]
) -> tuple[float, dict[str, list[float]]]:
    """Seconds to the first paint, and of each press of some keys."""
    begin = time.perf_counter()
    app = make_app()
    app.painted = asyncio.Event()
    pressed: dict[str, list[float]] = {}
    async with app.run_test(size=SIZE) as pilot:
        await app.painted.wait()
        while not is_there(app):
            app.painted.clear()
            await app.painted.wait()
        first = time.perf_counter() - begin
        await pilot.pause(0.5)
        for name, turns in keys.items():
            pressed[name] = []
            for number in range(PRESSES):
                key = turns[number % len(turns)]
                app.painted.clear()
                began = time.perf_counter()
                app.post_message(events.Key(key, " " if key == "space" else None))
                await app.painted.wait()
                pressed[name].append(time.perf_counter() - began)
                await pilot.pause(0.02)
    return first, pressed


def _shows_posts(app: Any) -> bool:
    tables = app.screen.query(PostTable)
    return bool(tables and tables.first().posts)


def _middle(times: list[float]) -> float:
    return sorted(times)[len(times) // 2]


def _late(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def main() -> None:
    """Measure both and print the ratios."""
    asyncio.run(measure(Empty, lambda app: True, {}))  # whatever is loaded once
    empty, presses = asyncio.run(measure(Empty, lambda app: True, {"down": ("down",)}))
    key = _middle(presses["down"])
    print(f"empty app    first paint {empty:6.3f} s           key {key * 1000:6.1f} ms")
    with tempfile.TemporaryDirectory() as name:
        os.environ["TOKAWAY_STATE"] = name
        for number in (1_000, 10_000, 50_000):
            folder = Path(name, f"{number}.tokaway")
            make(folder, number)
            first, presses = asyncio.run(
                measure(partial(Real, folder, {}, Remembered(Path(name))), _shows_posts, KEYS)
            )
            print(f"{number:6,} posts first paint {first:6.3f} s = {first / empty:5.2f}", end="")
            for word, times in presses.items():
                middle, late = _middle(times), _late(times)
                print(f"  {word} {middle * 1000:.1f} ms = {middle / key:.2f}", end="")
                print(f" (95th {late * 1000:.1f} ms)", end="")
            print()


if __name__ == "__main__":
    main()

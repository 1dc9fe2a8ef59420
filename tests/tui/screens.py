"""How tests drive the screens: an app on an archive, and waiting for the thing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from textual.pilot import Pilot
from textual.screen import Screen

from tui.app import TokawayApp
from tui.remembered import Remembered

USUAL, WIDE = (80, 24), (140, 40)
_MOST_SECONDS = 90.0
Shown = TypeVar("Shown", bound=Screen[Any])


def app_on(path: Path | None, state: Path, **flags: object) -> TokawayApp:
    """The program as `tokaway ui PATH` starts it, remembering in a folder of the test's."""
    return TokawayApp(path, flags, Remembered(state), places=())


async def until(
    pilot: Pilot[int], condition: Callable[[], bool], seconds: float = _MOST_SECONDS
) -> None:
    """Let the program go on until a condition holds."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"never came: on {pilot.app.screen!r}\n{words(pilot)}"
        await pilot.pause(0.01)
    await pilot.pause()


async def shown(pilot: Pilot[int], kind: type[Shown], seconds: float = _MOST_SECONDS) -> Shown:
    """Wait until a screen of this kind is on top, and its first work is done."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind), seconds)
    screen = pilot.app.screen
    assert isinstance(screen, kind)
    return screen


def words(pilot: Pilot[int]) -> str:
    """What a person reads on the screen now, line by line."""
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in lines)

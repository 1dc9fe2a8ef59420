"""What tests of the screens share: a sample export, a folder to remember in, and pictures."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import textual.constants
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from importer.demo.media_server import MediaServer
from importer.model import Action
from tests.breaking_proxy import BreakingProxy
from tests.conftest import TestAccount
from tests.staged_export import stage
from tests.tui.import_at_hand import Import

Picture = Callable[[Pilot[int], str], Awaitable[None]]
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
_LAYOUT_SECONDS = 60.0
_SAME_LOOKS = 10
# Fonts would be fetched from elsewhere by whoever looks at the picture.
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


@pytest.fixture(autouse=True)
def stillness(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing blinks or moves by itself."""
    monkeypatch.setattr(Input.cursor_blink, "_default", False)
    monkeypatch.setattr(TextArea.cursor_blink, "_default", False)
    # Textual has read the variable of this name long before.
    monkeypatch.setattr(textual.constants, "TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the program remembers choices and keeps its books; takes the place of the suite's."""
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("TOKAWAY_STATE", str(folder))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return folder


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Iterator[Picture]:
    """Hold the screen against its picture in the documents, or draw that anew when asked to."""
    draws = bool(request.config.getoption("--draw-pictures"))

    async def compare(pilot: Pilot[int], name: str) -> None:
        target = PICTURES / f"{name}.svg"
        if draws:
            PICTURES.mkdir(exist_ok=True)
            target.write_text(await _at_rest(pilot), encoding="utf-8")
        assert target.is_file(), f"no picture {target.name}: draw it with --draw-pictures"
        wanted = target.read_text(encoding="utf-8")
        ends = time.monotonic() + _LAYOUT_SECONDS
        # Footers, bars and panels find their sizes in several turns, whose number is not ours.
        while (drawn := _drawn(pilot)) != wanted and time.monotonic() < ends:
            await pilot.pause(0.05)
        assert drawn == wanted, f"{target.name} looks otherwise now"

    yield compare


def _drawn(pilot: Pilot[int]) -> str:
    return _FONTS.sub("", pilot.app.export_screenshot(title="Tokaway"))


async def _at_rest(pilot: Pilot[int]) -> str:
    """The screen when it looks the same for a while."""
    before, same = "", 0
    while same < _SAME_LOOKS:
        drawn = _drawn(pilot)
        before, same = drawn, same + 1 if drawn == before else 0
        await pilot.pause(0.05)
    return before


@pytest.fixture
def make_import(
    proxy: BreakingProxy, account: TestAccount, tmp_path: Path
) -> Iterator[Callable[..., Import]]:
    """Make an import of so many posts, its account signed in."""
    with ExitStack() as stack:

        def make(fits: Sequence[Action], **more: Any) -> Import:
            staged = stage(tmp_path / "media", fits, **more)
            media = stack.enter_context(MediaServer(staged.media))
            made = Import(staged, media, proxy, account, tmp_path / "ada.tokaway")
            made.read()
            made.sign_in()
            return made

        yield make

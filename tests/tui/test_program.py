"""The program as a person has it: a real process in terminals of every kind."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.end_to_end.command_line import environment
from tests.tui.imports import archive_at

if sys.platform == "win32":
    pytest.skip("terminals of Windows are no files", allow_module_level=True)

from tests.tui.terminal import Terminal

UI = (sys.executable, "-m", "importer.cli")
USUAL = (80, 24)
_COLOUR = re.compile(rb"\x1b\[(?:[0-9:]+;)*(?:[34][0-8]|9[0-7]|10[0-7])[;:m]")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / "Downloads").mkdir(parents=True)
    return folder


@pytest.fixture
def surroundings(home: Path) -> dict[str, str]:
    """The environment of a person with this home, and nobody else's settings."""
    kept = {
        name: value
        for name, value in environment(home).items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "NO_COLOR", "COLORTERM")
    }
    return kept | {"TOKAWAY_STATE": str(home / "state"), "TZ": "UTC"}


def test_it_goes_on_where_it_was(home: Path, surroundings: dict[str, str]) -> None:
    archive_at(home / "Downloads" / "TikTok_Data_1767225600.tokaway", 13, published=4)
    with Terminal([*UI, "ui"], surroundings, USUAL) as terminal:
        terminal.until("4 of 13 published")
        terminal.press("\r")
        terminal.until("[4 Publish]")


def test_without_colour_it_says_the_same(home: Path, surroundings: dict[str, str]) -> None:
    archive_at(home / "half.tokaway", 13, published=4, failed=1)
    archive_at(home / "done.tokaway", 2, published=2)
    said: list[list[str]] = []
    for variables in ({}, {"NO_COLOR": "1"}):
        with Terminal([*UI, "ui"], surroundings | variables, USUAL) as terminal:
            terminal.until("2 of 2 published")
            terminal.press("\t")
            terminal.until("→ ")
            # Frames and bars may look otherwise; what a bar shows is told in numbers beside it.
            said.append(re.findall(r"[\w→✓·!@^.,~]+", terminal.words))
            assert bool(_COLOUR.search(terminal.written)) == (not variables)
            assert "4 of 13 published · 1 failed" in terminal.words
            assert "✓ 2 of 2 published" in terminal.words
            terminal.press("\x11")
            assert terminal.ended() == 0
    assert said[0] == said[1]


@pytest.mark.parametrize("program", ["Apple_Terminal", "WezTerm"])
def test_a_terminal_that_does_not_say_how_it_shows_pictures(
    surroundings: dict[str, str], program: str
) -> None:
    with Terminal([*UI, "ui"], surroundings | {"TERM_PROGRAM": program}, USUAL) as terminal:
        terminal.until("Move your TikTok posts")
        terminal.press("\x11")
        assert terminal.ended() == 0
    before = terminal.written.partition(b"\x1b[?1049h")[0]
    assert (b"\x1b[c" in before) == (program == "WezTerm")
    assert b"Traceback" not in terminal.written


def test_a_link_is_opened_by_the_browser_beside_the_terminal(tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{tmp_path}/opened"\n')
    browser.chmod(0o755)
    code = (
        "from tui.app import TokawayApp\n"
        "app = TokawayApp(places=())\n"
        "app.call_later(app.hand_over, 'https://bsky.app/profile/maker.test')\n"
        "app.run()"
    )
    variables = environment(tmp_path) | {
        "BROWSER": f"{browser} %s &",
        "TOKAWAY_STATE": str(tmp_path / "state"),
    }
    with Terminal([sys.executable, "-c", code], variables, USUAL) as terminal:
        terminal.until("Opened in your browser")
        assert "https://bsky.app/profile" in terminal.words
        terminal.press("\x11")
        assert terminal.ended() == 0
    assert (tmp_path / "opened").read_text().strip() == "https://bsky.app/profile/maker.test"


def test_a_terminal_without_a_size_gets_the_usual_one(surroundings: dict[str, str]) -> None:
    with Terminal(UI, surroundings, (0, 0)) as terminal:
        terminal.until_true(lambda: b"Move your TikTok posts" in terminal.written)
        terminal.press("\x11")
        assert terminal.ended() == 0


def test_no_terminal_no_screens_but_help() -> None:
    import subprocess

    done = subprocess.run(UI, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0
    assert "Usage: tokaway" in done.stdout
    done = subprocess.run(
        [*UI, "ui"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 2
    assert "is no terminal" in done.stderr
    assert "tokaway ui --web" in done.stderr


def test_a_dumb_terminal_is_told_what_else_there_is(surroundings: dict[str, str]) -> None:
    with Terminal(["env", "TERM=dumb", *UI, "ui"], surroundings, USUAL) as terminal:
        terminal.until("TERM=dumb")
        assert terminal.ended() == 2
    with Terminal(["env", "TERM=dumb", *UI], surroundings, USUAL) as terminal:
        assert terminal.ended() == 0
        assert b"Usage: tokaway" in terminal.written

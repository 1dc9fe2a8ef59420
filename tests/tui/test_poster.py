"""Stills: which terminals are asked for pictures, and what all others show."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from textual.app import App, ComposeResult

from tui.widgets.poster import COLUMNS, ROWS, Poster, may_show_pictures, shaded


@pytest.mark.parametrize(
    ("variables", "may"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "foot-extra"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, True),
        ({"TERM": "xterm-256color", "WT_SESSION": "1"}, True),
        ({}, False),
    ],
)
def test_only_terminals_known_to_show_pictures_are_asked(
    variables: dict[str, str], may: bool
) -> None:
    assert may_show_pictures(variables) is may


def test_letters_are_the_fuller_the_brighter() -> None:
    blocks = Image.new("RGB", (5, 4))
    for column in range(5):
        for line in range(4):
            blocks.putpixel((column, line), (column * 60,) * 3)
    assert shaded(blocks).plain.split("\n") == [" ░▒▓█"] * 2


class PosterApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Poster()


@pytest.mark.parametrize(
    ("width", "height", "columns"),
    [(270, 480, 13), (1920, 1080, COLUMNS), (7, 4000, 1), (4000, 7, COLUMNS)],
)
async def test_a_still_keeps_its_shape_and_takes_no_place_when_it_is_gone(
    width: int, height: int, columns: int
) -> None:
    async with PosterApp().run_test() as pilot:
        poster = pilot.app.query_one(Poster)
        assert not poster.display
        still = io.BytesIO()
        Image.new("RGB", (width, height)).save(still, "JPEG")
        poster.show(still.getvalue())
        await pilot.pause()
        assert poster.size == (columns, ROWS)
        poster.show(b"no picture")
        await pilot.pause()
        assert not poster.display

"""Paths as terminals hand them over."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.app import App, ComposeResult

from tests.tui.screens import USUAL
from tui.widgets.path_input import Pasted, PathInput, clean_path

FORMS = {
    "plain": ("/home/ada/export.zip", "/home/ada/export.zip", 0),
    "a blank behind": ("/home/ada/export.zip ", "/home/ada/export.zip", 0),
    "a line end behind": ("/home/ada/export.zip\r\n", "/home/ada/export.zip", 0),
    "GNOME": ("'/home/ada/My export.zip' ", "/home/ada/My export.zip", 0),
    "an apostrophe": (r"'/home/ada/it'\''s.zip'", "/home/ada/it's.zip", 0),
    "macOS": (r"/Users/ada/My\ export\ \(1\).zip", "/Users/ada/My export (1).zip", 0),
    "macOS, apostrophe": (r"/Users/ada/it\'s.zip ", "/Users/ada/it's.zip", 0),
    "double quotes": ('"/home/ada/My export.zip"', "/home/ada/My export.zip", 0),
    "Windows": (r'"C:\Users\ada\My export.zip"', r"C:\Users\ada\My export.zip", 0),
    "Windows, bare": (r"C:\Users\ada\export.zip", r"C:\Users\ada\export.zip", 0),
    "a share": (r"\\server\share\export.zip", r"\\server\share\export.zip", 0),
    "PowerShell": (r"& 'C:\Users\ada\My export.zip'", r"C:\Users\ada\My export.zip", 0),
    "PowerShell, apostrophe": (r"& 'C:\ada\it''s.zip'", r"C:\ada\it's.zip", 0),
    "a URL": ("file:///home/ada/My%20export.zip", "/home/ada/My export.zip", 0),
    "a URL of Windows": ("file:///C:/Users/ada/e.zip", "C:/Users/ada/e.zip", 0),
    "a URL with a host": ("file://localhost/home/ada/e.zip", "/home/ada/e.zip", 0),
    "a URL in quotes": ("'file:///home/ada/e%201.zip'", "/home/ada/e 1.zip", 0),
    "an apostrophe in a URL": ("file:///home/ada/it's.zip", "/home/ada/it's.zip", 0),
    "per cent is a letter elsewhere": ("/home/ada/100%20.zip", "/home/ada/100%20.zip", 0),
    "two, quoted": ("'/home/ada/a.zip' '/home/ada/b.zip' ", "/home/ada/a.zip", 1),
    "three, escaped": (r"/a\ 1.zip /b.zip /c.zip", "/a 1.zip", 2),
    "two URLs": ("file:///a.zip\nfile:///b.zip\n", "/a.zip", 1),
    "an odd quote": ("/home/ada/it's mine.zip", "/home/ada/it's mine.zip", 0),
    "typed with blanks": ("/home/ada/My export.zip", "/home/ada/My export.zip", 0),
    "markup": ("/home/ada/[bold]x[/].zip", "/home/ada/[bold]x[/].zip", 0),
    "a NUL": ("/home/a\0da.zip", "/home/a\0da.zip", 0),
    "far too long": ("/" + "x" * 5000, "/" + "x" * 5000, 0),
}


@pytest.mark.parametrize(("text", "path", "others"), FORMS.values(), ids=FORMS)
def test_each_form_becomes_the_path_it_stands_for(text: str, path: str, others: int) -> None:
    assert clean_path(text) == Pasted(Path(path), others)


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_no_text_is_no_path(text: str) -> None:
    assert clean_path(text) is None


def test_what_exists_as_it_stands_is_left_alone(tmp_path: Path) -> None:
    odd = tmp_path / "'odd'\\ name .zip "
    odd.touch()
    assert clean_path(str(odd)) == Pasted(odd)


def test_two_typed_paths_are_told_from_one_with_a_blank(tmp_path: Path) -> None:
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    first.touch()
    assert clean_path(f"{first} {second}") == Pasted(first, 1)
    assert clean_path(f"{second} {first}") == Pasted(Path(f"{second} {first}"))


def test_home_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert clean_path("~/export.zip") == Pasted(tmp_path / "export.zip")
    assert clean_path("~nobody-of-this-name/x") == Pasted(Path("~nobody-of-this-name/x"))


class Field(App[None]):
    """A field alone."""

    def __init__(self) -> None:
        super().__init__()
        self.chosen: list[tuple[Path, int]] = []

    def compose(self) -> ComposeResult:
        yield PathInput()

    def on_path_input_chosen(self, message: PathInput.Chosen) -> None:
        self.chosen.append((message.path, message.others))


async def test_a_dropped_path_takes_the_place_of_what_was_typed() -> None:
    app = Field()
    async with app.run_test(size=USUAL) as pilot:
        field = app.query_one(PathInput)
        await pilot.press("x", "y")
        field.post_message(events.Paste("'/home/ada/a 1.zip' '/home/ada/b.zip' "))
        await pilot.pause()
        assert field.value == "/home/ada/a 1.zip"
        await pilot.press("enter")
        assert app.chosen == [(Path("/home/ada/a 1.zip"), 1)]


async def test_a_pasted_piece_of_a_path_is_put_in_where_the_cursor_is() -> None:
    app = Field()
    async with app.run_test(size=USUAL) as pilot:
        field = app.query_one(PathInput)
        await pilot.press("slash", "a")
        field.post_message(events.Paste("bc.zip"))
        await pilot.pause()
        await pilot.press("enter")
        assert app.chosen == [(Path("/abc.zip"), 0)]


async def test_a_path_that_is_proposed_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "TikTok").mkdir()
    app = Field()
    proposed = [tmp_path / "TikTok Data.csv", tmp_path / "it's Ada's.csv"]
    async with app.run_test(size=USUAL) as pilot:
        for path in proposed:
            app.query_one(PathInput).take(Pasted(path))
            await pilot.press("enter")
    assert app.chosen == [(path, 0) for path in proposed]


async def test_enter_in_an_empty_field_does_nothing() -> None:
    app = Field()
    async with app.run_test(size=USUAL) as pilot:
        await pilot.press("enter", "space", "enter")
        assert app.chosen == []

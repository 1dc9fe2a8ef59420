"""The form hears keys that come faster than it draws, each in its own field."""

from __future__ import annotations

import pytest
from textual import events, on
from textual.app import App, ComposeResult

from importer.signing_in import Password
from tests.tui.screens import until
from tui.widgets.sign_in_form import SignInForm


class FormApp(App[int]):
    """The form alone; `tried` is what it was sent off with."""

    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__()
        self.tried: list[tuple[str, Password]] = []
        self.filled: list[bool] = []

    def compose(self) -> ComposeResult:
        yield SignInForm()

    @on(SignInForm.Submitted)
    def _try(self) -> None:
        self.tried.append((self.form.handle, self.form.password))

    @property
    def form(self) -> SignInForm:
        return self.query_one(SignInForm)

    def types(self, text: str) -> None:
        """All keys in one go, before any of them is heard."""
        for letter in text:
            key = {"\t": "tab", "\r": "enter"}.get(letter, letter)
            self.post_message(events.Key(key, letter))


async def test_the_handle_is_asked_for_first() -> None:
    async with FormApp().run_test() as pilot:
        assert pilot.app.focused is pilot.app.query_one("#handle")


@pytest.mark.parametrize("known", ["", "other.test"])
async def test_what_comes_in_one_go_is_heard_before_what_is_known_is_filled_in(known: str) -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        app.types("@maker.test\tse-cr-et")
        app.form.fill(known, None, app.filled.append)
        app.types("\r")
        await until(pilot, lambda: bool(app.tried))
    assert app.tried == [("maker.test", Password("se-cr-et", ""))]
    assert app.filled == [True]


@pytest.mark.parametrize("known", ["", "other.test"])
async def test_what_comes_in_one_go_while_it_is_filled_in_is_heard_too(known: str) -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        app.form.fill(known, None, app.filled.append)
        app.types("@maker.test\tse-cr-et\r")
        await until(pilot, lambda: bool(app.tried))
    assert app.tried == [("maker.test", Password("se-cr-et", ""))]


async def test_who_has_typed_nothing_goes_on_where_the_first_field_is_empty() -> None:
    app = FormApp()
    async with app.run_test() as pilot:
        app.form.fill("maker.test", None, app.filled.append)
        await until(pilot, lambda: bool(app.filled))
        app.types("se-cr-et\r")
        await until(pilot, lambda: bool(app.tried))
    assert app.tried == [("maker.test", Password("se-cr-et", ""))]
    assert app.filled == [False]

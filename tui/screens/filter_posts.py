"""Says which posts are to be shown, with a control for each thing that can be asked."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static

from importer.model import Kind, Privacy
from importer.selection import EVERYTHING, Selection, State
from tui.language import _
from tui.naming import kind_name, privacy_name, state_name
from tui.widgets.line_input import LineInput
from tui.widgets.tick import Tick

Word = TypeVar("Word", bound=StrEnum)


class FilterScreen(ModalScreen[Selection | None]):
    """Answers with a selection, or with nothing when it is left as it was."""

    CSS_PATH = "filter_posts.tcss"
    AUTO_FOCUS = "#match"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", _("Back")),
        Binding("ctrl+s", "take", _("Show")),
    ]

    def __init__(self, selection: Selection) -> None:
        super().__init__()
        self._before = selection

    def compose(self) -> ComposeResult:
        """A control for each thing, two in a row."""
        before = self._before
        with Vertical(classes="dialog"):
            yield Static(_("Show only posts …"), classes="title")
            with Grid(id="controls"):
                yield Label(_("with these words"))
                yield LineInput(before.match, id="match", compact=True)
                yield Label(_("since (as 2024-01-31)"))
                yield Input(_day(before.since), id="since", compact=True, max_length=10)
                yield Label(_("until"))
                yield Input(_day(before.until), id="until", compact=True, max_length=10)
                yield Label(_("with so many likes or more"))
                likes = "" if before.min_likes is None else str(before.min_likes)
                yield Input(likes, id="likes", type="integer", compact=True)
                yield Label(_("that are"))
                yield _select("kind", before.kind, {kind: kind_name(kind) for kind in Kind})
                yield Label(_("seen on TikTok by"))
                yield _select(
                    "privacy", before.privacy, {one: privacy_name(one) for one in Privacy}
                )
                yield Label(_("that stand at"))
                yield _select("state", before.state, {state: state_name(state) for state in State})
            yield Tick(_("without words"), before.no_caption, id="no-caption")
            yield Tick(
                _("whose link dies within two days, or has died"),
                before.dying_link,
                id="dying-link",
            )
            yield Static("", id="wrong", classes="trouble", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(_("Show these"), id="take", variant="primary")
                yield Button(_("Show all posts"), id="everything")
                yield Button(_("Back"), id="leave")

    @on(Input.Submitted)
    @on(Button.Pressed, "#take")
    def action_take(self) -> None:
        """Answer with what the controls say, if it can be understood."""
        try:
            since, until = (self._day_in(name) for name in ("since", "until"))
        except ValueError:
            self._say(_("Write a day as 2024-01-31: year, month, day."))
            return
        likes = self.query_one("#likes", Input).value
        if likes and not (likes.isdecimal()):
            self._say(_("Write the likes as a number, such as 100."))
            return
        self.dismiss(
            Selection(
                since=since,
                until=until,
                min_likes=int(likes) if likes else None,
                kind=self._chosen("kind", Kind),
                privacy=self._chosen("privacy", Privacy),
                state=self._chosen("state", State),
                match=self.query_one("#match", Input).value.strip(),
                no_caption=self.query_one("#no-caption", Tick).value,
                dying_link=self.query_one("#dying-link", Tick).value,
            )
        )

    @on(Button.Pressed, "#everything")
    def _everything(self) -> None:
        self.dismiss(EVERYTHING)

    @on(Button.Pressed, "#leave")
    def action_leave(self) -> None:
        """Leave it as it was."""
        self.dismiss(None)

    def _day_in(self, name: str) -> date | None:
        text = self.query_one(f"#{name}", Input).value.strip()
        return date.fromisoformat(text) if text else None

    def _chosen(self, name: str, words: type[Word]) -> Word | None:
        value = self.query_one(f"#{name}", Select).value
        return words(value) if isinstance(value, str) else None

    def _say(self, words: str) -> None:
        self.query_one("#wrong", Static).update(f"! {words}")


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _select(name: str, before: Word | None, words: dict[Word, str]) -> Select[str]:
    return Select(
        [(told, word.value) for word, told in words.items()],
        prompt=_("any"),
        value=before.value if before else Select.NULL,
        id=name,
        compact=True,
    )

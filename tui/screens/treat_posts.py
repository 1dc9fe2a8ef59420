"""How the media of posts are treated, and their labels and languages: of one post or of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static

from importer.errors import UserError
from importer.model import Long, Photos, Post
from importer.settings import labels_of, langs_of
from importer.wanted import Wanted
from tui.language import _, ngettext
from tui.shown import visible

_THESE, _ALL = "these", "all"
_YES, _NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is wanted, and of which posts."""

    wanted: Wanted
    posts: tuple[Post, ...]


class TreatScreen(ModalScreen[Treatment | None]):
    """Answers with what is wanted, or with nothing.

    Args:
        marked: the posts that are marked in the list.
        listed: all that are listed.
    """

    CSS_PATH = "treat_posts.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", _("Back")),
        Binding("ctrl+s", "take", _("Save")),
    ]

    def __init__(self, marked: Sequence[Post], listed: Sequence[Post]) -> None:
        super().__init__()
        self._posts = {_THESE: tuple(marked), _ALL: tuple(listed)}

    def compose(self) -> ComposeResult:
        """One control for each thing; whatever is not touched stays as it is."""
        marked, listed = len(self._posts[_THESE]), len(self._posts[_ALL])
        whom = [
            (ngettext("this post", "the {n} marked posts", marked).format(n=marked), _THESE),
            (ngettext("the post shown", "all {n} posts shown", listed).format(n=listed), _ALL),
        ]
        with Vertical(classes="dialog"):
            yield Static(_("How they are published"), classes="title")
            with Grid(id="controls"):
                yield Label(_("For"))
                yield Select(whom, value=_THESE, allow_blank=False, id="whom", compact=True)
                yield Label(_("A video that is too long"))
                yield _choice("long", _long_names())
                yield Label(_("More than ten photos"))
                yield _choice("photos", _photos_names())
                yield Label(_("Encode videos anew"))
                yield _choice("encode", {_YES: _("always"), _NO: _("only if needed")})
                yield Label(_("Content labels"))
                yield Input(placeholder="sexual, graphic-media …", id="labels", compact=True)
                yield Label(_("Languages"))
                yield Input(placeholder="en, pt-BR …", id="langs", compact=True)
            yield Static(
                _("What you leave empty stays as it is. A - takes labels or languages away."),
                classes="muted",
            )
            yield Static("", id="wrong", classes="trouble", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(_("Save"), id="take", variant="primary")
                yield Button(_("Back"), id="leave")

    @on(Input.Submitted)
    @on(Button.Pressed, "#take")
    def action_take(self) -> None:
        """Answer with what the controls say, if it can be understood."""
        long, photos, encode = (self._chosen(name) for name in ("long", "photos", "encode"))
        try:
            wanted = Wanted(
                long=Long(long) if long else None,
                photos=Photos(photos) if photos else None,
                encode=encode == _YES if encode else None,
                labels=labels_of(self._typed("labels")),
                langs=langs_of(self._typed("langs")),
            )
        except UserError as error:
            self.query_one("#wrong", Static).update(visible(f"! {error.text} {error.hint}"))
            return
        whom = self._chosen("whom") or _THESE
        self.dismiss(None if wanted.is_nothing else Treatment(wanted, self._posts[whom]))

    @on(Button.Pressed, "#leave")
    def action_leave(self) -> None:
        """Leave it as it was."""
        self.dismiss(None)

    def _chosen(self, name: str) -> str | None:
        value = self.query_one(f"#{name}", Select).value
        return value if isinstance(value, str) else None

    def _typed(self, name: str) -> str | None:
        """What was typed: `None` for nothing, no words for a dash."""
        text = self.query_one(f"#{name}", Input).value.strip()
        return "" if text == "-" else text or None


def _long_names() -> dict[str, str]:
    return {
        Long.SPLIT.value: _("goes on in a thread"),
        Long.TRIM.value: _("only its beginning"),
        Long.SKIP.value: _("is left out"),
    }


def _photos_names() -> dict[str, str]:
    return {
        Photos.THREAD.value: _("go on in a thread"),
        Photos.FIRST.value: _("only the first ten"),
        Photos.VIDEO.value: _("become a video"),
    }


def _choice(name: str, words: dict[str, str]) -> Select[str]:
    options = [(told, word) for word, told in words.items()]
    return Select(options, prompt=_("as it is"), id=name, compact=True)

"""The words of one post: its caption and its description, written anew."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static, TextArea

from importer.model import Edit, Post
from importer.records.style import Overflow
from importer.records.text import Length, clean, length_of_alt, length_of_caption
from importer.wording import utc
from tui.language import _, ngettext
from tui.screens.confirm import ConfirmScreen
from tui.widgets.words_area import WordsArea


class EditScreen(ModalScreen[Edit | None]):
    """Answers with what was changed, or with nothing."""

    CSS_PATH = "edit_words.tcss"
    AUTO_FOCUS = "#caption"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", _("Save"), priority=True),
        Binding("escape", "leave", _("Back"), priority=True),
    ]

    def __init__(self, post: Post, overflow: Overflow) -> None:
        super().__init__()
        self._post = post
        self._overflow = overflow
        self._before = ("", "")

    def compose(self) -> ComposeResult:
        """Two fields, each with what is said of its length."""
        with Vertical(classes="dialog"):
            yield Static(
                _("Caption of {when}").format(when=utc(self._post.posted_at)),
                classes="title",
                markup=False,
            )
            # As a record would carry it: what no record can carry nobody can edit.
            yield WordsArea(clean(self._post.caption), id="caption")
            yield Static("", id="caption-length", classes="muted", markup=False)
            yield Static(_("Description for people who do not see it"), classes="title")
            yield WordsArea(clean(self._post.alt), id="alt")
            yield Static("", id="alt-length", classes="muted", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(_("Save (ctrl+s)"), id="save", variant="primary")
                yield Button(_("Back (esc)"), id="leave")

    def on_mount(self) -> None:
        """Say how long the words are now."""
        self._before = self._now()
        self._tell_caption()
        self._tell_alt()

    @on(TextArea.Changed, "#caption")
    def _tell_caption(self) -> None:
        self._tell("caption-length", caption_length(self._text("caption"), self._overflow))

    @on(TextArea.Changed, "#alt")
    def _tell_alt(self) -> None:
        self._tell("alt-length", alt_length(self._text("alt")))

    @on(Button.Pressed, "#save")
    def action_save(self) -> None:
        """Take over what was changed."""
        caption, alt = (
            None if now == before else now
            for now, before in zip(self._now(), self._before, strict=True)
        )
        is_same = caption is None and alt is None
        self.dismiss(None if is_same else Edit(self._post.id, caption=caption, alt=alt))

    @on(Button.Pressed, "#leave")
    def action_leave(self) -> None:
        """Back, after a question if something would be lost."""
        if self._now() == self._before:
            self.dismiss(None)
            return
        question = _("What you wrote is not saved yet.")
        self.app.push_screen(
            ConfirmScreen(question, _("Throw it away"), _("Keep writing")), self._throw_away
        )

    def _throw_away(self, agreed: bool | None) -> None:
        if agreed:
            self.dismiss(None)

    def _now(self) -> tuple[str, str]:
        return self._text("caption"), self._text("alt")

    def _text(self, name: str) -> str:
        return self.query_one(f"#{name}", WordsArea).text

    def _tell(self, name: str, words: str) -> None:
        self.query_one(f"#{name}", Static).update(words)


def caption_length(text: str, overflow: Overflow) -> str:
    """How long a caption is, and what becomes of one that is too long for a record."""
    length = length_of_caption(text, thread=overflow is Overflow.THREAD)
    replies = length.records - 1
    if not replies:
        return _length(length)
    goes_on = ngettext("goes on in {n} reply", "goes on in {n} replies", replies)
    return f"→ {_length(length)}: {goes_on.format(n=replies)}"


def alt_length(text: str) -> str:
    """How long a description is, and whether its end will be cut off."""
    return _length(length_of_alt(text))


def _length(length: Length) -> str:
    told = _("{n} of {most} characters").format(n=f"{length.characters:,}", most=f"{length.most:,}")
    return _("! {told}: the end will be cut off").format(told=told) if length.cut else told

"""A field for one line; characters that a terminal cannot show are marked in it."""

from __future__ import annotations

from typing import Any

from rich.highlighter import Highlighter
from rich.text import Text
from textual.widgets import Input

from tui.shown import in_place


class LineInput(Input):
    """An `Input` whose value stays as it was typed or filled in, whatever is shown of it."""

    def __init__(self, value: str | None = None, placeholder: str = "", **options: Any) -> None:
        super().__init__(value, placeholder, highlighter=_Marks(), **options)


class _Marks(Highlighter):
    def highlight(self, text: Text) -> None:
        """Each mark takes the place of one character, so that the cursor stays where it is."""
        text.plain = in_place(text.plain)

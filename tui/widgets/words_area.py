"""A field for words of several lines; characters that a terminal cannot show are marked in it."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import TextArea

from tui.shown import marked


class WordsArea(TextArea):
    """Tab leaves it, as it leaves every other field."""

    def __init__(self, text: str, *, id: str) -> None:  # noqa: A002  Textual's word
        super().__init__(text, id=id, soft_wrap=True, tab_behavior="focus", compact=True)

    def get_line(self, line_index: int) -> Text:
        """A line as it can be shown: as long as it is."""
        return Text(marked(self.document.get_line(line_index)), end="", no_wrap=True)

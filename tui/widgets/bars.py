"""Bars of text: told by their length, and readable without colour."""

from __future__ import annotations

from rich.text import Text

FULL, EMPTY = "━", "─"


def bar(share: float, width: int) -> Text:
    """A bar of a width, filled by a share between 0 and 1; only a whole one looks whole."""
    filled = min(width, max(0, int(share * width)))
    if share > 0 and not filled:
        filled = 1
    return Text(FULL * filled + EMPTY * (width - filled), no_wrap=True)


def fitting(text: str, width: int) -> Text:
    """A text of exactly a width, cut with an ellipsis or filled with blanks."""
    cut = Text(text, no_wrap=True)
    cut.truncate(max(0, width), overflow="ellipsis", pad=True)
    return cut

"""A post's still: as a picture where the terminal shows pictures, else in blocks, or letters.

Which terminals show pictures is told by what they say of themselves in the environment; only those
are asked how, when this module is imported, before Textual takes the terminal over. To ask any
other costs a third of a second, and its late answer would be taken for keys.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Mapping

from PIL import Image, UnidentifiedImageError
from rich.text import Text
from rich_pixels import Pixels
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

# Cells; each is two blocks high.
COLUMNS, ROWS = 43, 12
_SHADES = " ░▒▓█"
_PROGRAMS = frozenset({"ghostty", "iTerm.app", "mlterm", "rio", "vscode", "WezTerm"})
_TERMINALS = ("contour", "foot", "mlterm", "rio", "xterm-ghostty", "xterm-kitty")
_OWN_MARKS = ("KITTY_WINDOW_ID", "KONSOLE_VERSION", "WT_SESSION")


def may_show_pictures(variables: Mapping[str, str]) -> bool:
    """Whether this is a terminal that is known to show pictures, in this or a later version."""
    return (
        variables.get("TERM_PROGRAM") in _PROGRAMS
        or variables.get("TERM", "").startswith(_TERMINALS)
        or any(mark in variables for mark in _OWN_MARKS)
    )


_has_pictures = (
    sys.__stdout__ is not None
    and sys.__stdout__.isatty()
    and "NO_COLOR" not in os.environ
    and may_show_pictures(os.environ)
)
if _has_pictures:
    # It would print where the screen is that it does not know the size of a cell.
    logging.getLogger("textual_image").addHandler(logging.NullHandler())
    from textual_image.widget import Image as TerminalImage


class Poster(Horizontal):
    """A place for a still; it takes none while it is empty."""

    DEFAULT_CSS = f"""
    Poster {{ width: auto; height: {ROWS}; display: none; }}
    Poster > * {{ width: auto; height: 1fr; }}
    """

    def compose(self) -> ComposeResult:
        """As this terminal shows it best."""
        yield TerminalImage() if _has_pictures else Static()

    def show(self, still: bytes | None) -> None:
        """Show a still; `None`, or what is no picture, takes the last one away."""
        picture = _picture_of(still)
        self.display = picture is not None
        if picture:
            _put(picture, self.children[0])


def _picture_of(still: bytes | None) -> Image.Image | None:
    if not still:
        return None
    try:
        picture = Image.open(io.BytesIO(still))
        picture.load()
    except (OSError, UnidentifiedImageError):
        return None
    return picture


def _put(picture: Image.Image, place: Widget) -> None:
    if not isinstance(place, Static):
        place.image = picture  # type: ignore[attr-defined]
        return
    blocks = picture.convert("RGB")
    blocks.thumbnail((COLUMNS, 2 * ROWS))
    place.styles.width = blocks.width
    place.update(shaded(blocks) if place.app.no_color else Pixels.from_image(blocks))


def shaded(blocks: Image.Image) -> Text:
    """Two blocks one above the other as a letter, the brighter the fuller."""
    width = blocks.width
    grey = blocks.convert("L").resize((width, max(1, blocks.height // 2))).tobytes()
    letters = [_SHADES[value * len(_SHADES) // 256] for value in grey]
    return Text(
        "\n".join("".join(letters[at : at + width]) for at in range(0, len(letters), width))
    )

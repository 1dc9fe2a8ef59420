"""What can be read on a screen, whatever lines it is broken into."""

from __future__ import annotations

import re
import unicodedata

from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Static

from tests.tui.screens import words
from tui.shown import visible

# Frames, bars and scrollbars.
_DRAWN = re.compile("[\u2500-\u259f]")
_TURNING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def squeezed(text: str) -> str:
    """A text as it is shown, without blanks, line ends and frames."""
    return "".join(_DRAWN.sub("", visible(text)).split())


def read(part: Widget) -> str:
    """All texts in a part of the screen, what is scrolled out of sight too, squeezed."""
    texts = [part] if isinstance(part, Static) else part.query(Static)
    lines = (line for text in texts for line in text.render_lines(text.outer_size.region))
    return squeezed("".join(line.text for line in lines))


def harm(pilot: Pilot[int]) -> set[str]:
    """The characters on the screen that a terminal takes for orders, or that turn lines around."""
    return {one for one in words(pilot) if one != "\n" and _is_harmful(one)}


def _is_harmful(one: str) -> bool:
    return unicodedata.category(one) in ("Cc", "Cs") or unicodedata.bidirectional(one) in _TURNING

"""The line that says where the person is on the way, and what comes next."""

from __future__ import annotations

from enum import IntEnum

from rich.text import Text
from textual.app import RenderResult
from textual.widget import Widget

from tui.language import _


class Place(IntEnum):
    """A step of the way."""

    POSTS = 1
    ACCOUNT = 2
    REVIEW = 3
    PUBLISH = 4
    SUMMARY = 5


def _name(place: Place) -> str:
    return {
        Place.POSTS: _("Posts"),
        Place.ACCOUNT: _("Account"),
        Place.REVIEW: _("Review"),
        Place.PUBLISH: _("Publish"),
        Place.SUMMARY: _("Summary"),
    }[place]


class Steps(Widget):
    """`✓ Posts → 2 Account → 3 Review …`, the current one in bold and between brackets."""

    DEFAULT_CSS = """
    Steps { height: 1; padding: 0 1; background: $panel; color: $text-muted; }
    """

    def __init__(self, here: Place) -> None:
        super().__init__()
        self.here = here

    def render(self) -> RenderResult:
        """All steps where they fit; else the current one with its number."""
        whole = Text(" → ").join(self._step(place) for place in Place)
        if whole.cell_len <= self.size.width:
            return whole
        return Text(
            _("Step {number} of {all} · {name}").format(
                number=int(self.here), all=len(Place), name=_name(self.here)
            ),
            style="bold",
        )

    def _step(self, place: Place) -> Text:
        if place == self.here:
            return Text(f"[{int(place)} {_name(place)}]", style="bold")
        mark = "✓" if place < self.here else str(int(place))
        return Text(f"{mark} {_name(place)}")

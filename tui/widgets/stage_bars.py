"""How far the posts are in each stage."""

from __future__ import annotations

from rich.text import Text
from textual.app import RenderResult
from textual.reactive import reactive
from textual.widget import Widget

from tui.language import _
from tui.widgets.bars import bar, fitting

_NAME_WIDTH, _NUMBERS_WIDTH = 11, 18


class StageBars(Widget):
    """Three bars: fetched, prepared, published, each of all chosen posts."""

    DEFAULT_CSS = """
    StageBars { height: 3; padding: 0 1; color: $primary; }
    """
    reached: reactive[tuple[int, int, int]] = reactive((0, 0, 0))
    chosen: reactive[int] = reactive(0)

    def render(self) -> RenderResult:
        """A line for each stage: its name, its bar, its numbers."""
        names = (_("Fetched"), _("Prepared"), _("Published"))
        width = max(0, self.size.width - _NAME_WIDTH - _NUMBERS_WIDTH)
        lines = []
        for name, reached in zip(names, self.reached, strict=True):
            numbers = _("{number} of {all}").format(number=f"{reached:,}", all=f"{self.chosen:,}")
            share = reached / self.chosen if self.chosen else 0
            lines.append(
                fitting(name, _NAME_WIDTH) + bar(share, width) + Text(f"  {numbers}", style="bold")
            )
        return Text("\n").join(lines)

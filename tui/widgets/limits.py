"""What the servers allow, how much of it is used, and what goes on which day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text
from textual.app import RenderResult
from textual.reactive import reactive
from textual.widget import Widget

from importer.ahead import Ahead
from importer.budgets import Kind, Window, in_numbers
from importer.engine.forecast import Forecast
from tui.language import _, ngettext
from tui.times import DAY, HOUR, when
from tui.widgets.bars import FULL, bar, fitting

_NAME_WIDTH, _NUMBERS_WIDTH, _RESET_WIDTH = 22, 18, 20
_LEAST_BAR = 4
_DAY_WIDTH = 12
_ORDER = (Kind.VIDEOS, Kind.BYTES, Kind.POSTS, Kind.POINTS, Kind.UPLOADS, Kind.REQUESTS)


class Limits(Widget):
    """A gauge for each limit; the one that decides the end is marked."""

    DEFAULT_CSS = """
    Limits { height: auto; padding: 0 1; }
    """
    ahead: reactive[Ahead | None] = reactive(None, layout=True)
    now: reactive[datetime | None] = reactive(None, layout=True)

    def render(self) -> RenderResult:
        """A line for each limit."""
        if self.ahead is None or self.now is None:
            return Text(_("The limits are known once you are signed in."))
        if not self.ahead.windows:
            return Text(_("This server names no limits."))
        forecast = self.ahead.forecast
        decides = forecast.limit if forecast else None
        which = (decides.kind, decides.seconds) if decides else None
        lines = [
            self._line(one, (one.kind, one.seconds) == which) for one in _sorted(self.ahead.windows)
        ]
        if decides:
            lines.append(Text(_("→ decides when the import is finished"), style="dim"))
        return Text("\n").join(lines)

    def _line(self, window: Window, is_decisive: bool) -> Text:
        assert self.now is not None  # noqa: S101
        seen = window.at(self.now)
        mark = "→ " if is_decisive else "  "
        numbers = _("{used} of {all}").format(
            used=in_numbers(seen.kind, seen.used), all=in_numbers(seen.kind, seen.allowed)
        )
        reset = ""
        if seen.resets_at and seen.used:
            reset = _("anew {time}").format(time=when(seen.resets_at, self.now))
        width = self.size.width - _NAME_WIDTH - _NUMBERS_WIDTH - _RESET_WIDTH - 2
        name = fitting(mark + _name(window), _NAME_WIDTH)
        if is_decisive:
            name.stylize("bold")
        gauge = bar(seen.used / seen.allowed, max(width, _LEAST_BAR))
        return name + gauge + fitting(f"  {numbers}", _NUMBERS_WIDTH) + Text(reset)


class Calendar(Widget):
    """How many posts go out on which day."""

    DEFAULT_CSS = """
    Calendar { height: auto; padding: 0 1; }
    """
    forecast: reactive[Forecast | None] = reactive(None, layout=True)

    def render(self) -> RenderResult:
        """A line for each day."""
        if self.forecast is None or not self.forecast.days:
            return Text(_("Nothing waits any more."))
        most = max(number for _day, number in self.forecast.days)
        width = max(1, self.size.width - _DAY_WIDTH - 14)
        lines = []
        for day, number in self.forecast.days:
            told = ngettext("{number} post", "{number} posts", number).format(number=f"{number:,}")
            length = max(1, number * width // most)
            lines.append(fitting(f"{day:%a %d %b}", _DAY_WIDTH) + Text(FULL * length + f"  {told}"))
        return Text("\n").join(lines)


def _sorted(windows: Sequence[Window]) -> list[Window]:
    return sorted(windows, key=lambda one: (_ORDER.index(one.kind), one.seconds))


def _name(window: Window) -> str:
    kind = {
        Kind.VIDEOS: _("videos"),
        Kind.BYTES: _("MB of videos"),
        Kind.POSTS: _("own pace"),
        Kind.POINTS: _("points"),
        Kind.UPLOADS: _("uploads"),
        Kind.REQUESTS: _("requests"),
    }[window.kind]
    span = {300: _("in 5 min"), HOUR: _("an hour"), DAY: _("a day")}.get(
        window.seconds, _("in {seconds} s").format(seconds=window.seconds)
    )
    return _("{things} {span}").format(things=kind, span=span)

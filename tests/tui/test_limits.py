"""The gauges of the limits: a line for each that there can be."""

from __future__ import annotations

from dataclasses import replace

from textual.app import App, ComposeResult

from importer.budgets import DAY, Kind, Window
from importer.engine.forecast import Forecast
from tests.tui.canned import AHEAD, AT, TOMORROW
from tui.widgets.limits import Limits


class LimitsApp(App[None]):
    """Nothing but the gauges."""

    def compose(self) -> ComposeResult:
        yield Limits()


async def lines_of(*windows: Window, limit: Window | None = None) -> list[str]:
    async with LimitsApp().run_test(size=(80, 24)) as pilot:
        limits = pilot.app.query_one(Limits)
        limits.now = AT
        limits.ahead = replace(AHEAD, windows=windows, forecast=Forecast(TOMORROW, limit, ()))
        await pilot.pause()
        return str(limits.render()).splitlines()


async def test_each_kind_has_its_line() -> None:
    lines = await lines_of(*(Window(kind, DAY, 1_000_000_000) for kind in Kind))
    assert len(lines) == len(Kind)


async def test_bytes_are_told_in_mb() -> None:
    size = Window(Kind.BYTES, DAY, 10_000_000_000, 0, 1_234_000_000, TOMORROW)
    line, note = await lines_of(size, limit=size)
    assert line.startswith("→ MB of videos a day")
    assert "1,234 of 10,000" in line
    assert "decides when" in note

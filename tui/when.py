"""Times as people say them, on their own clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from tui.language import _

_A_WEEK = 7


def when(at: datetime, now: datetime) -> str:
    """`today 09:10`, `tomorrow 09:10`, `Thursday 09:10`, `2026-12-24 09:10`."""
    there, here = at.astimezone(), now.astimezone()
    days = (there.date() - here.date()) // timedelta(days=1)
    clock = f"{there:%H:%M}"
    if days == 0:
        return _("today {time}").format(time=clock)
    if days == 1:
        return _("tomorrow {time}").format(time=clock)
    if 1 < days < _A_WEEK:
        return _("{weekday} {time}").format(weekday=_weekdays()[there.weekday()], time=clock)
    return _("{date} {time}").format(date=f"{there:%Y-%m-%d}", time=clock)


def _weekdays() -> tuple[str, ...]:
    return (
        _("Monday"),
        _("Tuesday"),
        _("Wednesday"),
        _("Thursday"),
        _("Friday"),
        _("Saturday"),
        _("Sunday"),
    )

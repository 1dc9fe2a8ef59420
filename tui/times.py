"""Times as people say them."""

from __future__ import annotations

from datetime import datetime, timedelta

from tui.language import _

_A_WEEK = 7
HOUR, DAY = 3_600, 86_400
"""Seconds."""


def when(at: datetime, now: datetime) -> str:
    """A moment on the person's clock: `14:05`, `tomorrow 09:10`, `Saturday 09:10`, or with a date.

    A weekday is one of the next six days.
    """
    here = at.astimezone()
    days = (here.date() - now.astimezone().date()) // timedelta(days=1)
    time = f"{here:%H:%M}"
    if days == 0:
        return time
    if days == 1:
        return _("tomorrow {time}").format(time=time)
    if 1 < days < _A_WEEK:
        return _("{weekday} {time}").format(weekday=_weekdays()[here.weekday()], time=time)
    return _("{date} {time}").format(date=f"{here:%Y-%m-%d}", time=time)


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

"""Times as people say them."""

from __future__ import annotations

from datetime import datetime, timedelta

from tui.language import _

_WEEK = timedelta(days=6)


def when(at: datetime, now: datetime) -> str:
    """A moment to come, on the person's clock: `14:05`, `tomorrow 09:10`, `Saturday 09:10`."""
    here, today = at.astimezone(), now.astimezone().date()
    time = f"{here:%H:%M}"
    if here.date() == today:
        return time
    if here.date() == today + timedelta(days=1):
        return _("tomorrow {time}").format(time=time)
    if here.date() - today <= _WEEK:
        return f"{here:%A} {time}"
    return f"{here.day} {here:%B %Y} {time}"

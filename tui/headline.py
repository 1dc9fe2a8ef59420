"""The run in one line, and what a person may want to know beside it."""

from __future__ import annotations

from importer.wording import forecast_line
from tui.language import _
from tui.progress import Progress, State
from tui.times import when


def headline(run: Progress, *, dry: bool = False) -> str:
    """What the run is about now."""
    if run.state is State.WAITING and run.waiting:
        return _("○ Waiting until {time}").format(time=when(run.waiting.until, run.at))
    publishing = (
        _("● Rehearsing: nothing is sent")
        if dry
        else _("● Publishing to {handle}").format(handle=run.handle)
    )
    return {
        State.SIGNING_IN: _("○ Signing in …"),
        State.PUBLISHING: publishing,
        State.PAUSING: _("○ Pausing: what is in hand is finished first"),
        State.PAUSED: _("○ Paused"),
        State.FINISHING: _("○ Stopping: what is in hand is finished first"),
        State.LEAVING: _("○ Stopping now"),
    }.get(run.state, "")


def detail(run: Progress) -> str:
    """Why, until when, and what may be done meanwhile."""
    if run.state is State.WAITING and run.waiting:
        close = _("You may close this: nothing is lost, and it goes on when you come back.")
        return f"{run.waiting.reason} {close}"
    if run.state in (State.PAUSED, State.PAUSING):
        return _("Nothing new is started until you go on.")
    if run.state in (State.FINISHING, State.LEAVING):
        return _("Nothing is lost.")
    if run.state is State.PUBLISHING:
        far = _("{published} of {chosen} posts published.").format(
            published=f"{run.published:,}", chosen=f"{run.chosen:,}"
        )
        return f"{far} {_end(run)}".rstrip()
    return ""


def _end(run: Progress) -> str:
    if run.forecast is None:
        return ""
    return forecast_line(run.forecast.finish_at, run.forecast.limit, run.at) or _(
        "Finished in a few minutes."
    )

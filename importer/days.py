"""`days.log` in the archive: one line a day that a person understands."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path

from importer.archive.view import ArchiveView
from importer.events import Day, Event, Forecasted, RunFinished, RunStarted, Waiting
from importer.model import Milestone
from importer.summary import Summary, summarise
from importer.wording import OUTCOMES, local, plural

NAME = "days.log"
# More posts than anybody publishes in a day.
_MOST = 50_000


class Days:
    """Hears the events of a run and passes them on, with a `Day` whenever one is over.

    A day is over for a run that waits beyond midnight, works beyond it, or ends.
    """

    def __init__(self, archive: ArchiveView, tell: Callable[[Event], None]) -> None:
        self._archive = archive
        self._tell = tell
        self._finish_at: datetime | None = None
        self._day: date | None = None
        self._is_told = False

    def event(self, event: Event) -> None:
        """Pass an event on."""
        today = _day_of(event.at)
        if self._day and today != self._day:
            if not self._is_told:
                self._over(event, self._day, "")
            self._day, self._is_told = today, False
        match event:
            case RunStarted():
                self._day = today
            case Forecasted():
                self._finish_at = event.finish_at
            case Waiting() if _day_of(event.until) > today:
                self._over(event, today, f"It goes on at {local(event.until)}: {event.reason}")
            case RunFinished():
                why = f"{event.text} {event.hint}".strip()
                self._over(event, today, why or OUTCOMES.get(event.outcome, ""))
        self._tell(event)

    def _over(self, event: Event, day: date, more: str) -> None:
        summary = summarise(self._archive, event.at)
        published = _published_on(self._archive, day)
        finish_at = self._finish_at if summary.unfinished else None
        text = _sentence(summary, published, finish_at, more)
        self._is_told = True
        note(self._archive.folder, day, text)
        self._tell(
            Day(
                event.at,
                event.run,
                day.isoformat(),
                published,
                summary.published,
                summary.unfinished,
                summary.counts[Milestone.FAILED],
                finish_at,
                text,
            )
        )


def note_now(archive: ArchiveView, now: datetime, more: str) -> None:
    """Write today's line outside of a run: why none began, or that none is needed."""
    today = _day_of(now)
    published = _published_on(archive, today)
    note(archive.folder, today, _sentence(summarise(archive, now), published, None, more))


def note(folder: Path, day: date, text: str) -> None:
    """Write the line of a day, instead of what was written on that day before.

    A full disk never stops the run that is being told of.
    """
    path, part, head = folder / NAME, folder / f"{NAME}.part", day.isoformat()
    with suppress(OSError, UnicodeDecodeError):
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        if lines and lines[-1].startswith(head):
            lines.pop()
        told = "".join(f"{line}\n" for line in (*lines, f"{head} {text}"))
        part.write_text(told, encoding="utf-8", errors="backslashreplace")
        part.replace(path)


def last_line(folder: Path) -> str | None:
    """What was told of the last day, with its date; `None` if nothing was."""
    with suppress(OSError, UnicodeDecodeError):
        lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
        return lines[-1] if lines else None
    return None


def _sentence(summary: Summary, published: int, finish_at: datetime | None, more: str) -> str:
    failed, left = summary.counts[Milestone.FAILED], summary.unfinished
    text = f"{plural(published, 'post')} published, "
    text += f"{summary.published:,} of {summary.chosen:,} in all"
    text += f"; {left:,} to go" if left else ""
    text += f", finished by {_day_of(finish_at)}" if finish_at else ""
    text += f"; {failed:,} failed" if failed else ""
    return f"{text}. {more}".rstrip()


def _published_on(archive: ArchiveView, day: date) -> int:
    begins, ends = (
        datetime.combine(day + timedelta(days=more), time.min).astimezone() for more in (0, 1)
    )
    return sum(begins <= at < ends for at in archive.last_published(_MOST))


def _day_of(at: datetime) -> date:
    """The day on the user's calendar."""
    return at.astimezone().date()

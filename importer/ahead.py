"""What is to come of an archive: the limits it meets, and the day on which it is finished."""

from __future__ import annotations

from dataclasses import dataclass, replace

from importer.archive.view import ArchiveView
from importer.budgets import Window, in_words
from importer.clock import utc_now
from importer.engine.forecast import Forecast
from importer.engine.outlook import last_try_at, needs_of, outlook, pace_of
from importer.known import style_of, windows_of
from importer.settings import Settings
from importer.summary import Summary, summarise

__all__ = [
    "Ahead",
    "last_try_at",
    "look_ahead",
    "needs_of",
    "pace_of",
    "summary_with_outlook",
    "windows_of",
]


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is to come. `forecast` was played through `windows`, and is `None` if nothing waits."""

    windows: tuple[Window, ...]
    forecast: Forecast | None

    def told_with(self, summary: Summary) -> Summary:
        """The numbers of the archive, with this."""
        if self.forecast is None:
            return summary
        limit = in_words(self.forecast.limit) if self.forecast.limit else ""
        return replace(summary, finish_at=self.forecast.finish_at, limited_by=limit)


def look_ahead(archive: ArchiveView, settings: Settings) -> Ahead:
    """The limits as they are used now, and when the import will be finished.

    Raises:
        UserError: the table of handles cannot be used.
    """
    windows, style = tuple(windows_of(archive, settings)), style_of(settings, archive)
    return Ahead(windows, outlook(archive, settings, style, windows, utc_now()))


def summary_with_outlook(archive: ArchiveView, settings: Settings) -> Summary:
    """The numbers of an archive, with the day on which its import will be finished."""
    return look_ahead(archive, settings).told_with(summarise(archive, utc_now()))

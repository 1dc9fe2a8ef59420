"""What a run would do with an archive: decided and worded, nothing sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from importer.ahead import look_ahead
from importer.archive.view import ArchiveView
from importer.budgets import Window
from importer.clock import utc_now
from importer.engine.forecast import Forecast
from importer.engine.foresight import foresee_all, foresee_left_out
from importer.known import known_limits, known_notices, mentioning, style_of
from importer.model import LeftOut, Limits, MediaFile, Notice, Post, Role
from importer.records.destination import Destination
from importer.records.destinations import named
from importer.records.style import Style
from importer.settings import Settings
from importer.stages.foresee import Foreseen
from importer.summary import Summary, summarise

__all__ = ["Foreseen", "Plan", "foreseen_of", "make_plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do, as far as it can be seen now.

    `waiting` are the posts it would publish, oldest first, at `destinations`. The files of
    `to_prepare` of them are to be prepared; `foreseen` is the decision for each whose file is at
    hand. `left_out` says which posts will be left out at one of the destinations. `windows` are the
    limits that `forecast` was played through, which is `None` when nothing waits. `files` are those
    at hand, by post and role; `notices` what is to be known of the account, by what was told of it
    last, of the destinations, and of people who will be notified.
    """

    summary: Summary
    waiting: tuple[Post, ...]
    destinations: tuple[Destination, ...]
    to_prepare: int
    foreseen: Mapping[str, Foreseen]
    left_out: tuple[LeftOut, ...]
    limits: Limits
    style: Style
    windows: tuple[Window, ...]
    forecast: Forecast | None
    settings: Settings
    files: Mapping[str, Mapping[Role, Sequence[MediaFile]]]
    notices: tuple[Notice, ...]

    @property
    def aims(self) -> tuple[str, ...]:
        """The names of the destinations."""
        return tuple(one.NAME for one in self.destinations)


def make_plan(archive: ArchiveView, settings: Settings) -> Plan:
    """Decide for every post that waits; reads the files at hand, sends nothing.

    Raises:
        UserError: the table of handles cannot be used.
    """
    destinations = named(settings.destinations)
    waiting = archive.waiting(settings.destinations)
    limits = known_limits(archive, settings.destinations)
    # What a post shows on the server already is not prepared again.
    shown = {name for name, _ in archive.recorded()}
    to_prepare = [post for post in waiting if post.id not in shown]
    foreseen = foresee_all(archive, to_prepare, limits, settings)
    ahead = look_ahead(archive, settings)
    return Plan(
        summary=ahead.told_with(summarise(archive, utc_now())),
        waiting=tuple(waiting),
        destinations=tuple(destinations),
        to_prepare=len(to_prepare),
        foreseen=foreseen,
        left_out=tuple(foresee_left_out(archive, waiting, foreseen, destinations)),
        limits=limits,
        style=style_of(settings, archive),
        windows=ahead.windows,
        forecast=ahead.forecast,
        settings=settings,
        files=archive.files_by_post(),
        notices=(*known_notices(archive, settings), *mentioning(settings, archive)),
    )


def foreseen_of(
    archive: ArchiveView, posts: Iterable[Post], settings: Settings
) -> dict[str, Foreseen]:
    """What is decided for each of these posts whose file is at hand, where the archive's go to."""
    return foresee_all(archive, posts, known_limits(archive, archive.destinations()), settings)

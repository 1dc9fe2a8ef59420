"""How a run ended."""

from __future__ import annotations

from dataclasses import dataclass

from importer.archive.store import Archive
from importer.archive.view import UNFINISHED
from importer.engine.stop import Stop
from importer.errors import RunError
from importer.model import Milestone
from importer.settings import Settings


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `error` is why it ended early; `clean` is false if a worker still hangs.

    `word` is `all_published`, `some_failed`, `some_mute` (videos do not play), `limit_reached`,
    `dry_run`, `interrupted`, `turn_over` (others have their turn), or the code of the error.
    """

    word: str
    exit_code: int
    error: RunError | None = None
    clean: bool = True


def outcome_of(
    archive: Archive, settings: Settings, stop: Stop, error: RunError | None, *, clean: bool
) -> Outcome:
    """What a run came to by how it ended and by where its posts stand."""
    has_failed = archive.counts()[Milestone.FAILED] > 0
    if error:
        return Outcome(error.code, error.exit_code, error, clean)
    if stop.draining.is_set() and not stop.handing_over:
        return Outcome("interrupted", 130, clean=clean)
    if settings.dry_run:
        return Outcome("dry_run", int(has_failed), clean=clean)
    is_unfinished = any(archive.posts(*UNFINISHED, chosen=True))
    if is_unfinished and stop.handing_over:
        return Outcome("turn_over", 0, clean=clean)
    if has_failed:
        return Outcome("some_failed", 1, clean=clean)
    if archive.number_mute():
        return Outcome("some_mute", 1, clean=clean)
    return Outcome("limit_reached" if is_unfinished else "all_published", 0, clean=clean)

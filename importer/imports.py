"""The imports of this machine: their archives, and where each stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import platformdirs

from importer.allowances import windows_of
from importer.archive.view import ArchiveView
from importer.budgets import Need, tightest
from importer.errors import TokawayError, UserError
from importer.model import Milestone
from importer.opening import SUFFIX, is_archive
from importer.settings import load
from importer.summary import Summary, summarise
from importer.toolbox import service_url

_MOST = 50


@dataclass(frozen=True, slots=True)
class Import:
    """Where one import stands. `opens_at` (UTC) is when the next post may be published, `None` for
    at once; `has_run` whether a run was ever made.
    """

    folder: Path
    user_name: str
    summary: Summary
    has_run: bool
    opens_at: datetime | None

    @property
    def is_unfinished(self) -> bool:
        """Whether something is left to publish, or has failed."""
        return bool(self.summary.unfinished or self.summary.counts[Milestone.FAILED])


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An archive that was there once, or is there and cannot be read, and why."""

    folder: Path
    error: TokawayError


def usual_places() -> tuple[Path, ...]:
    """Where archives come to lie by themselves: the working folder, downloads, home."""
    found = [Path.cwd()]
    with suppress(RuntimeError, OSError):
        found += [platformdirs.user_downloads_path(), Path.home()]
    return tuple(found)


def find_archives(remembered: Iterable[Path], places: Iterable[Path]) -> list[Path]:
    """Archives that were opened before, the last one first, then those that lie in these folders.

    Those remembered are named even if they are gone.
    """
    found: dict[Path, Path] = {}
    for folder in remembered:
        found.setdefault(_whole(folder), folder)
    for place in places:
        for folder in _archives_in(place):
            found.setdefault(_whole(folder), folder)
    return list(found.values())[:_MOST]


def look(folder: Path, flags: Mapping[str, Any], now: datetime) -> Import | Unreadable:
    """Read where an import stands; changes nothing, and is safe beside a run."""
    if not is_archive(folder):
        return Unreadable(folder, _gone(folder))
    try:
        with ArchiveView.open(folder) as archive:
            return _standing(archive, flags, now)
    except TokawayError as error:
        return Unreadable(folder, error)
    except Exception as error:  # noqa: BLE001  another program's file must not hide the others
        return Unreadable(folder, _not_ours(folder, error))


def _standing(archive: ArchiveView, flags: Mapping[str, Any], now: datetime) -> Import:
    profile, account = archive.profile(), archive.account()
    settings = load(flags, archive=archive.folder)
    by_service = account is not None and service_url(settings, account) is not None
    need = Need(files=0, videos=1) if by_service else Need()
    full = tightest(windows_of(archive, settings), need.amounts, now)
    return Import(
        folder=archive.folder,
        user_name=(profile.user_name if profile else None) or "",
        summary=summarise(archive, now),
        has_run=archive.has_run(),
        opens_at=full[1] if full else None,
    )


def _archives_in(place: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(folder for folder in place.glob(f"*{SUFFIX}") if is_archive(folder))


def _whole(folder: Path) -> Path:
    try:
        return folder.resolve()
    except (OSError, RuntimeError):
        return folder.absolute()


def _gone(folder: Path) -> UserError:
    return UserError(
        f"The archive {folder} is not there any more.",
        hint="If you moved it, open it where it is now. What is on your account is safe.",
        code="no_archive",
    )


def _not_ours(folder: Path, error: Exception) -> UserError:
    return UserError(
        f"The archive {folder} cannot be read ({error}). What is on your account is safe.",
        hint="Open the export again in another folder: posts already published are found and not "
        "posted twice.",
        code="damaged_archive",
    )

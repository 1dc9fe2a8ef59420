"""From the path a user gives to an archive: made beside an export, refreshed, or found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from importer.archive.intake import Absorbed
from importer.archive.lock import locked
from importer.archive.matching import match_posts
from importer.archive.store import Archive, make_folder
from importer.archive.view import ArchiveView
from importer.errors import UserError
from importer.folders import SUFFIX, folder_for, is_archive

# An archive at hand is opened without an export or a folder to be read.
if TYPE_CHECKING:
    from importer.export.reader import Export
    from importer.gathering import Gathered, Say


@dataclass(frozen=True, slots=True)
class Opened:
    """An archive open for writing, and what was read into it just now."""

    archive: Archive
    export: Export | None
    absorbed: Absorbed | None
    gathered: Gathered | None


@contextmanager
def opened(
    path: Path,
    archive_folder: Path | None = None,
    source: Path | None = None,
    say: Say = lambda text: None,
) -> Iterator[Opened]:
    """Open an archive for writing, taking over the posts of an export and a source folder.

    Args:
        path: an export, or an archive.
        archive_folder: where the archive of an export is to be, instead of beside it.
        source: a folder with files the creator already has.
        say: hears what is going on while the folder is scanned.

    Raises:
        UserError: the export cannot be used, or there is nothing to do with it.
        ArchiveInUse: another run holds the archive.
        DiskFull: there is no room for the archive.
    """
    if path.suffix == SUFFIX and not is_archive(path):
        raise UserError(
            f"There is no archive in {path}.",
            hint="Give the export it was made from: tokaway run EXPORT",
            code="no_archive",
        )
    export = None if is_archive(path) else _read(path)
    if export is not None and not export.posts:
        raise UserError(
            f"{path.name} holds no posts of your own: there is nothing to import.",
            hint="When you request your data from TikTok, choose all data or tick Posts.",
            code="no_posts",
        )
    folder = folder_for(path, archive_folder)
    make_folder(folder)
    with locked(folder), Archive.create(folder) as archive:
        if export:
            _refuse_another_account(archive, export)
        absorbed = archive.absorb(export.posts) if export else None
        if export and export.profile:
            archive.set_profile(export.profile)
        gathered = _gathered(archive, source, say) if source else None
        yield Opened(archive, export, absorbed, gathered)


@contextmanager
def working_on(folder: Path) -> Iterator[Archive]:
    """An archive that exists, open for writing and locked.

    Raises:
        UserError: there is none in this folder, or it cannot be used.
        ArchiveInUse: another run holds it.
    """
    ArchiveView.open(folder).close()
    with locked(folder), Archive.create(folder) as archive:
        yield archive


def _read(path: Path) -> Export:
    from importer.export.reader import read

    return read(path)


def _gathered(archive: Archive, source: Path, say: Say) -> Gathered:
    from importer.gathering import gather_folder

    return gather_folder(archive, source, say)


def _refuse_another_account(archive: Archive, export: Export) -> None:
    """One archive is one creator's; a creator who took another name still has the same posts."""
    profile = archive.profile()
    known = profile.user_name if profile else None
    if not known or not export.username or known == export.username:
        return
    posts = archive.posts()
    if posts and not match_posts(export.posts, posts)[0]:
        raise UserError(
            f"{export.path.name} is the export of @{export.username}, and the archive "
            f"{archive.folder} holds posts of @{known}. Nothing was taken over.",
            hint="Give each account an archive of its own: --archive ANOTHER-FOLDER",
            code="another_account",
        )

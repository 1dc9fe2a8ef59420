"""Which of the things in a folder is the export, for a person who names only the folder."""

from __future__ import annotations

from pathlib import Path

from importer.errors import UserError
from importer.export.container import find

_MOST_ZIPS = 50


def export_in(path: Path) -> Path:
    """The export that a path means: itself, or the newest that lies packed in this folder.

    Raises:
        UserError: no export is there; the error is the one of the folder itself.
    """
    if not path.is_dir():
        return path
    try:
        find(path)
    except UserError as refusal:
        for packed in _newest_zips(path):
            if _is_export(packed):
                return packed
        raise refusal from None
    return path


def _newest_zips(folder: Path) -> list[Path]:
    try:
        zips = [entry for entry in folder.iterdir() if entry.suffix.casefold() == ".zip"]
        zips.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
    except OSError:
        return []
    return zips[:_MOST_ZIPS]


def _is_export(packed: Path) -> bool:
    try:
        find(packed)
    except UserError:
        return False
    return True

"""Which folder a path means: an archive, or the one that goes with an export."""

from __future__ import annotations

from pathlib import Path

from importer.archive.trouble import DATABASE_NAME

SUFFIX = ".tokaway"


def is_archive(path: Path) -> bool:
    """Whether a path is an archive rather than an export."""
    return (path / DATABASE_NAME).is_file()


def archive_beside(export: Path) -> Path:
    """The archive that goes with an export when no other is named: `NAME.tokaway` beside it."""
    export = export.resolve()
    stem = export.name if export.is_dir() else export.stem
    return export.with_name(f"{stem}{SUFFIX}")


def folder_for(path: Path, archive: Path | None = None) -> Path:
    """The archive that is meant by an archive, or by an export with or without another folder."""
    return path if is_archive(path) else archive or archive_beside(path)

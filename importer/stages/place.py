"""Where a post's files lie, and noting what lies there."""

from __future__ import annotations

import hashlib
from pathlib import Path

from importer.model import Action, MediaFacts, MediaFile, Role

MEDIA = "media"
PREPARED_NAME = "prepared.mp4"
COPY_SUFFIX = ".copy.part"
# What `media.download` goes on with.
RESUMABLE = (".part", ".part.json")


def post_folder(archive: Path, post_id: str) -> Path:
    """The folder of one post's files, made if needed."""
    folder = archive / MEDIA / post_id
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def describe(
    role: Role,
    archive: Path,
    path: Path,
    facts: MediaFacts,
    fit: Action | None = None,
    reason: str | None = None,
) -> MediaFile:
    """A file in place as the archive notes it; reads it once for its hash."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return MediaFile(
        role=role,
        path=path.relative_to(archive).as_posix(),
        bytes=facts.bytes,
        sha256=sha256,
        width=facts.width,
        height=facts.height,
        seconds=facts.seconds,
        codecs=facts.codecs,
        fit=fit,
        reason=reason,
    )


def is_in_place(archive: Path, file: MediaFile) -> bool:
    """Whether a noted file is still there with its size."""
    path = archive / file.path
    return path.is_file() and path.stat().st_size == file.bytes


def sweep(archive: Path, keep: frozenset[str] = frozenset()) -> int:
    """Remove what a killed run left half-made or had no more use for; how many files.

    Downloads keep their part, because they go on where they stopped; those of posts that are
    done with (not in `keep`) go too, and so do their prepared copies.
    """
    swept = 0
    for part in (archive / MEDIA).glob("*/*.part*"):
        if part.parent.name not in keep or not _is_resumable(part.name):
            part.unlink(missing_ok=True)
            swept += 1
    for copy in (archive / MEDIA).glob(f"*/{PREPARED_NAME}"):
        if copy.parent.name not in keep:
            copy.unlink(missing_ok=True)
            swept += 1
    for part in archive.glob("report.html*.part"):
        part.unlink(missing_ok=True)
        swept += 1
    return swept


def _is_resumable(name: str) -> bool:
    """`original.mp4.part`, but not `prepared.mp4.x7.part` nor `original.mp4.part.page.mp4`."""
    stem = next((name.removesuffix(end) for end in RESUMABLE if name.endswith(end)), "")
    return stem.startswith("original.") and stem.count(".") == 1

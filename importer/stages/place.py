"""Where a post's files lie, and noting what lies there."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from importer.media.facts import MediaFacts, PhotoFacts
from importer.model import Action, MediaFile, Role

MEDIA = "media"
ORIGINAL = "original"
PREPARED = "prepared"
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
    facts: MediaFacts | PhotoFacts,
    fit: Action | None = None,
    reason: str | None = None,
    part: int = 0,
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
        part=part,
        fit=fit,
        reason=reason,
    )


def prepared_path(archive: Path, post_id: str, part: int, suffix: str) -> Path:
    """Where the copy of a part, or of a photo, lies: `prepared.0.mp4`."""
    return post_folder(archive, post_id) / f"{PREPARED}.{part}{suffix}"


def in_place(archive: Path, files: Sequence[MediaFile]) -> bool:
    """Whether there are noted files, and each is still there with its size."""
    paths = [archive / file.path for file in files]
    return bool(files) and all(
        path.is_file() and path.stat().st_size == file.bytes
        for path, file in zip(paths, files, strict=True)
    )


def sweep(archive: Path, keep: frozenset[str] = frozenset()) -> int:
    """Remove what a killed run left half-made or had no more use for; how many files.

    Downloads keep their part, because they go on where they stopped; those of posts that are
    done with (not in `keep`) go too, and so do their prepared copies.
    """
    swept = 0
    for part in (archive / MEDIA).glob("*/*.part*"):
        if part.parent.name not in keep or not _is_resumable(part.name):
            _remove(part)
            swept += 1
    for copy in (archive / MEDIA).glob(f"*/{PREPARED}*"):
        if copy.parent.name not in keep or copy.is_dir():
            _remove(copy)
            swept += 1
    for name in ("report.html*.part", "account.car*.part"):
        for part in archive.glob(name):
            part.unlink(missing_ok=True)
            swept += 1
    return swept


def _remove(path: Path) -> None:
    # Photos are made into a video in a folder of their own.
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_resumable(name: str) -> bool:
    """`original.mp4.part`, but not `prepared.0.mp4.x7.part` nor `original.mp4.part.page.mp4`."""
    stem = next((name.removesuffix(end) for end in RESUMABLE if name.endswith(end)), "")
    return stem.startswith(ORIGINAL) and stem.count(".") == 1

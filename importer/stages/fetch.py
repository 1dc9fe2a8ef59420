"""Fetch: have the original of a post in the archive, whole: its video, or all of its photos."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from importer.errors import DiskFull, Refused, StepError
from importer.media.download import download
from importer.media.facts import MediaFacts, PhotoFacts
from importer.media.page_video import download_page
from importer.media.part_file import PartFile
from importer.media.photo_set import PICTURES, photo_set
from importer.media.photos import probe_photo
from importer.media.probe import probe
from importer.media.subtitles import beside
from importer.model import Kind, Link, LinkKind, MediaFile, Post, Role
from importer.stages.place import COPY_SUFFIX, ORIGINAL, describe, post_folder
from importer.stages.tools import Fetched, FileTools, Job
from importer.step import Step

_ORDER = (LinkKind.VIDEO, LinkKind.PAGE)

log = logging.getLogger("tokaway")
Bring = Callable[[Path], None]
Look = Callable[[Path], MediaFacts | PhotoFacts]


def fetch(job: Job, tools: FileTools, step: Step) -> Fetched:
    """Bring the original into the archive: from a source folder, else by the post's links.

    A file that an interrupted run left in place is checked and taken. Of photos either all come
    or the post waits.

    Raises:
        Refused: there is nothing to fetch, or what came is no video or photo.
        TryLater: the other side could not give it now.
        DiskFull: there is no room.
        Stopped: the step was told to stop.
    """
    if job.post.kind == Kind.PHOTO:
        return Fetched(_fetch_photos(job, tools, step))
    return Fetched((_fetch_video(job, tools, step),))


def _fetch_video(job: Job, tools: FileTools, step: Step) -> MediaFile:
    post, folder = job.post, post_folder(job.archive, job.post.id)
    source = _source(post)
    target = folder / f"{ORIGINAL}{source.suffix.lower() if source else '.mp4'}"

    def bring(target: Path) -> None:
        if source is None:
            _download(post, target, tools, step)
            return
        # Before the video: once that is in place, nobody looks for captions again.
        for captions in beside(source):
            try:
                _copy(captions, folder / f"{ORIGINAL}{captions.name[len(source.stem) :]}", step)
            except Refused as refusal:
                log.warning("%s: captions left out: %s", post.id, refusal.text)
        _copy(source, target, step)

    return _have(job.archive, target, probe, bring)


def _fetch_photos(job: Job, tools: FileTools, step: Step) -> tuple[MediaFile, ...]:
    post, folder = job.post, post_folder(job.archive, job.post.id)
    links = [link for link in post.links if link.kind == LinkKind.IMAGE]
    own, sound = _own_photos(post)
    if not links and not own:
        raise _no_link("photo")
    # A set of the creator's that lacks some is worth less than the links of all.
    wanted: list[Link | Path] = [*own] if len(own) >= len(links) else [*links]
    if sound:
        _copy(sound, folder / f"{ORIGINAL}{sound.suffix.lower()}", step)
    files = []
    for part, one in enumerate(wanted):
        target = folder / _photo_name(part, one)

        def bring(target: Path, one: Link | Path = one) -> None:
            if isinstance(one, Path):
                _copy(one, target, step)
            else:
                download(one.url, target, step, client=tools.http)

        files.append(_have(job.archive, target, probe_photo, bring, part))
        step.check()
    return tuple(files)


def _own_photos(post: Post) -> tuple[list[Path], Path | None]:
    source = _source(post)
    try:
        return photo_set(source) if source else ([], None)
    except OSError as error:
        raise _unreadable_source(error, source) from error


def _have(archive: Path, target: Path, look: Look, bring: Bring, part: int = 0) -> MediaFile:
    """The original at `target`, brought there if it is not."""
    if target.is_file():
        # Killed right after the file came: its note may lie there still.
        PartFile(target).discard()
        with contextlib.suppress(Refused):
            return describe(Role.ORIGINAL, archive, target, look(target), part=part)
        target.unlink()
    bring(target)
    try:
        facts = look(target)
    except Refused:
        # A wrong file under the original's name would be taken for the original next time.
        target.unlink()
        raise
    return describe(Role.ORIGINAL, archive, target, facts, part=part)


def _source(post: Post) -> Path | None:
    """The creator's own file; `None` if there is none, or it is gone and a link may do."""
    source = Path(post.source_path) if post.source_path else None
    if source and post.links and not source.is_file():
        return None
    return source


def _photo_name(part: int, photo: Link | Path) -> str:
    """The name of a photo's original: another export may have other photos in another order."""
    if isinstance(photo, Path):
        key, suffix = photo.name, photo.suffix.lower()
    else:
        key, suffix = photo.key, PurePosixPath(urlsplit(photo.url).path).suffix.lower()
    digest = hashlib.sha256(key.encode(errors="replace")).hexdigest()[:8]
    return f"{ORIGINAL}-{part:02}-{digest}{suffix if suffix in PICTURES else '.jpg'}"


def _download(post: Post, target: Path, tools: FileTools, step: Step) -> None:
    links: Sequence[Link] = sorted(
        (link for link in post.links if link.kind in _ORDER),
        key=lambda link: _ORDER.index(link.kind),
    )
    if not links:
        raise _no_link("video")
    last: StepError | None = None
    for link in links:
        try:
            _follow(link, target, tools, step)
        except StepError as trouble:
            last = trouble
        else:
            return
    if last:
        raise last


def _no_link(what: str) -> Refused:
    return Refused(
        f"The export has no {what} link for this post.",
        hint="If you have the file, put it into a folder and name that with --source FOLDER.",
        code="no_link",
    )


def _follow(link: Link, target: Path, tools: FileTools, step: Step) -> None:
    if link.kind == LinkKind.PAGE:
        download_page(link.url, target, step)
    else:
        download(link.url, target, step, client=tools.http)


def _copy(source: Path, target: Path, step: Step) -> None:
    part = target.with_name(f"{target.name}{COPY_SUFFIX}")
    try:
        step.total = source.stat().st_size
        with source.open("rb") as read, part.open("wb") as write:
            while chunk := read.read(1 << 20):
                step.check()
                write.write(chunk)
                step.done += len(chunk)
            write.flush()
            os.fsync(write.fileno())
        shutil.copystat(source, part)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        if error.errno == errno.ENOSPC:
            raise DiskFull(
                f"The disk has no room for a copy of {source.name}. Nothing is lost.",
                hint="Free some space and give the same command again.",
            ) from error
        raise _unreadable_source(error, source) from error


def _unreadable_source(error: OSError, source: Path | None) -> Refused:
    return Refused(
        f"{source} cannot be read ({error.strerror}).",
        hint="Check the disk it lies on, then: tokaway retry ARCHIVE",
        code="unreadable_source",
    )

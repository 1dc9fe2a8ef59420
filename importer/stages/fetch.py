"""Fetch: have the original of a post in the archive, whole and really a video."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from importer.errors import DiskFull, Refused, StepError
from importer.media.download import download
from importer.media.page_video import download_page
from importer.media.part_file import PartFile
from importer.media.probe import probe
from importer.model import Link, LinkKind, Post, Role
from importer.stages.place import COPY_SUFFIX, describe, post_folder
from importer.stages.tools import Fetched, Job, Tools
from importer.step import Step

NAME = "original"
_ORDER = (LinkKind.VIDEO, LinkKind.PAGE)


def fetch(job: Job, tools: Tools, step: Step) -> Fetched:
    """Bring the original into the archive: from a source folder, else by the post's links.

    A file that an interrupted run left in place is checked and taken.

    Raises:
        Refused: there is nothing to fetch, or what came is no video.
        TryLater: the other side could not give it now.
        DiskFull: there is no room.
        Stopped: the step was told to stop.
    """
    post, archive = job.post, job.archive
    folder = post_folder(archive, post.id)
    source = _source(post)
    target = folder / f"{NAME}{source.suffix.lower() if source else '.mp4'}"
    if target.is_file():
        # Killed right after the file came: its note may lie there still.
        PartFile(target).discard()
        try:
            return Fetched(describe(Role.ORIGINAL, archive, target, probe(target)))
        except Refused:
            target.unlink()
    if source:
        _copy(source, target, step)
    else:
        _download(post, target, tools, step)
    try:
        facts = probe(target)
    except Refused:
        # A wrong file under the original's name would be taken for the original next time.
        target.unlink()
        raise
    return Fetched(describe(Role.ORIGINAL, archive, target, facts))


def _source(post: Post) -> Path | None:
    """The creator's own file; `None` if there is none, or it is gone and a link may do."""
    source = Path(post.source_path) if post.source_path else None
    if source and post.links and not source.is_file():
        return None
    return source


def _download(post: Post, target: Path, tools: Tools, step: Step) -> None:
    links = sorted(
        (link for link in post.links if link.kind in _ORDER),
        key=lambda link: _ORDER.index(link.kind),
    )
    if not links:
        raise Refused(
            "The export has no video link for this post.",
            hint="If you have the file, put it into a folder and name that with --source FOLDER.",
            code="no_link",
        )
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


def _follow(link: Link, target: Path, tools: Tools, step: Step) -> None:
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
        raise Refused(
            f"{source} cannot be read ({error.strerror}).",
            hint="Check the disk it lies on, then: tokaway retry ARCHIVE",
            code="unreadable_source",
        ) from error

"""Walks a folder of the creator's once and tells what it knows of TikTok posts.

Nothing in it is changed. Videos and photos are not opened: their names and sidecars speak. A second
scan opens only what changed since the first.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from importer.captions import myfavett, post_list, tokkit
from importer.captions.finding import Finding, Source
from importer.captions.names import Name, plausible_id, read_name
from importer.captions.sidecars import Told, read_sidecar, words
from importer.errors import UserError
from importer.media.container import VIDEO_ENDINGS
from importer.media.photo_set import PICTURES, place_in_set
from importer.model import Kind, Seen

# yt-dlp's are some 50 KB; what is far larger is no sidecar of one post.
LARGEST_SIDECAR = 16 << 20
PROGRESS_EVERY = 500

_INFO = ".info.json"
_DESCRIPTION = ".description"
_MYFAVETT_FOLDER = ".appdata"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[Told]).decode


@dataclass(frozen=True, slots=True)
class Scan:
    """What a folder knows.

    `findings` go by path: one for each video file with its sidecars, one for each set of photos by
    its first, and one for each post that only a sidecar or a database knows. `seen` is for the
    next scan, by path relative to the folder. `files` were looked at, `read` of them opened.
    `unreadable` says in words which sidecars could not be understood. `lists` are download
    archives of yt-dlp with the number of posts in each: they tell no words, and other people's
    posts may be among them.
    """

    findings: tuple[Finding, ...]
    seen: dict[str, Seen]
    files: int
    read: int
    unreadable: tuple[str, ...]
    lists: tuple[tuple[Path, int], ...] = ()


def scan(
    folder: Path,
    known: Mapping[str, Seen] | None = None,
    on_progress: Callable[[int], None] = lambda files: None,
) -> Scan:
    """Scan a folder and all below it.

    Hidden files and folders (but myfaveTT's database), macOS leftovers, our own archives and
    folders that may not be opened are left out.

    Args:
        folder: where to look.
        known: what the last scan of it had seen.
        on_progress: told now and then how many files were looked at.

    Raises:
        UserError: as `check_folder` does.
    """
    check_folder(folder)
    work = _Work(folder, known or {})
    for entry in _walk(folder):
        work.files += 1
        if work.files % PROGRESS_EVERY == 0:
            on_progress(work.files)
        work.look(entry)
    on_progress(work.files)
    return Scan(
        tuple(work.findings()),
        work.seen,
        work.files,
        work.read,
        tuple(sorted(work.unreadable)),
        tuple(sorted(work.lists)),
    )


def check_folder(folder: Path) -> None:
    """Refuse what cannot be scanned.

    Raises:
        UserError: `not_found`, there is no such folder; `unreadable`, it may not be opened, or its
            name cannot be noted.
    """
    if not folder.is_dir():
        raise UserError(
            f"There is no folder {folder}, so nothing was taken from it.",
            hint="Give the folder in which your own copies of the videos lie.",
            code="not_found",
        )
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UserError(
            f"The folder {folder} may not be opened, so nothing was taken from it.",
            hint="Check that it is yours to read.",
            code="unreadable",
        )
    if not _is_text(str(folder)):
        raise UserError(
            f"The name of the folder {str(folder)!r} is no text (UTF-8), so nothing was taken from "
            "it.",
            hint="Give it another name, then the same command with that.",
            code="unreadable",
        )


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Every file below a folder; folders behind links are not entered, so there are no loops."""
    waiting = [str(folder)]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if not _is_foreign(entry.name):
                    waiting.append(entry.path)
            elif not entry.name.startswith("."):
                yield entry


def _is_text(path: str) -> bool:
    """Whether a path can be noted: names of files may be any bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _ending(name: str) -> str:
    # Much faster than a `Path`, for each of many thousand names.
    at = name.rfind(".")
    return name[at:] if at > 0 else ""


def _is_foreign(name: str) -> bool:
    hidden = name.startswith(".") and name != _MYFAVETT_FOLDER
    return hidden or name == "__MACOSX" or name.endswith(".tokaway")


@dataclass(slots=True)
class _Group:
    """Files of one folder that share their name up to the ending."""

    videos: list[str] = field(default_factory=list)
    sidecars: list[tuple[str, Told]] = field(default_factory=list)
    description: tuple[str, str] | None = None


@dataclass(slots=True)
class _Work:
    folder: Path
    known: Mapping[str, Seen]
    seen: dict[str, Seen] = field(default_factory=dict)
    files: int = 0
    read: int = 0
    unreadable: list[str] = field(default_factory=list)
    groups: defaultdict[tuple[str, str], _Group] = field(
        default_factory=lambda: defaultdict(_Group)
    )
    listed: list[tuple[str, Told]] = field(default_factory=list)
    lists: list[tuple[Path, int]] = field(default_factory=list)
    sets: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    """The first photo of each set, with its number, by folder and ID."""

    def look(self, entry: os.DirEntry[str]) -> None:
        """Take a file in: by its name alone, or by what it says."""
        name, lower = entry.name, entry.name.casefold()
        parent = entry.path[: -len(name) - 1]
        ending = _ending(lower)
        if not _is_text(entry.path):
            if ending in PICTURES | VIDEO_ENDINGS or lower.endswith((_INFO, _DESCRIPTION)):
                shown = repr(entry.path[len(str(self.folder)) + 1 :])
                self.unreadable.append(f"{shown} is not taken: its name is no text (UTF-8).")
            return
        if ending in PICTURES:
            self._take_picture(entry, parent)
        elif ending in VIDEO_ENDINGS:
            self.groups[parent, name[: -len(ending)]].videos.append(entry.path)
        elif lower.endswith(_DESCRIPTION):
            self._take_description(entry, parent)
        elif ending == ".json":
            self._take_sidecar(entry, parent)
        elif ending == ".txt":
            self._take_list(entry)
        elif lower == tokkit.NAME:
            told = self._told(entry, tokkit.read_database, 1 << 40)
            self.listed += [(entry.path, one) for one in told]
        elif lower == myfavett.NAMES[0] and parent.endswith(_MYFAVETT_FOLDER):
            self._take_myfavett(entry, parent)

    def _take_picture(self, entry: os.DirEntry[str], parent: str) -> None:
        place = place_in_set(entry.name)
        if place and plausible_id(place[0]):
            known = self.sets.get((parent, place[0]), (place[1], entry.path))
            self.sets[parent, place[0]] = min(known, (place[1], entry.path))

    def _take_sidecar(self, entry: os.DirEntry[str], parent: str) -> None:
        def read(path: Path) -> list[Told]:
            told = read_sidecar(path.read_bytes())
            return [told] if told else []

        is_named = entry.name.casefold().endswith(_INFO)
        stem = entry.name[: -len(_INFO if is_named else ".json")]
        # gallery-dl keeps the ending of the file it describes.
        if _ending(stem).casefold() in VIDEO_ENDINGS:
            stem = stem[: -len(_ending(stem))]
        for told in self._told(entry, read, LARGEST_SIDECAR, report=is_named):
            self.groups[parent, stem].sidecars.append((entry.path, told))

    def _take_description(self, entry: os.DirEntry[str], parent: str) -> None:
        def read(path: Path) -> list[Told]:
            text = words(path.read_bytes().decode("utf-8-sig", errors="replace"))
            return [Told(Source.YT_DLP, caption=text)]

        stem = entry.name[: -len(_DESCRIPTION)]
        for told in self._told(entry, read, LARGEST_SIDECAR):
            self.groups[parent, stem].description = entry.path, told.caption or ""

    def _take_list(self, entry: os.DirEntry[str]) -> None:
        def read(path: Path) -> list[Told]:
            text = path.read_text("utf-8-sig", errors="replace")
            return [Told(Source.YT_DLP, video_id=post) for post in post_list.downloaded(text)]

        if told := self._told(entry, read, post_list.LARGEST, report=False):
            self.lists.append((Path(entry.path), len(told)))

    def _take_myfavett(self, entry: os.DirEntry[str], parent: str) -> None:
        def read(path: Path) -> list[Told]:
            scripts: list[dict[str, Any]] = []
            for name in myfavett.NAMES:
                file = path.with_name(name)
                if not file.is_file():
                    scripts.append({})
                elif file.stat().st_size > myfavett.LARGEST:
                    raise ValueError("it is far larger than any known one")
                else:
                    scripts.append(myfavett.read_script(file.read_bytes()))
            return myfavett.combine(*scripts)

        texts = [Path(parent, name) for name in myfavett.NAMES]
        stamp = [file.stat() for file in texts if file.is_file()]
        seen = Seen(sum(s.st_size for s in stamp), max(s.st_mtime_ns for s in stamp))
        for told in self._told(entry, read, myfavett.LARGEST, seen=seen):
            self.listed.append((entry.path, told))

    def _told(
        self,
        entry: os.DirEntry[str],
        read: Callable[[Path], list[Told]],
        largest: int,
        *,
        report: bool = True,
        seen: Seen | None = None,
    ) -> list[Told]:
        """What a file says, from the last scan if it has not changed since."""
        relative = entry.path[len(str(self.folder)) :].replace(os.sep, "/").lstrip("/")
        try:
            if seen is None:
                stat = entry.stat()
                seen = Seen(stat.st_size, stat.st_mtime_ns)
            known = self.known.get(relative)
            if known and (known.size, known.changed_ns) == (seen.size, seen.changed_ns):
                told = _decode(known.told or "[]")
                self.seen[relative] = known
                return told
            if seen.size > largest:
                raise ValueError("it is far larger than any known one")
            self.read += 1
            told = read(Path(entry.path))
        except (OSError, ValueError, UnicodeError) as error:
            if report:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                self.unreadable.append(f"{relative} cannot be understood: {reason}.")
            return []
        text = _encode(told).decode() if told else ""
        self.seen[relative] = Seen(seen.size, seen.changed_ns, text)
        return told

    def findings(self) -> list[Finding]:
        """Bring videos and sidecars together, by the order of their paths."""
        found = [one for (_, stem), group in self.groups.items() for one in _grouped(stem, group)]
        for path, told in self.listed:
            file = _inside(os.path.dirname(path), told.file) if told.file else None  # noqa: PTH120
            found.append((path, told, file, read_name(Path(file).stem if file else "")))
        told = Told(Source.FILE_NAME, kind=Kind.PHOTO)
        for (_, video_id), (_, path) in self.sets.items():
            found.append((path, told, path, Name(video_id)))
        found.sort(key=lambda one: (one[0], one[1].video_id or "", one[2] or ""))
        return [_finding(*one) for one in found]


# A file that says something, what it says, the video, and what the name says.
_Found = tuple[str, Told, str | None, Name]


def _grouped(stem: str, group: _Group) -> Iterator[_Found]:
    name = read_name(stem)
    sidecars = group.sidecars
    if group.description:
        path, text = group.description
        if sidecars:
            sidecars = [(at, _with_words(told, text)) for at, told in sidecars]
        else:
            sidecars = [(path, Told(Source.YT_DLP, caption=text))]
    if not sidecars:
        told = Told(Source.FILE_NAME)
        yield from ((path, told, path, name) for path in group.videos)
        return
    for path, told in sidecars:
        if not told.video_id and not told.posted_at and not group.videos and not name.video_id:
            continue  # words without any post
        videos: list[str | None] = [*group.videos] or [None]
        for video in videos:
            yield path, told, video, name


def _with_words(told: Told, text: str) -> Told:
    """The description file of yt-dlp is whole even where the JSON has none."""
    return told if told.caption else msgspec.structs.replace(told, caption=text)


def _finding(path: str, told: Told, file: str | None, name: Name) -> Finding:
    video = Path(file) if file else None
    return Finding(
        source=told.source,
        path=video if video and file == path else Path(path),
        video_id=told.video_id or name.video_id,
        posted_at=told.posted_at or name.posted_at,
        author=told.author or name.author,
        kind=told.kind,
        caption=told.caption,
        file=video,
        seconds=told.seconds,
        width=told.width,
        height=told.height,
        watermarked=told.watermarked if told.watermarked is not None else name.watermarked,
    )


def _inside(folder: str, relative: str) -> str | None:
    """A file that a database names, if it is there and below the database's folder."""
    parts = PurePosixPath(relative)
    if parts.is_absolute() or ".." in parts.parts:
        return None
    path = Path(folder, relative)
    return str(path) if path.suffix.casefold() in VIDEO_ENDINGS and path.is_file() else None

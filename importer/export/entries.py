"""The files inside a ZIP or a folder, read one at a time into memory and never unpacked to disk.

No size that a ZIP declares is believed: reading stops at what was declared, and what was declared
must be plausible.
"""

from __future__ import annotations

import codecs
import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from importer.export import refusals
from importer.export.raw_json import Buffer

LARGEST = 1 << 30
"""The most bytes one file may have: 25 times the largest JSON seen is a twentieth of it."""

_DEEPEST = 3
_MOST_FILES = 20_000
_CHUNK = 1 << 20

# Text of TikTok's packs to a tenth; what packs to less than a hundredth was made to fill memory.
_MOST_PACKED = 100
_SMALL = 1 << 25

_METHODS = frozenset(
    {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
)
ZIP_TROUBLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    OverflowError,
)
"""What zipfile and its decompressors raise on bytes that are no good ZIP."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file inside: its name with forward slashes, when it changed (only to compare), its bytes.

    `read(most)` gives at most that many bytes from the beginning; `None` means all.
    """

    name: str
    changed: float
    read: Callable[[int | None], Buffer]

    @property
    def basename(self) -> str:
        """The last part of the name."""
        return PurePosixPath(self.name).name

    @property
    def parts(self) -> tuple[str, ...]:
        """The name part by part."""
        return PurePosixPath(self.name).parts


def of_zip(path: Path, archive: zipfile.ZipFile) -> list[Entry]:
    """The files of a ZIP.

    Raises:
        UserError: `strange_zip` if a name leads out of it; when read, `encrypted_zip`, `too_big`.
    """
    entries = []
    for info in archive.infolist():
        name = info.filename.replace("\\", "/").lstrip("/")
        if ".." in name.split("/"):
            raise refusals.strange_name(path, info.filename)
        if not name.endswith("/"):
            changed = float("".join(f"{part:02d}" for part in info.date_time))
            entries.append(Entry(name, changed, _member_reader(path, archive, info)))
    return entries


def of_folder(folder: Path) -> list[Entry]:
    """The JSON, text and ZIP files of a folder and of the folders inside, three levels deep.

    Some programs unpack `TikTok\\Posts\\Posts.txt` as one file with backslashes in its name.
    """
    entries: list[Entry] = []
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        folders[:] = sorted(folders) if len(here.relative_to(folder).parts) < _DEEPEST else []
        for name in sorted(names):
            file = here / name
            if file.suffix.casefold() in (".json", ".txt", ".zip") and file.is_file():
                entries.append(
                    Entry(
                        file.relative_to(folder).as_posix().replace("\\", "/"),
                        file.stat().st_mtime,
                        _file_reader(file),
                    )
                )
        if len(entries) > _MOST_FILES:
            break
    return entries


def is_file_or_folder(path: Path) -> bool:
    """Whether a path can be read to its end: a pipe or a device need not have one."""
    mode = path.stat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def read_file(path: Path, most: int | None = None) -> bytes:
    """A bare file, or its beginning.

    Raises:
        UserError: `too_big`.
    """
    with path.open("rb") as file:
        if most is not None:
            return file.read(most)
        if os.fstat(file.fileno()).st_size > LARGEST:
            raise refusals.too_much(path.name)
        return file.read()


def utf8(data: Buffer) -> Buffer:
    """The text in UTF-8 without a byte-order mark: other programs save it again in UTF-16."""
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace").encode()
    # Every text of TikTok's begins with a letter or a bracket: half of it is zero in UTF-16.
    if data[1:2] == b"\0" and data[:1] != b"\0":
        return data.decode("utf-16-le", errors="replace").encode()
    if data[:1] == b"\0" and data[1:2] not in (b"", b"\0"):
        return data.decode("utf-16-be", errors="replace").encode()
    return data


def _file_reader(path: Path) -> Callable[[int | None], Buffer]:
    return lambda most: read_file(path, most)


def _member_reader(
    path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo
) -> Callable[[int | None], Buffer]:
    def read(most: int | None) -> Buffer:
        if info.flag_bits & 1:
            raise refusals.locked_zip(path)
        if info.compress_type not in _METHODS:
            raise zipfile.BadZipFile(f"packed by method {info.compress_type}")
        if most is None and (
            info.file_size > LARGEST
            or info.file_size > max(_SMALL, info.compress_size * _MOST_PACKED)
        ):
            raise refusals.too_much(info.filename)
        # zipfile never gives out more than the declared size, so a bomb ends there.
        whole = bytearray()
        with archive.open(info) as member:
            while chunk := member.read(_CHUNK if most is None else min(_CHUNK, most - len(whole))):
                whole += chunk
        return whole

    return read

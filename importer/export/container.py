"""Finds TikTok's JSON in whatever the user has: the ZIP, its folder, or the bare file.

Names (measured and reported, 2020 to 2026): `user_data.json`, since 2024 `user_data_tiktok.json`,
also with a leading slash, inside a folder, or with the ` (1)` of a second download. A Lemon8
sibling and macOS leftovers may lie beside it, so the first file is not always the right one.
Nothing is ever unpacked to disk.
"""

from __future__ import annotations

import codecs
import io
import lzma
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from importer.errors import UserError
from importer.export.layouts import ASK_FOR_JSON, Buffer, Sections, is_tiktok, sections

LARGEST = 1 << 30
_DEEPEST = 3
_MOST_FILES = 20_000
_MOST_GUESSES = 100
_CHUNK = 1 << 20

_EXACT = re.compile(r"user_data(_tiktok)?( ?\(\d+\))?\.json", re.IGNORECASE)
_LEMON8 = re.compile(r"user_data_lemon8( ?\(\d+\))?\.json", re.IGNORECASE)

# What zipfile and its decompressors raise on bytes that are no good ZIP.
_ZIP_TROUBLE = (
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


@dataclass(frozen=True, slots=True)
class Member:
    """TikTok's JSON: its name inside the container and its sections, still unread."""

    name: str
    sections: Sections


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    changed: float
    read: Callable[[], Buffer]

    @property
    def basename(self) -> str:
        return PurePosixPath(self.name).name

    @property
    def rank(self) -> tuple[bool, float, str]:
        # Of several exports in one place the newest has the links that live longest.
        return "_tiktok" not in self.basename.casefold(), -self.changed, self.name


def find(path: Path) -> Member:
    """Open an export and split TikTok's JSON into its sections.

    Raises:
        UserError: `not_found`, `unreadable`, `not_an_export`, `damaged_zip`, `encrypted_zip`,
            `too_big`, `txt_export`, `lemon8_only`, `no_tiktok_data`, `truncated_json`,
            `damaged_json`.
    """
    if "\0" in str(path):
        raise _missing(repr(str(path)))
    try:
        path = path.absolute()
        if path.is_dir():
            return _choose(path, _folder_entries(path))
        with path.open("rb") as file:
            head = file.read(4096)
            if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
                return _from_zip(path, file)
        return _from_file(path, head)
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(str(path)) from None
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror or error}. No video was touched.",
            hint="Check that the file is yours to read and that its disk is connected.",
            code="unreadable",
        ) from error


def _from_file(path: Path, head: bytes) -> Member:
    text = _utf8(head).lstrip()
    if text[:1] not in (b"{", b"["):
        if path.suffix.casefold() == ".txt":
            raise _txt(path)
        what = "is empty" if not head else "is neither a ZIP nor JSON"
        raise UserError(
            f"{path.name} {what}, so it is not an export from TikTok. No video was touched.",
            hint=ASK_FOR_JSON,
            code="not_an_export",
        )
    if _LEMON8.fullmatch(path.name):
        raise _lemon8(path)
    root = sections(_utf8(_read_file(path)))
    if not is_tiktok(root):
        raise _nothing(path)
    return Member(path.name, root)


def _from_zip(path: Path, file: io.BufferedReader) -> Member:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [
                _Entry(
                    info.filename.replace("\\", "/").lstrip("/"),
                    float("".join(f"{part:02d}" for part in info.date_time)),
                    lambda info=info: _read_member(path, archive, info),  # type: ignore[misc]
                )
                for info in archive.infolist()
                if not info.is_dir()
            ]
            return _choose(path, entries)
    except _ZIP_TROUBLE as error:
        raise UserError(
            f"{path.name} is a damaged ZIP ({error}): it was probably not downloaded to its end. "
            "No video was touched.",
            hint="Download the export from TikTok again, then give the same command.",
            code="damaged_zip",
        ) from error


def _folder_entries(folder: Path) -> list[_Entry]:
    entries: list[_Entry] = []
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        folders[:] = sorted(folders) if len(here.relative_to(folder).parts) < _DEEPEST else []
        for name in sorted(names):
            file = here / name
            if file.suffix.casefold() in (".json", ".txt") and file.is_file():
                entries.append(
                    _Entry(
                        file.relative_to(folder).as_posix(),
                        file.stat().st_mtime,
                        lambda file=file: _read_file(file),  # type: ignore[misc]
                    )
                )
        if len(entries) > _MOST_FILES:
            break
    return entries


def _choose(path: Path, entries: Iterable[_Entry]) -> Member:
    entries = sorted((e for e in entries if not _is_leftover(e.name)), key=lambda e: e.rank)
    lemon8 = [e for e in entries if _LEMON8.fullmatch(e.basename)]
    named = [e for e in entries if _EXACT.fullmatch(e.basename)]
    for entry in named:
        root = sections(_utf8(entry.read()))
        if is_tiktok(root):
            return Member(entry.name, root)
    others = [e for e in entries if e.name.casefold().endswith(".json") and e not in named + lemon8]
    for entry in others[:_MOST_GUESSES]:
        try:
            root = sections(_utf8(entry.read()))
        except UserError:
            # A file without TikTok's name may be anybody's: damage in it says nothing.
            continue
        if is_tiktok(root):
            return Member(entry.name, root)
    if lemon8:
        raise _lemon8(path)
    if not named and any(e.name.casefold().endswith(".txt") for e in entries):
        raise _txt(path)
    raise _nothing(path)


def _is_leftover(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return not parts or "__MACOSX" in parts or parts[-1].startswith("._")


def _read_file(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise _too_big(path.name)
    return path.read_bytes()


def _read_member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Buffer:
    if info.flag_bits & 1:
        raise UserError(
            f"{path.name} is locked with a password, so its posts cannot be read. No video was "
            "touched.",
            hint="Use the ZIP as it came from TikTok, or unpack it and give the folder.",
            code="encrypted_zip",
        )
    if info.file_size > LARGEST:
        raise _too_big(info.filename)
    # zipfile never gives out more than the declared size, so a bomb ends there.
    whole = bytearray()
    with archive.open(info) as member:
        while chunk := member.read(_CHUNK):
            whole += chunk
    return whole


def _utf8(data: Buffer) -> Buffer:
    """The text in UTF-8 without a byte-order mark: other programs save it again in UTF-16."""
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :]
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data
    return data.decode("utf-16", errors="replace").encode()


def _too_big(name: str) -> UserError:
    return UserError(
        f"{name} is larger than {LARGEST >> 30} GiB. No export from TikTok is, so it was not read "
        "and no video was touched.",
        hint="Check that this is the file TikTok prepared.",
        code="too_big",
    )


def _missing(path: str) -> UserError:
    return UserError(
        f"There is no file or folder {path}. No video was touched.",
        hint="Give the path of the ZIP that TikTok prepared, or drop the file on the terminal.",
        code="not_found",
    )


def _txt(path: Path) -> UserError:
    return UserError(
        f"{path.name} holds the export as text files, which Tokaway does not read. No video was "
        "touched.",
        hint="Request the JSON format instead. " + ASK_FOR_JSON,
        code="txt_export",
    )


def _lemon8(path: Path) -> UserError:
    return UserError(
        f"{path.name} holds data from Lemon8 only, nothing from TikTok. No video was touched.",
        hint=ASK_FOR_JSON,
        code="lemon8_only",
    )


def _nothing(path: Path) -> UserError:
    return UserError(
        f"{path.name} holds no data from TikTok that Tokaway knows. No video was touched.",
        hint="Give the ZIP that TikTok prepared, or the folder it was unpacked to. " + ASK_FOR_JSON,
        code="no_tiktok_data",
    )

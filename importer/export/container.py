"""Finds TikTok's data in whatever the user has: the ZIP, its folder, or one bare file of it.

Names (measured and reported, 2020 to 2026): `user_data.json`, since 2024 `user_data_tiktok.json`,
also with a leading slash, inside a folder, or with the ` (1)` of a second download; in the text
format a tree of `.txt` files. The name of the ZIP says nothing: the Data Portability API's is a
number. A Lemon8 sibling and macOS leftovers may lie beside it, so the first file is not always
the right one.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from importer.errors import UserError
from importer.export import refusals, txt
from importer.export.entries import (
    LARGEST,
    ZIP_TROUBLE,
    Entry,
    is_file_or_folder,
    of_folder,
    of_zip,
    read_file,
    utf8,
)
from importer.export.layouts import is_tiktok
from importer.export.raw_json import Buffer, Sections, sections

_MOST_GUESSES = 100
# A post takes about a kilobyte, in either format.
_LARGEST_TEXT = 1 << 27
# Holds the first posts whole, even with 35 photos each.
_HEAD = 1 << 16

_EXACT = re.compile(r"user_data(_tiktok)?( ?\(\d+\))?\.json", re.IGNORECASE)
_LEMON8 = re.compile(r"user_data_lemon8( ?\(\d+\))?\.json", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class JsonMember:
    """TikTok's JSON: its name inside the container and its sections, still unread."""

    name: str
    sections: Sections


@dataclass(frozen=True, slots=True)
class TextMember:
    """TikTok's text files: the one with own posts by name, and the texts of those that are read."""

    name: str
    posts: str
    deleted: str | None = None
    profile: str | None = None


def find(path: Path) -> JsonMember | TextMember:
    """Open an export, and split TikTok's JSON into its sections or pick its text files.

    Raises:
        UserError: `not_found`, `unreadable`, `not_an_export`, `damaged_zip`, `encrypted_zip`,
            `strange_zip`, `zip_inside`, `too_big`, `txt_export`, `txt_unclear`, `lemon8_only`,
            `no_tiktok_data`, `truncated_json`, `damaged_json`.
    """
    if "\0" in str(path):
        raise refusals.missing(repr(str(path)))
    try:
        path = path.absolute()
        if not is_file_or_folder(path):
            raise refusals.another_kind(path, "is no file and no folder")
        if path.is_dir():
            return _choose(path, of_folder(path))
        with path.open("rb") as file:
            head = file.read(4096)
            if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
                return _from_zip(path, file)
        return _from_file(path, head)
    except (FileNotFoundError, NotADirectoryError):
        raise refusals.missing(str(path)) from None
    except MemoryError:
        raise refusals.too_much(path.name) from None
    except OSError as error:
        raise refusals.unreadable(path, error) from error


def _from_file(path: Path, head: bytes) -> JsonMember | TextMember:
    begin = utf8(head).lstrip()
    if begin[:1] not in (b"{", b"["):
        if path.suffix.casefold() == ".txt":
            return _from_text(path)
        what = "is empty" if not head else "is neither a ZIP nor JSON"
        raise refusals.another_kind(path, what)
    if _LEMON8.fullmatch(path.name):
        raise refusals.lemon8_only(path)
    root = sections(utf8(read_file(path)))
    if not is_tiktok(root):
        raise refusals.nothing_known(path)
    return JsonMember(path.name, root)


def _from_text(path: Path) -> TextMember:
    if path.stat().st_size > _LARGEST_TEXT:
        raise refusals.too_much(path.name)
    text = _text(read_file(path))
    if txt.part(path.name, text) not in (txt.Part.POSTS, txt.Part.NO_POSTS):
        raise refusals.no_posts_in_text(path)
    return TextMember(path.name, text)


def _from_zip(path: Path, file: io.BufferedReader) -> JsonMember | TextMember:
    try:
        with zipfile.ZipFile(file) as archive:
            return _choose(path, of_zip(path, archive))
    except ZIP_TROUBLE as error:
        raise refusals.damaged_zip(path, str(error)) from error


def _choose(path: Path, entries: list[Entry]) -> JsonMember | TextMember:
    entries = [entry for entry in entries if not _is_leftover(entry)]
    lemon8 = [entry for entry in entries if _is_lemon8(entry)]
    # Of several exports in one place the newest has the links that live longest.
    entries = sorted(
        (entry for entry in entries if entry not in lemon8),
        key=lambda entry: (
            "_tiktok" not in entry.basename.casefold(),
            -entry.changed,
            entry.name,
        ),
    )
    named = [entry for entry in entries if _EXACT.fullmatch(entry.basename)]
    texts = [entry for entry in entries if entry.name.casefold().endswith(".txt")]
    found = _json(path, entries, named) or _texts(path, texts)
    if found:
        return found
    if lemon8:
        raise refusals.lemon8_only(path)
    zips = [entry.name for entry in entries if entry.name.casefold().endswith(".zip")]
    if zips:
        raise refusals.zips_inside(path, zips)
    if texts and not named:
        raise refusals.no_posts_in_text(path)
    raise refusals.nothing_known(path)


def _is_leftover(entry: Entry) -> bool:
    parts = entry.parts
    return not parts or "__MACOSX" in parts or parts[-1].startswith("._")


def _is_lemon8(entry: Entry) -> bool:
    folders = (part.casefold() for part in entry.parts[:-1])
    return "lemon8" in folders or _LEMON8.fullmatch(entry.basename) is not None


def _json(path: Path, entries: Sequence[Entry], named: Sequence[Entry]) -> JsonMember | None:
    spent = 0
    for entry in named:
        data = entry.read(None)
        spent += len(data)
        if spent > LARGEST:
            raise refusals.too_much(path.name)
        root = sections(utf8(data))
        if is_tiktok(root):
            return JsonMember(entry.name, root)
    others = [e for e in entries if e.name.casefold().endswith(".json") and e not in named]
    for entry in others[:_MOST_GUESSES]:
        try:
            data = entry.read(None)
            spent += len(data)
            root = sections(utf8(data))
        except UserError:
            # A file without TikTok's name may be anybody's: damage in it says nothing.
            continue
        if is_tiktok(root):
            return JsonMember(entry.name, root)
        if spent > LARGEST:
            break
    return None


def _texts(path: Path, entries: Sequence[Entry]) -> TextMember | None:
    """The text files that are read, told by their names, or else by how they begin."""
    parts: dict[txt.Part, list[Entry]] = {part: [] for part in txt.Part}
    guesses = 0
    for entry in entries:
        named = txt.named(entry.name)
        if named is txt.Part.OTHER or guesses > _MOST_GUESSES:
            continue
        if named is txt.Part.PROFILE:
            parts[named].append(entry)
            continue
        guesses += 1
        parts[txt.part(entry.name, _text(entry.read(_HEAD)))].append(entry)
    posts = parts[txt.Part.POSTS] or parts[txt.Part.NO_POSTS]
    known = [entry for entry in posts if txt.named(entry.name) is txt.Part.POSTS]
    if not posts:
        return None
    if not known and len(posts) > 1:
        raise refusals.several_texts(path, [entry.name for entry in posts])
    chosen = (known or posts)[0]
    return TextMember(
        chosen.name,
        _whole_text(chosen) or "",
        _whole_text(_nearest(chosen, parts[txt.Part.DELETED])),
        _whole_text(_nearest(chosen, parts[txt.Part.PROFILE])),
    )


def _nearest(posts: Entry, entries: Sequence[Entry]) -> Entry | None:
    """The file that shares most folders with the posts: several exports may lie side by side."""

    def shared(entry: Entry) -> int:
        pairs = zip(entry.parts[:-1], posts.parts[:-1], strict=False)
        same = [one == other for one, other in pairs]
        return same.index(False) if False in same else len(same)

    return max(entries, key=shared, default=None)


def _whole_text(entry: Entry | None) -> str | None:
    if entry is None:
        return None
    data = entry.read(_LARGEST_TEXT + 1)
    if len(data) > _LARGEST_TEXT:
        raise refusals.too_much(entry.name)
    return _text(data)


def _text(data: Buffer) -> str:
    return utf8(data).decode(errors="replace")

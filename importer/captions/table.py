"""The posts as a spreadsheet file: captions, alt texts and choices, to be edited and read back.

What comes back has been through Excel, LibreOffice or Google Sheets: with other separators, line
ends and encodings, with columns moved and rows gone. Only cells that say something else than the
archive count as edits.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from importer.errors import UserError
from importer.model import Edit, Post

POST, CAPTION, ALT, CHOSEN = "post", "caption", "alt text", "chosen"
COLUMNS = (
    *(POST, "posted at (UTC)", "kind", "who could see it", "stands at"),
    *(CHOSEN, CAPTION, ALT, "caption from"),
)
_SEPARATORS = (",", ";", "\t")
# Spreadsheets take a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
# A short cell with digits may be taken for a number or a date, and be saved as another one.
_SHORT = 30
_BOOLEAN = re.compile(r"true|false|wahr|falsch|vrai|faux", re.IGNORECASE)
# As people write it, and as spreadsheets of other languages save TRUE and FALSE.
_YES = {"yes", "y", "true", "1", "x", "ja", "wahr", "oui", "vrai", "si", "sí", "sì", "verdadero"}
_YES |= {"vero", "sim", "verdadeiro", "waar", "evet", "doğru", "tak", "prawda"}
_NO = {"", "no", "n", "false", "0", "nein", "falsch", "non", "faux", "falso", "não", "nee"}
_NO |= {"onwaar", "yanlış", "nie", "fałsz"}  # noqa: RUF001  Turkish has a dotless i

_AS_UTF8 = (
    "Save it again as CSV UTF-8. In Excel: File > Save as > CSV UTF-8 (Comma delimited); in "
    "LibreOffice choose Unicode (UTF-8) in the dialog; Google Sheets does it by itself."
)


@dataclass(frozen=True, slots=True)
class Edits:
    """What a spreadsheet file says: `unknown` are the posts in it that the archive has not."""

    edits: tuple[Edit, ...]
    unchanged: int
    unknown: tuple[str, ...]


def write_table(posts: Sequence[Post], target: Path) -> None:
    """Write the posts as CSV: UTF-8 with a byte-order mark, so that Excel reads it right.

    Raises:
        UserError: there is such a file already, or it cannot be written there.
    """
    if target.exists():
        raise UserError(
            f"{target} exists already and may hold edits of yours. Nothing was written.",
            hint="Name another file, or import that one first and delete it.",
            code="table_exists",
        )
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    rows.writerows(_row(post) for post in posts)
    try:
        handle, part = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(codecs.BOM_UTF8 + text.getvalue().encode(errors="replace"))
            Path(part).replace(target)
        finally:
            Path(part).unlink(missing_ok=True)
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise UserError(
            f"{target} cannot be written: {error.strerror}.",
            hint="Name a file in a folder that is yours.",
            code="table_not_writable",
        ) from error


def read_table(path: Path, posts: Sequence[Post]) -> Edits:
    """Read the edits out of a spreadsheet file, all of them or none.

    Raises:
        UserError: the file cannot be read, is no CSV, lacks columns, or a row cannot be
            understood; the message names its line.
    """
    known = {post.id: post for post in posts}
    text = _text(path)
    separator, places = _columns(path, text)
    edits: list[Edit] = []
    unknown: list[str] = []
    lines: dict[str, int] = {}
    unchanged = 0
    for line, row in _rows(path, text, separator):
        cells = {name: row[at] if at < len(row) else "" for name, at in places.items()}
        name = _unescaped(cells[POST].strip())
        if not name and not any(cell.strip() for cell in row):
            continue
        if name in lines:
            raise _wrong(
                path,
                line,
                f"the post {name} stands in line {lines[name]} already",
                "Delete one of the two lines.",
            )
        lines[name] = line
        post = known.get(name)
        if post is None:
            unknown.append(name or f"line {line}")
            continue
        edit = _edit(path, line, post, cells)
        if edit.caption is None and edit.alt is None and edit.chosen is None:
            unchanged += 1
        else:
            edits.append(edit)
    return Edits(tuple(edits), unchanged, tuple(unknown))


def _row(post: Post) -> tuple[str, ...]:
    return (
        post.id,
        f"{post.posted_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        post.kind.value,
        post.privacy.value,
        post.milestone.value,
        "yes" if post.chosen else "no",
        _escaped(_unix(post.caption)),
        _escaped(_unix(post.alt)),
        post.caption_source or "",
    )


def _edit(path: Path, line: int, post: Post, cells: dict[str, str]) -> Edit:
    chosen = None
    if CHOSEN in cells:
        word = cells[CHOSEN].strip().casefold()
        if word not in _YES | _NO:
            raise _wrong(
                path,
                line,
                f"“{cells[CHOSEN].strip()[:40]}” in the column chosen is neither yes nor no",
                "Write yes or no.",
            )
        chosen = word in _YES
    return Edit(
        post.id,
        caption=_changed(path, line, cells.get(CAPTION), post.caption),
        alt=_changed(path, line, cells.get(ALT), post.alt),
        chosen=None if chosen == post.chosen else chosen,
    )


def _changed(path: Path, line: int, cell: str | None, before: str) -> str | None:
    """What a cell says now; `None` if it says what the archive has."""
    if cell is None:
        return None
    raw = _plain(cell)
    value = _plain(_unescaped(cell))
    if _plain(before) in (raw, value):
        return None
    if raw in _spoiled(before):
        raise _wrong(
            path,
            line,
            "its emoji or foreign letters have become question marks",
            "That happens when a spreadsheet is saved as plain CSV. Export the table once more. "
            + _AS_UTF8,
        )
    return value


def _plain(text: str) -> str:
    return _unix(text).strip()


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _spoiled(text: str) -> set[str]:
    """What is left of a text in Windows' old encodings, by letter or by half of an emoji."""
    if text.isascii():
        return set()
    plain = _plain(text)
    halves = "".join("??" if ord(letter) > 0xFFFF else letter for letter in plain)
    spoiled = {plain.encode("cp1252", "replace").decode("cp1252")}
    spoiled.add(halves.encode("cp1252", "replace").decode("cp1252"))
    spoiled |= {text.encode("ascii", "replace").decode() for text in (plain, halves)}
    return spoiled - {plain}


def _escaped(text: str) -> str:
    return f"'{text}" if _is_risky(text) else text


def _unescaped(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _is_risky(cell[1:]) else cell


def _is_risky(text: str) -> bool:
    if text.startswith(_FORMULA) or _BOOLEAN.fullmatch(text.strip()):
        return True
    return 0 < len(text) <= _SHORT and any(map(str.isdigit, text))


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror}. Nothing was changed.",
            hint="Give the CSV file that you saved.",
            code="table_unreadable",
        ) from error
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UserError(
            f"{path.name} is a workbook, not a CSV file. Nothing was changed.",
            hint="Save it as CSV. " + _AS_UTF8.partition(". ")[2],
            code="table_workbook",
        )
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = data.decode("utf-16")
        else:
            text = data.decode("utf-8-sig")
        if "\0" in text:  # two-byte letters without the mark that says so
            raise UnicodeError
    except UnicodeError as error:
        raise UserError(
            f"{path.name} was saved in an old encoding that has no emoji, so captions may be "
            "spoiled. Nothing was changed.",
            hint=_AS_UTF8,
            code="table_encoding",
        ) from error
    return text


def _columns(path: Path, text: str) -> tuple[str, dict[str, int]]:
    """The separator, and where the columns stand that are read."""
    first = text.lstrip("\r\n").partition("\n")[0].strip("\r\ufeff")
    for separator in _SEPARATORS:
        header = next(csv.reader([first], delimiter=separator), [])
        names = [cell.strip().casefold() for cell in header]
        if POST in names and not {CAPTION, ALT, CHOSEN}.isdisjoint(names):
            wanted = (POST, CAPTION, ALT, CHOSEN)
            twice = [name for name in wanted if names.count(name) > 1]
            if twice:
                raise _wrong(path, 1, f"there are two columns {twice[0]}", "Delete one of them.")
            return separator, {name: names.index(name) for name in wanted if name in names}
    raise UserError(
        f"The first line of {path.name} does not name the columns post and caption, alt text or "
        "chosen. Nothing was changed.",
        hint="Start from the file that tokaway captions ARCHIVE --export FILE.csv writes, and "
        "keep its first line.",
        code="table_columns",
    )


def _rows(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The rows below the header, each with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    begins, header = 1, True
    try:
        for row in reader:
            line, begins = begins, reader.line_num + 1
            if not header:
                yield line, row
            elif any(row):
                header = False
    except csv.Error as error:
        raise _wrong(path, begins, str(error), "Save it again as CSV.") from error


def _wrong(path: Path, line: int, what: str, hint: str) -> UserError:
    return UserError(
        f"{path.name}, line {line}: {what}. Nothing was changed.", hint=hint, code="table_row"
    )

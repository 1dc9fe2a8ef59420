"""A field for the path of a file or folder, typed, pasted or dropped in any form there is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rich.cells import cell_len
from textual import events
from textual.message import Message

from tui.widgets.line_input import LineInput

_QUOTES = "'\""
_URL = "file://"
_POWERSHELL = "& "
_IN_POWERSHELL = re.compile(r"'((?:[^']|'')+)'")
# A drive or a share: there a backslash stands between folders and escapes nothing.
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\\w")
_DRIVE_IN_URL = re.compile(r"/[A-Za-z]:/")


@dataclass(frozen=True, slots=True)
class Pasted:
    """The path in a text, and how many more stood behind it."""

    path: Path
    others: int = 0


def is_there(path: str) -> bool:
    """Whether a text as it stands names something on the disk."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long for a name, or a NUL in it
        return False


def clean_path(text: str, exists: Callable[[str], bool] = is_there) -> Pasted | None:
    r"""The first path in a text, without what terminals wrap around it; `None` if it has none.

    A dropped file arrives as text: `'/a b.zip'` from Linux, `/a\ b.zip` from macOS, `"C:\a b.zip"`
    from Windows, `& 'C:\a b.zip'` from PowerShell, `file:///a%20b.zip` from file managers; often
    with a blank behind it. A text that names something as it stands is left alone.
    """
    if not text.strip():
        return None
    for same in (text, text.strip()):
        if exists(same):
            return Pasted(Path(same))
    text = text.strip()
    words = _words(text)
    plain = not any(mark in text for mark in (*_QUOTES, "\\", _URL))
    if not words or (plain and len(words) > 1 and not exists(_home(words[0]))):
        # An odd quote, or blanks in a path that was typed: it is one path.
        words = [text]
    return Pasted(Path(_home(words[0])), len(words) - 1)


def _words(text: str) -> list[str]:
    """The paths in a text; none if a quote stays open."""
    if text.startswith(_POWERSHELL) and (quoted := _IN_POWERSHELL.findall(text)):
        return [word.replace("''", "'") for word in quoted]
    if text.startswith(_URL):
        return [_of_url(word) for word in text.split()]
    words: list[str] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        word, at = _word(text, at)
        if word is None:
            return []
        words.append(_of_url(word))
    return words


def _word(text: str, at: int) -> tuple[str | None, int]:
    """One word as a shell reads it, and where it ends; `None` if a quote stays open."""
    windows = _WINDOWS.match(text, at + (text[at] in _QUOTES)) is not None
    word, quote = "", ""
    while at < len(text):
        letter = text[at]
        if letter == "\\" and quote != "'" and not windows:
            word += text[at + 1 : at + 2]
            at += 1
        elif letter == quote:
            quote = ""
        elif letter in _QUOTES and not quote:
            quote = letter
        elif letter.isspace() and not quote:
            break
        else:
            word += letter
        at += 1
    return (None if quote else word), at


def _of_url(word: str) -> str:
    if not word.startswith(_URL):
        return word
    path = unquote(urlsplit(word).path)
    return path[1:] if _DRIVE_IN_URL.match(path) else path


def _home(path: str) -> str:
    try:
        return str(Path(path).expanduser()) if path.startswith("~") else path
    except RuntimeError:  # nobody of that name
        return path


class PathInput(LineInput):
    """A `LineInput` that holds one clean path; enter posts `Chosen`."""

    class Chosen(Message):
        """The person wants this path; `others` more were dropped with it."""

        def __init__(self, field: PathInput, path: Path, others: int) -> None:
            super().__init__()
            self.field = field
            self.path = path
            self.others = others

        @property
        def control(self) -> PathInput:
            """The field, for `@on(PathInput.Chosen, "#id")`."""
            return self.field

    def __init__(self, placeholder: str = "", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(placeholder=placeholder, select_on_focus=False, id=id)
        self._others = 0
        self._taken = ""

    def _on_paste(self, event: events.Paste) -> None:
        """A whole path takes the place of what is there; any other text is put in as it is."""
        pasted = clean_path(event.text)
        if pasted is None or not (pasted.path.is_absolute() or is_there(str(pasted.path))):
            return
        event.prevent_default()
        event.stop()
        self.take(pasted)

    def take(self, pasted: Pasted) -> None:
        """Hold this path, ready to be chosen."""
        self.value = self._taken = str(pasted.path)
        self._others = pasted.others
        self.cursor_position = len(self.value)
        # Its end tells one path from another, and a field shows the begin of its first value.
        self.call_after_refresh(self.scroll_to, x=cell_len(self.value), animate=False, force=True)

    async def action_submit(self) -> None:
        """Clean what was typed and post it; nothing if there is nothing."""
        others, self._others = self._others, 0
        # What was taken is clean; of something that is not there yet a second look would make less.
        is_clean = self.value and self.value == self._taken
        pasted = Pasted(Path(self.value)) if is_clean else clean_path(self.value)
        if pasted is None:
            return
        self.value = str(pasted.path)
        self.post_message(self.Chosen(self, pasted.path, others or pasted.others))

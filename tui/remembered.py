"""What the person chose last time, never a secret: kept in a small file of this user's."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

import msgspec

NAME = "ui.json"
_MOST_ARCHIVES = 20


class Choices(msgspec.Struct, frozen=True):
    """The choices: archives with the last one first, and the account and theme last used."""

    archives: tuple[str, ...] = ()
    handle: str = ""
    theme: str = ""


class Remembered:
    """Reads the choices once, and writes them whenever one changes.

    What cannot be read or written is forgotten: the person chooses again, that is all.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._choices = _read(self._path)

    @property
    def choices(self) -> Choices:
        """The choices as they are now."""
        return self._choices

    def archive(self, folder: Path) -> None:
        """An archive was opened."""
        name = str(folder.absolute())
        others = (one for one in self._choices.archives if one != name)
        self._change(archives=(name, *others)[:_MOST_ARCHIVES])

    def forget(self, folder: Path) -> None:
        """An archive is not wanted in the list any more."""
        name = str(folder.absolute())
        self._change(archives=tuple(one for one in self._choices.archives if one != name))

    def handle(self, handle: str) -> None:
        """An account was signed in."""
        self._change(handle=handle)

    def theme(self, theme: str) -> None:
        """Another theme was chosen."""
        self._change(theme=theme)

    def _change(self, **changed: object) -> None:
        self._choices = msgspec.structs.replace(self._choices, **changed)
        with contextlib.suppress(OSError):
            _write(self._path, _as_json(self._choices))


def _read(path: Path) -> Choices:
    try:
        return msgspec.convert(json.loads(path.read_bytes()), Choices)
    except (OSError, ValueError):
        return Choices()


def _as_json(choices: Choices) -> bytes:
    # Names of folders that are not UTF-8 have a place in JSON's escapes only.
    return json.dumps(msgspec.to_builtins(choices)).encode()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

"""The real program in a real terminal of the system, its screen read as text."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

_SECONDS = 60.0
_LOOK_SECONDS = 0.05
# Questions to the terminal and modes of the keyboard, which pyte takes for letters to print.
_UNKNOWN = re.compile(rb"\x1b\[[<>=?][0-9;]*\$?[a-zA-Z]|\x1b\[[0-9;]*\$[a-zA-Z]|\x1b[PX^_].*?\x1b\\", re.DOTALL)  # fmt: skip  # noqa: E501
# Modes that pyte knows and must hear of.
_KNOWN = re.compile(rb"\x1b\[\?(25|1049)[hl]")
_UNENDED = re.compile(rb"\x1b[^a-zA-Z\\]*\Z")


def shown_by(data: bytes) -> bytes:
    """The part of what a program writes that pyte understands."""
    return _UNKNOWN.sub(lambda found: found[0] if _KNOWN.fullmatch(found[0]) else b"", data)


class Terminal:
    """A program in a terminal of `size`: keys go in, `words` come out.

    `written` is every byte that the program sent.
    """

    def __init__(
        self, program: Sequence[str | Path], environment: Mapping[str, str], size: tuple[int, int]
    ) -> None:
        columns, lines = size
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._rest = b""
        self.written = b""
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            [str(word) for word in program],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**environment, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._ours)

    @property
    def words(self) -> str:
        """What a person reads now, line by line."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def press(self, keys: str) -> None:
        """Send keys as the terminal encodes them; `\\r` is enter."""
        os.write(self._ours, keys.encode())

    def paste(self, text: str) -> None:
        """Paste, or drop a file whose name arrives as this text."""
        self.press(f"\x1b[200~{text}\x1b[201~")

    def click(self, text: str) -> None:
        """Click on a text that is on the screen."""
        line, words = next(at for at in enumerate(self._screen.display) if text in at[1])
        place = f"0;{words.index(text) + 1};{line + 1}"
        self.press(f"\x1b[<{place}M\x1b[<{place}m")

    def until(self, text: str, seconds: float = _SECONDS) -> None:
        """Wait until a text is on the screen."""
        ends = time.monotonic() + seconds
        while text not in self.words:
            assert self._read(ends), f"{text!r} never came:\n{self.words}"

    def until_true(self, condition: Callable[[], bool], seconds: float = _SECONDS) -> None:
        """Let the program go on, and draw, until something holds elsewhere."""
        ends = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < ends, f"never came:\n{self.words}"
            self._read(time.monotonic() + _LOOK_SECONDS)

    def ended(self, seconds: float = _SECONDS) -> int:
        """Wait until the program has left, and give its exit code."""
        ends = time.monotonic() + seconds
        while self._read(ends):
            pass
        return self.process.wait(max(0.1, ends - time.monotonic()))

    def _read(self, ends: float) -> bool:
        """Take in what comes next; false if nothing came in time, or nothing will any more."""
        ready, _, _ = select.select([self._ours], [], [], max(0.0, ends - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # its last process has left
            return False
        self.written += data
        data = self._rest + data
        unended = _UNENDED.search(data)
        cut = unended.start() if unended else len(data)
        self._rest = data[cut:]
        self._stream.feed(shown_by(data[:cut]))
        return bool(data)

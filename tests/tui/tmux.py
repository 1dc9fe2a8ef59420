"""The real program in tmux, as many people have it: keys, pastes and the screen go through it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

IS_HERE = shutil.which("tmux") is not None
_SECONDS = 60.0
_LOOK_SECONDS = 0.1


class Tmux:
    """A program in a window of a tmux of its own; used as `tests.tui.terminal.Terminal` is."""

    def __init__(
        self, program: Sequence[str | Path], environment: Mapping[str, str], size: tuple[int, int]
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tmux-")
        self._code = Path(self._folder.name) / "code"
        self._environment = {
            **environment,
            "TERM": "xterm-256color",
            "TMUX_TMPDIR": self._folder.name,
        }
        columns, lines = size
        words = f"{shlex.join(map(str, program))}; echo $? > {shlex.quote(str(self._code))}"
        place = ("-x", str(columns), "-y", str(lines + 1))  # a line is tmux's own
        self._tmux("-f", "/dev/null", "new-session", "-d", *place, words)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        subprocess.run(
            ["tmux", "kill-server"], env=self._environment, capture_output=True, check=False
        )
        self._folder.cleanup()

    @property
    def words(self) -> str:
        """What a person reads now, line by line."""
        return self._tmux("capture-pane", "-p")

    def press(self, keys: str) -> None:
        """Send keys as a terminal encodes them; `\\r` is enter."""
        self._tmux("send-keys", "-H", *(f"{byte:02x}" for byte in keys.encode()))

    def paste(self, text: str) -> None:
        """Paste, or drop a file whose name arrives as this text."""
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer", "-p")

    def click(self, text: str) -> None:
        """Click on a text that is on the screen."""
        lines = self.words.splitlines()
        line, words = next(at for at in enumerate(lines) if text in at[1])
        place = f"0;{words.index(text) + 1};{line + 1}"
        self.press(f"\x1b[<{place}M\x1b[<{place}m")

    def until(self, text: str, seconds: float = _SECONDS) -> None:
        """Wait until a text is on the screen."""
        ends = time.monotonic() + seconds
        while text not in (words := self.words):
            assert time.monotonic() < ends, f"{text!r} never came:\n{words}"
            time.sleep(_LOOK_SECONDS)

    def ended(self, seconds: float = _SECONDS) -> int:
        """Wait until the program has left, and give its exit code."""
        ends = time.monotonic() + seconds
        while not (self._code.exists() and self._code.read_text()):
            assert time.monotonic() < ends, f"it is still there:\n{self.words}"
            time.sleep(_LOOK_SECONDS)
        return int(self._code.read_text())

    def _tmux(self, *words: str) -> str:
        return subprocess.run(
            ["tmux", *words], env=self._environment, capture_output=True, check=True, text=True
        ).stdout

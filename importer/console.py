"""Everything the headless command prints: as plain lines, as JSON lines, or live on a terminal.

Standard output carries the result, standard error the narration. With JSON the result is one
object a line, documented in `docs/json-lines.md`.
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import suppress
from typing import IO, Any, ClassVar, Protocol

from importer.errors import TokawayError
from importer.events import Event, to_json
from importer.wording import narrate


class Console(Protocol):
    """What a command says, whatever way it is printed.

    Only if it `takes_objects` is it worth to make those that take time.
    """

    takes_objects: ClassVar[bool]

    def event(self, event: Event) -> None:
        """Show what the engine tells."""

    def note(self, text: str) -> None:
        """Say what is going on; not part of the result."""

    def line(self, text: str = "") -> None:
        """Print a line of the result for people; JSON leaves it out."""

    def result(self, name: str, fields: dict[str, Any]) -> None:
        """Print an object of the result for programs; others leave it out."""

    def error(self, error: TokawayError) -> None:
        """Say what went wrong and what to do."""

    def close(self) -> None:
        """Leave the terminal tidy."""


def open_console(*, as_json: bool, quiet: bool) -> Console:
    """The console that fits the flags and the terminal."""
    _speak(sys.stdout, "utf-8" if as_json else None)
    _speak(sys.stderr)
    if as_json:
        return JsonConsole(quiet=quiet)
    if _is_terminal(sys.stdout) and _is_terminal(sys.stderr) and not quiet:
        # Most runs print to a log or a program; they need nothing of what draws.
        from importer.live_console import LiveConsole

        return LiveConsole()
    return PlainConsole(quiet=quiet)


def _speak(stream: IO[str] | None, encoding: str | None = None) -> None:
    """Let a stream show what its encoding lacks as escapes; in JSON these are right as well."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _is_terminal(stream: IO[str] | None) -> bool:
    # Python has no stream for a descriptor that was closed before it started.
    return stream is not None and stream.isatty()


class Output:
    """A stream that may go away (`| head`) without stopping an import."""

    def __init__(self, stream: IO[str] | None) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Print one line at once.

        Raises:
            OSError: the disk behind the stream is full; it takes no more lines from now on.
        """
        if self._stream is None:
            return
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except BrokenPipeError:
            self._leave(self._stream)
        except OSError:
            self._leave(self._stream)
            raise

    def _leave(self, stream: IO[str]) -> None:
        self._stream = None
        # Python writes what is left once more at its end, and would fail there.
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


class PlainConsole:
    """Plain lines, for logs, pipes and screen readers."""

    takes_objects: ClassVar[bool] = False

    def __init__(self, *, quiet: bool) -> None:
        self._out = Output(sys.stdout)
        self._err = Output(sys.stderr)
        self._quiet = quiet

    def event(self, event: Event) -> None:
        """Print the event if it is worth a line."""
        text = narrate(event)
        if text and not self._quiet:
            self._err.write(text)

    def note(self, text: str) -> None:
        """Print a line of narration."""
        if not self._quiet:
            self._err.write(text)

    def line(self, text: str = "") -> None:
        """Print a line of the result."""
        self._out.write(text)

    def result(self, name: str, fields: dict[str, Any]) -> None:
        """Nothing: people read the lines."""

    def error(self, error: TokawayError) -> None:
        """Print what went wrong and what to do."""
        self._err.write(f"tokaway: {error.text}")
        if error.hint:
            self._err.write(f"  → {error.hint}")

    def close(self) -> None:
        """Nothing to tidy."""


class JsonConsole(PlainConsole):
    """JSON lines on standard output, narration and errors on standard error."""

    takes_objects: ClassVar[bool] = True

    def event(self, event: Event) -> None:
        """Print the event as one JSON line."""
        self._object(to_json(event))

    def line(self, text: str = "") -> None:
        """Nothing: programs read the objects."""

    def result(self, name: str, fields: dict[str, Any]) -> None:
        """Print one object of the result."""
        self._object({"event": name, **fields})

    def error(self, error: TokawayError) -> None:
        """Print the error for both readers."""
        super().error(error)
        self._object(
            {
                "event": "error",
                "code": error.code,
                "text": error.text,
                "hint": error.hint,
                "exit": error.exit_code,
            }
        )

    def _object(self, fields: dict[str, Any]) -> None:
        self._out.write(json.dumps(fields, ensure_ascii=False))

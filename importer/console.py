"""Everything the headless command prints: on a terminal, as plain lines, or as JSON lines.

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

from rich.console import Console as RichConsole
from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from importer.errors import TokawayError
from importer.events import Event, Status, to_json
from importer.model import Milestone
from importer.wording import narrate, plural, size


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


class LiveConsole:
    """A terminal: lines that scroll, with bars for what is in hand below them."""

    takes_objects: ClassVar[bool] = False

    def __init__(self) -> None:
        self._console = RichConsole(stderr=True, highlight=False)
        self._out = RichConsole(highlight=False)
        self._live: Live | None = None

    def event(self, event: Event) -> None:
        """Print the event, or redraw the bars."""
        if isinstance(event, Status):
            self.show(_picture(event))
            return
        text = narrate(event)
        if text:
            # User text is never markup, and a wrapped link could not be clicked.
            self._console.print(Text(text), soft_wrap=True)

    def show(self, picture: RenderableType) -> None:
        """Draw a picture below the lines, instead of the one before."""
        if self._live is None:
            self._live = Live(console=self._console, transient=True, auto_refresh=False)
            self._live.start()
        self._live.update(picture, refresh=True)

    @property
    def height(self) -> int:
        """How many lines the terminal shows."""
        return self._console.height

    def note(self, text: str) -> None:
        """Print a line of narration."""
        self._console.print(Text(text, style="dim"), soft_wrap=True)

    def line(self, text: str = "") -> None:
        """Print a line of the result."""
        self.close()
        self._out.print(Text(text), soft_wrap=True)

    def result(self, name: str, fields: dict[str, Any]) -> None:
        """Nothing: people read the lines."""

    def error(self, error: TokawayError) -> None:
        """Print what went wrong and what to do."""
        self.close()
        self._console.print(Text(f"tokaway: {error.text}", style="bold red"), soft_wrap=True)
        if error.hint:
            self._console.print(Text(f"  → {error.hint}"), soft_wrap=True)

    def close(self) -> None:
        """Take the bars away."""
        if self._live:
            self._live.stop()
            self._live = None


def _picture(status: Status) -> Group:
    counts = status.counts
    published = counts[Milestone.PUBLISHED] + counts[Milestone.VERIFIED]
    chosen = sum(counts.values()) - counts[Milestone.SKIPPED]
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.fields[amount]}")
    )
    bars.add_task("published", total=chosen, completed=published, amount=f"{published}/{chosen}")
    for step in status.in_hand:
        if step.unit == "bytes":
            amount = f"{size(step.done)}" + (f" of {size(step.total)}" if step.total else "")
        else:
            amount = f"{step.done:.0f}" + (f" of {step.total:.0f} s" if step.total else " s")
        if step.rate:
            is_bytes = step.unit == "bytes"
            amount += f", {size(step.rate)}/s" if is_bytes else f", {step.rate:.1f}x"
        bars.add_task(
            f"{step.stage} {step.post}", total=step.total, completed=int(step.done), amount=amount
        )
    failed = counts[Milestone.FAILED]
    words = f"fetched {counts[Milestone.FETCHED]} · prepared {counts[Milestone.PREPARED]}"
    words += f" · {plural(failed, 'failed post')}" if failed else ""
    return Group(bars, Text(words, style="dim"))

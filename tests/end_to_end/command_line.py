"""The real command line in processes of its own, as a user starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "importer.cli")
# Far beyond what any run here takes: only a hang gets there.
SECONDS = 120

JsonLine = dict[str, Any]


def environment(home: Path) -> dict[str, str]:
    """An environment without anybody's settings, in which warnings are errors."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOKAWAY_")}
    return kept | {
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "PYTHONWARNINGS": "error",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        # A browser that opens no window: what it would show is in the output.
        "BROWSER": "true",
    }


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and all it said."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[JsonLine]:
        """Standard output as JSON lines; every line must be one object."""
        return [parse(line) for line in self.out.splitlines()]

    def named(self, event: str) -> list[JsonLine]:
        """The JSON lines of one event."""
        return [line for line in self.lines if line["event"] == event]


def parse(line: str) -> JsonLine:
    """One JSON line."""
    found = json.loads(line)
    assert isinstance(found, dict) and isinstance(found["event"], str), line
    return found


class CommandLine:
    """Starts `tokaway` with `home` as the user's home folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        home.mkdir(parents=True, exist_ok=True)

    def __call__(
        self,
        *arguments: str | Path,
        program: Sequence[str] = PROGRAM,
        pass_fds: Sequence[int] = (),
        given: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> Ended:
        """Run a command to its end, `given` on its standard input."""
        done = subprocess.run(
            [*program, *map(str, arguments)],
            input=given,
            capture_output=True,
            encoding="utf-8",
            env=environment(self._home) | dict(variables or {}),
            pass_fds=pass_fds,
            timeout=SECONDS,
            cwd=self._home,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def running(self, *arguments: str | Path, hears: bool = False) -> Iterator[Running]:
        """A command at work, which `hears` if it can be told something; killed if it is still at it
        at the end.
        """
        complaints = self._home / "stderr.txt"
        with (
            complaints.open("wb") as err,
            subprocess.Popen(
                [*PROGRAM, *map(str, arguments)],
                stdin=subprocess.PIPE if hears else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=err,
                encoding="utf-8",
                env=environment(self._home),
                cwd=self._home,
            ) as process,
        ):
            try:
                yield Running(process, complaints)
            finally:
                process.kill()


class Running:
    """A command with `--json` at work."""

    def __init__(self, process: subprocess.Popen[str], complaints: Path) -> None:
        self._process = process
        self._complaints = complaints
        self.read: list[JsonLine] = []

    def wait_for(self, event: str, **fields: Any) -> JsonLine:
        """Read on until an event of this name and with these fields comes."""
        return self._until(
            lambda line: line["event"] == event and fields.items() <= line.items(),
            f"{event} {fields}",
        )

    def wait_for_any(self, *events: str) -> JsonLine:
        """Read on until one of these events comes."""
        return self._until(lambda line: line["event"] in events, " or ".join(events))

    def _until(self, is_it: Callable[[JsonLine], bool], what: str) -> JsonLine:
        assert self._process.stdout
        for text in self._process.stdout:
            line = parse(text)
            self.read.append(line)
            if is_it(line):
                return line
        raise AssertionError(f"no {what}: {self._complaints.read_text('utf-8')}")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def tell(self, line: str) -> None:
        """Type a line."""
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def signal(self, number: int) -> None:
        """Send the process a signal."""
        self._process.send_signal(number)

    def end(self) -> int:
        """Read all that is left and wait for the exit code."""
        assert self._process.stdout
        self.read += [parse(text) for text in self._process.stdout]
        return self._process.wait(SECONDS)

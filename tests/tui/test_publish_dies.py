"""The program dies while it publishes, in a terminal of its own; the screens go on from there."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from importer.demo.local_pds import LocalPds
from importer.model import Action
from tests.end_to_end.command_line import environment
from tests.end_to_end.server_truth import look
from tests.tui.import_at_hand import RECORD, Import

SECONDS = 30.0
CTRL_Q = b"\x11"


class Terminal:
    """A terminal with the program in it."""

    def __init__(self, process: subprocess.Popen[bytes], end: int) -> None:
        self.process = process
        self._end = end
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def press(self, keys: bytes) -> None:
        os.write(self._end, keys)

    def _read(self) -> None:
        """What is drawn must be taken, or the program waits for us."""
        try:
            while os.read(self._end, 65536):
                pass
        except OSError:
            return  # the other end is gone

    def join(self) -> int:
        code = self.process.wait(SECONDS)
        self._thread.join(SECONDS)
        return code


@contextmanager
def terminal(made: Import, home: Path) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    kept = {name: os.environ[name] for name in ("TOKAWAY_STATE", "PYTHON_KEYRING_BACKEND")}
    program = [sys.executable, "-m", "tests.tui.program", str(made.folder), json.dumps(made.flags)]
    with subprocess.Popen(
        program,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(home) | kept | {"TERM": "xterm-256color"},
        start_new_session=True,
    ) as process:
        os.close(theirs)
        window = Terminal(process, ours)
        try:
            yield window
        finally:
            process.kill()
            window.join()
            os.close(ours)


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends, "never came"
        threading.Event().wait(0.05)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_dying_in_the_middle_publishes_every_post_once(
    make_import: Callable[..., Import], pds: LocalPds, tmp_path: Path, number: signal.Signals
) -> None:
    made = make_import([Action.KEEP, Action.REMUX] * 3)
    held = made.hold(RECORD)
    with terminal(made, tmp_path) as window:
        assert held.reached.wait(SECONDS)
        # A record is on its way, and arrives when nobody is there any more to note it.
        window.process.send_signal(number)
        assert window.join() != 0
    held.release()
    assert made.counts()["published"] < 6
    with terminal(made, tmp_path) as window:
        until(lambda: made.counts()["published"] == 6)
        window.press(CTRL_Q)
        assert window.join() == 0
    truth = look(pds, made.account.did)
    assert len(truth.keys) == len(set(truth.keys)) == 6


def test_quitting_at_once_does_not_wait_for_a_server_that_hangs(
    make_import: Callable[..., Import], pds: LocalPds, tmp_path: Path
) -> None:
    made = make_import([Action.KEEP] * 3)
    held = made.hold(RECORD)
    with terminal(made, tmp_path) as window:
        assert held.reached.wait(SECONDS)
        window.press(CTRL_Q)
        # Down from "finish what is in hand" to "stop now".
        window.press(b"\x1b[B\r")
        began = time.monotonic()
        assert window.join() == 130
        assert time.monotonic() - began < 20
        assert not held.is_released
    held.release()
    with terminal(made, tmp_path) as window:
        until(lambda: made.counts()["published"] == 3)
        window.press(CTRL_Q)
        assert window.join() == 0
    assert len(look(pds, made.account.did).keys) == 3

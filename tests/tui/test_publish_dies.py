"""The program dies while it publishes, in a terminal of its own; the screens go on from there."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from importer.demo.local_pds import LocalPds
from importer.model import Action
from tests.end_to_end.command_line import environment
from tests.end_to_end.server_truth import look
from tests.tui.import_at_hand import RECORD, Import
from tests.tui.screens import USUAL
from tests.tui.terminal import Terminal

CTRL_Q = "\x11"


def terminal(made: Import, home: Path) -> Terminal:
    kept = {name: os.environ[name] for name in ("TOKAWAY_STATE", "PYTHON_KEYRING_BACKEND")}
    program = [sys.executable, "-m", "tests.tui.program", str(made.folder), json.dumps(made.flags)]
    return Terminal(program, environment(home) | kept, USUAL)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_dying_in_the_middle_publishes_every_post_once(
    make_import: Callable[..., Import], pds: LocalPds, tmp_path: Path, number: signal.Signals
) -> None:
    made = make_import([Action.KEEP, Action.REMUX] * 3)
    held = made.hold(RECORD)
    with terminal(made, tmp_path) as window:
        window.until_true(held.reached.is_set)
        # A record is on its way, and arrives when nobody is there any more to note it.
        window.process.send_signal(number)
        assert window.ended() != 0
    held.release()
    assert made.counts()["published"] < 6
    with terminal(made, tmp_path) as window:
        window.until_true(lambda: made.counts()["published"] == 6)
        window.press(CTRL_Q)
        assert window.ended() == 0
    truth = look(pds, made.account.did)
    assert len(truth.keys) == len(set(truth.keys)) == 6


def test_quitting_at_once_does_not_wait_for_a_server_that_hangs(
    make_import: Callable[..., Import], pds: LocalPds, tmp_path: Path
) -> None:
    made = make_import([Action.KEEP] * 3)
    held = made.hold(RECORD)
    with terminal(made, tmp_path) as window:
        window.until_true(held.reached.is_set)
        window.press(CTRL_Q)
        # Down from "finish what is in hand" to "stop now".
        window.press("\x1b[B\r")
        assert window.ended() == 130
        assert not (held.is_released or held.has_lasted)
    held.release()
    with terminal(made, tmp_path) as window:
        window.until_true(lambda: made.counts()["published"] == 3)
        window.press(CTRL_Q)
        assert window.ended() == 0
    assert len(look(pds, made.account.did).keys) == 3

"""The memory of the screens: `tokaway ui` with many posts against an empty Textual app.

    python benchmarks/ui_memory.py

Each program runs in a terminal of the system. Told is its highest resident set (VmHWM, so Linux
only): on the first screen, with the posts of an archive shown, and after 300 keys through them.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.ui import make
from benchmarks.ui_start import PROGRAMS
from tests.tui.terminal import Terminal

POSTS = (10_000, 50_000)
MEGABYTE = 1_000_000
PAGE_DOWN, DOWN, END = "\x1b[6~", "\x1b[B", "\x1b[F"


def highest(terminal: Terminal) -> float:
    """The highest resident set of a program so far, in MB."""
    status = Path(f"/proc/{terminal.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024 / MEGABYTE


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="tokaway-memory-") as folder:
        home = Path(folder)
        os.environ["TOKAWAY_STATE"] = str(home / "state")
        environment = dict(os.environ) | {"HOME": str(home)}
        with Terminal(PROGRAMS["empty Textual app"], environment, (140, 40)) as terminal:
            terminal.until("Colours")
            empty = highest(terminal)
            print(f"empty Textual app         {empty:6.0f} MB")
        for number in POSTS:
            archive = home / f"{number}.tokaway"
            make(archive, number)
            program = [*PROGRAMS["tokaway ui"], str(archive)]
            with Terminal(program, environment, (140, 40)) as terminal:
                terminal.until(f"{number:,} posts")
                shown = highest(terminal)
                for keys in (PAGE_DOWN * 200, DOWN * 99, END):
                    terminal.press(keys)
                terminal.until(f"{number - 1:,} likes")
                walked = highest(terminal)
            print(f"{number:6,} posts shown        {shown:6.0f} MB, {shown / empty:.1f} times")
            print(f"{number:6,} posts after keys   {walked:6.0f} MB, {walked / empty:.1f} times")


if __name__ == "__main__":
    main()

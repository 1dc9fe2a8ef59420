"""From the command to the first picture: `tokaway ui` against an empty Textual app.

    python benchmarks/ui_start.py

Each is started so many times in turn in a terminal of the system, with a home folder that holds
one import. Time ends when the screen's bottom line is there.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.tui.imports import archive_at
from tests.tui.terminal import Terminal

TIMES = 10
EMPTY = """
from textual.app import App
from textual.widgets import Footer
class Empty(App):
    BINDINGS = [("q", "quit", "Colours")]
    def compose(self):
        yield Footer()
Empty().run()
"""
PROGRAMS = {
    "empty Textual app": [sys.executable, "-c", EMPTY],
    "tokaway ui": [sys.executable, "-m", "importer.cli", "ui"],
}


def first_picture(program: list[str], environment: dict[str, str]) -> float:
    """Seconds until the bottom line can be read."""
    begun = time.perf_counter()
    with Terminal(program, environment, (80, 24)) as terminal:
        terminal.until("Colours")
        return time.perf_counter() - begun


def main() -> None:
    """Measure in turn, and print the medians and their ratio."""
    with tempfile.TemporaryDirectory(prefix="tokaway-start-") as folder:
        home = Path(folder)
        os.environ["TOKAWAY_STATE"] = str(home / "state")
        environment = dict(os.environ) | {"HOME": str(home)}
        archive_at(home / "TikTok_Data_1767225600.tokaway", 1000, published=10)
        seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
        for _ in range(TIMES):
            for name, program in PROGRAMS.items():
                seconds[name].append(first_picture(program, environment))
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    for name, median in medians.items():
        print(f"{name:20} {median:.2f} s ({min(seconds[name]):.2f} to {max(seconds[name]):.2f})")
    print(f"ratio                {medians['tokaway ui'] / medians['empty Textual app']:.2f}")


if __name__ == "__main__":
    main()

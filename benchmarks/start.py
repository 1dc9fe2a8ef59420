"""What it takes to start: the CPU of commands against Python alone and an empty Textual app.

    python benchmarks/start.py

The archive that is looked at holds 1,000 posts, all of them published, so `run` finds nothing to
do. Each command runs so many times in turn; least counts, as other programs only ever add to it.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.tui.imports import archive_at

TIMES = 7
EMPTY = """
from textual.app import App
class Empty(App):
    def on_mount(self):
        self.exit()
Empty().run(headless=True)
"""
ALONE, APP = "python -c pass", "empty Textual app"


def cpu(program: list[str], environment: dict[str, str]) -> float:
    """Seconds of the processor that a program and its children take."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(program, env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure in turn, and print the least of each with its ratios."""
    with tempfile.TemporaryDirectory(prefix="tokaway-start-") as folder:
        home = Path(folder)
        os.environ["TOKAWAY_STATE"] = str(home / "state")
        environment = dict(os.environ) | {"HOME": str(home)}
        archive = str(home / "TikTok_Data_1767225600.tokaway")
        archive_at(Path(archive), 1000, published=1000)
        commands = (
            ["--version"],
            ["--help"],
            ["completion", "bash"],
            ["config"],
            *([name, archive] for name in ("schedule", "status", "posts", "run")),
        )
        programs = {ALONE: [sys.executable, "-c", "pass"], APP: [sys.executable, "-c", EMPTY]}
        for words in commands:
            programs[f"tokaway {words[0]}"] = [sys.executable, "-m", "importer.cli", *words]
        seconds: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(TIMES):
            for name, program in programs.items():
                seconds[name].append(cpu(program, environment))
    least = {name: min(times) for name, times in seconds.items()}
    for name, took in least.items():
        print(
            f"{name:20} {took * 1000:5.0f} ms  {took / least[ALONE]:5.1f} x Python  "
            f"{took / least[APP]:5.2f} x Textual"
        )


if __name__ == "__main__":
    main()

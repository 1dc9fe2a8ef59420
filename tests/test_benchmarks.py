"""What is promised of many posts is measured by programs that run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize(
    ("name", "number", "last"),
    [("many_posts.py", "10", "  verify"), ("account_reading.py", "30", "listRecords")],
)
def test_a_benchmark_runs(name: str, number: str, last: str) -> None:
    ended = subprocess.run(
        [sys.executable, FOLDER / name, number],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        cwd=FOLDER.parent,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1].startswith(last), ended.stdout

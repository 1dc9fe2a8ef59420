"""One run at a time, and no lock that outlives its process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from importer.archive.lock import locked
from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.errors import ArchiveInUse
from importer.model import Milestone
from tests.posts import exported

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from importer.archive.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the archive until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_second_process_is_turned_away_with_words(tmp_path: Path) -> None:
    with holder(tmp_path), pytest.raises(ArchiveInUse) as caught, locked(tmp_path):
        pytest.fail("the archive is held by another process")
    assert caught.value.exit_code == 5
    assert str(tmp_path) in caught.value.text
    assert caught.value.hint


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.kill()
        process.wait(timeout=30)
        with locked(tmp_path), Archive.create(tmp_path) as archive:
            assert archive.absorb([exported()]).new == 1


def test_a_process_that_ends_well_frees_the_archive(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.communicate(timeout=30)
        assert process.returncode == 0
        with locked(tmp_path):
            assert (tmp_path / "archive.lock").exists()


def test_the_lock_is_taken_once_in_a_process_too(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(ArchiveInUse), locked(tmp_path):
        pytest.fail("the archive is held already")
    with locked(tmp_path):
        pass


def test_an_error_inside_frees_the_archive(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), locked(tmp_path):
        raise RuntimeError
    with locked(tmp_path):
        pass


def test_a_held_archive_can_be_looked_at(tmp_path: Path) -> None:
    with Archive.create(tmp_path) as archive:
        archive.absorb([exported()])
    with holder(tmp_path), ArchiveView.open(tmp_path) as view:
        assert view.counts()[Milestone.FOUND] == 1

"""What tests of a batch share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from importer.demo.local_pds import LocalPds
from tests.batch.crowd import Crowd

MakeCrowd = Callable[[LocalPds], Crowd]


@pytest.fixture
def make_crowd(tmp_path: Path) -> Iterator[MakeCrowd]:
    """Gather creators at a PDS, behind a line that can break."""
    with ExitStack() as stack:
        yield lambda pds: Crowd(tmp_path, pds, stack)


@pytest.fixture
def limited_pds() -> Iterator[LocalPds]:
    """A PDS with its real limits, of which nothing is used yet; in memory if there is a place."""
    memory = Path("/dev/shm")
    place = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="tokaway-pds-", dir=place) as folder,
        LocalPds(Path(folder), rate_limits=True) as server,
    ):
        yield server


@pytest.fixture
def crowd(make_crowd: MakeCrowd, pds: LocalPds) -> Crowd:
    """Nobody yet, at the session's PDS."""
    return make_crowd(pds)

"""What tests of a batch share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from importer.demo.local_pds import LocalPds
from tests.batch.crowd import Crowd
from tests.conftest import quick_folder

MakeCrowd = Callable[[LocalPds], Crowd]


@pytest.fixture
def make_crowd(tmp_path: Path) -> Iterator[MakeCrowd]:
    """Gather creators at a PDS, behind a line that can break."""
    with ExitStack() as stack:
        yield lambda pds: Crowd(tmp_path, pds, stack)


@pytest.fixture
def limited_pds() -> Iterator[LocalPds]:
    """A PDS with its real limits, of which nothing is used yet."""
    with quick_folder() as folder, LocalPds(folder, rate_limits=True) as server:
        yield server


@pytest.fixture
def crowd(make_crowd: MakeCrowd, pds: LocalPds) -> Crowd:
    """Nobody yet, at the session's PDS."""
    return make_crowd(pds)

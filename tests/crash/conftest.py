"""Imports to be killed, each with an account of its own."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from importer.demo.local_pds import LocalPds
from importer.demo.media_server import MediaServer
from importer.model import Action
from tests.conftest import TestAccount
from tests.crash.mortal import Mortal
from tests.staged_export import Staged, stage

# There is no SIGKILL on Windows.
collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []

MakeMortal = Callable[..., Mortal]
"""From an export, its media server, and further flags of the run."""

# Which post is which, by its place: see the moments of the tests.
FITS = (Action.KEEP, Action.REMUX, Action.TRANSCODE, Action.KEEP)
LARGE = 0


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    """Four posts: one to keep, large; one to repack; one to encode anew; one to keep."""
    return stage(tmp_path_factory.mktemp("few"), FITS, large=[LARGE])


@pytest.fixture(scope="session")
def few_served(few: Staged) -> Iterator[MediaServer]:
    with MediaServer(few.media) as server:
        yield server


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    """A video, and a post of twelve photos, which becomes a thread."""
    return stage(tmp_path_factory.mktemp("album"), [Action.KEEP], photos=1, photos_each=12)


@pytest.fixture(scope="session")
def album_served(album: Staged) -> Iterator[MediaServer]:
    with MediaServer(album.media) as server:
        yield server


@pytest.fixture
def make_mortal(tmp_path: Path, pds: LocalPds) -> MakeMortal:
    def make(staged: Staged, media: MediaServer, *flags: str) -> Mortal:
        name = f"m{secrets.token_hex(6)}"
        made = pds.create_account(f"{name}.test", "hunter2-hunter2")
        account = TestAccount(made.did, made.handle, "hunter2-hunter2", made.pds)
        return Mortal(staged, media, pds, account, tmp_path / name, *flags)

    return make


@pytest.fixture
def mortal(make_mortal: MakeMortal, few: Staged, few_served: MediaServer) -> Iterator[Mortal]:
    made = make_mortal(few, few_served)
    yield made
    made.wait_for_orphans()

"""Killed while a video that does not play is exchanged, an import goes on to the same end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from importer.archive.view import ArchiveView
from importer.demo.local_pds import LocalPds
from importer.demo.media_server import MediaServer
from importer.records.keys import record_key
from tests.appview_stand_in import AppViewStandIn
from tests.crash.conftest import LARGE, MakeMortal
from tests.crash.mortal import Mortal
from tests.end_to_end.server_truth import look
from tests.staged_export import Staged


@pytest.fixture
def view(pds: LocalPds) -> Iterator[AppViewStandIn]:
    with AppViewStandIn(pds) as made:
        yield made


@pytest.fixture
def watched(
    make_mortal: MakeMortal,
    few: Staged,
    few_served: MediaServer,
    view: AppViewStandIn,
    tmp_path: Path,
) -> Iterator[Mortal]:
    """An import that an app view looks at, without any patience."""
    settings = tmp_path / "watched.toml"
    settings.write_text(f'appview = "{view.url}"\nmute_seconds = 0\nlook_seconds = 20\n')
    made = make_mortal(few, few_served, "--config", str(settings))
    yield made
    made.wait_for_orphans()


def test_an_exchange_goes_on(watched: Mortal, view: AppViewStandIn) -> None:
    large = next(post for post in watched.staged.posts if post.file == f"v{LARGE:04}.mp4")
    key = record_key(large.posted_at, large.ordinal)
    view.refused[key] = 1
    for moment, stands in (("encoded-not-deleted", True), ("deleted-not-noted", False)):
        watched.die(moment)
        [before] = view.shows(key)
        truth = look(watched.pds, watched.did)
        assert (key in truth.keys, before in truth.blobs) == (stands, stands)
    ended = watched.run()
    assert ended.code == 0, ended.out + ended.err
    assert watched.is_finished()
    truth = look(watched.pds, watched.did)
    assert len(truth.keys) == len(set(truth.keys)) == len(watched.staged.public)
    assert view.shows(key)[0] == before
    assert view.shows(key)[1] in truth.blobs and before not in truth.blobs
    assert not watched.files("*.part*") + watched.files("prepared.*")
    with ArchiveView.open(watched.archive) as archive:
        assert archive.looks() == (0, None)

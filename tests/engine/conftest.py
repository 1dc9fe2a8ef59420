"""What tests of the coordinator share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import importer.engine.run
from importer.archive.store import Archive
from importer.clock import utc_now
from importer.media.ffmpeg import Ffmpeg
from importer.model import Limits, Post, Record, Stage
from importer.stages.tools import Tools
from tests.engine.house import House, Shelf, Stages
from tests.posts import ACCOUNT


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    stages = Stages()
    for stage in Stage:
        monkeypatch.setitem(importer.engine.run.WORK, stage, stages.work(stage))

    def reconcile(archive: Archive, tools: Tools) -> list[tuple[Post, tuple[Record, ...]]]:
        assert isinstance(tools.repo, Shelf)
        return tools.repo.reconcile(archive)

    monkeypatch.setattr(importer.engine.run, "reconcile", reconcile)
    with (
        Archive.create(tmp_path / "maker.tokaway") as archive,
        httpx.Client(trust_env=False, verify=False) as http,
    ):
        tools = Tools(
            account=ACCOUNT,
            repo=Shelf(),
            limits=Limits(10**8, 10**8, 600.0, "test"),
            ffmpeg=Ffmpeg(Path("ffmpeg"), "8.0", "test"),
            http=http,
            now=utc_now,
        )
        yield House(archive, stages, tools)

"""What the media tests share: one folder of clips and one ffmpeg for the whole session."""

from __future__ import annotations

import pytest

from importer.media.ffmpeg import Ffmpeg, find
from tests.clips import Clips


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    return find()

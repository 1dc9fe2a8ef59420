"""What the tests of TikTok's pages share: the stand-in server, and waits that take no time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.captions.page_server import PageServer, Waits, instead_of_tiktok


@pytest.fixture
def stop() -> Waits:
    return Waits()


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageServer]:
    with instead_of_tiktok(tmp_path / "server", monkeypatch) as server:
        yield server

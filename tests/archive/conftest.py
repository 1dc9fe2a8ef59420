"""What tests of the archive share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from importer.archive.store import Archive


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An archive without posts."""
    with Archive.create(tmp_path / "maker.tokaway") as made:
        yield made

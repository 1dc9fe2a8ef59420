"""What tests of commands share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.command_line import CommandLine

SAMPLE = Path(__file__).parents[2] / "samples" / "demo" / "user_data_tiktok.json"


@pytest.fixture
def tokaway(tmp_path: Path) -> CommandLine:
    """The program, with a home of its own."""
    return CommandLine(tmp_path / "home")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A sound export."""
    copy = tmp_path / SAMPLE.name
    copy.write_bytes(SAMPLE.read_bytes())
    return copy


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "app-password"
    file.write_text("not-the-password\n", encoding="utf-8")
    return file

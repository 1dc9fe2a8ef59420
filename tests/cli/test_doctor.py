"""`tokaway doctor` says what is there and what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from importer import doctor
from importer.cli import _run as program
from importer.media.ffmpeg import find


def test_all_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert program(["doctor"]) == 0
    told = capsys.readouterr().out
    assert str(find().path) in told
    assert find().version in told
    assert "HEIC" in told
    assert "free at" in told
    assert "Hardware encoders" in told


def test_a_program_that_will_not_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert program(["doctor", "--json", "--ffmpeg", str(tmp_path / "gone")]) == 2
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (ffmpeg,) = (line for line in found if line["name"] == "FFmpeg")
    assert (ffmpeg["event"], ffmpeg["right"]) == ("finding", False)
    assert "gone" in ffmpeg["text"]
    assert ffmpeg["hint"]


def test_a_full_disk_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_LITTLE_ROOM", 1 << 60)
    assert program(["doctor"]) == 2
    assert "! Disk" in capsys.readouterr().out

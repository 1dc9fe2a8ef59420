"""`tokaway doctor` says what is there and what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from importer import machine
from importer.cli import _run as program
from importer.media import ffmpeg
from importer.media.ffmpeg import find
from tests.end_to_end.command_line import CommandLine


def test_all_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert program(["doctor"]) == 0
    told = capsys.readouterr().out
    assert str(find().path) in told
    assert find().version in told
    assert "reads H.264, HEVC, VP9, AV1, MPEG-4; writes H.264" in told
    assert "HEIC" in told
    assert "free at" in told
    assert "Hardware encoders" in told


def test_what_ffmpeg_says_of_chips_that_are_not_there_is_not_shown(tmp_path: Path) -> None:
    ended = CommandLine(tmp_path / "home")("doctor")
    assert (ended.code, ended.err) == (0, "")


def test_a_program_that_will_not_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert program(["doctor", "--json", "--ffmpeg", str(tmp_path / "gone")]) == 2
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (told,) = (line for line in found if line["name"] == "FFmpeg")
    assert (told["event"], told["right"]) == ("finding", False)
    assert "gone" in told["text"]
    assert told["hint"]


def test_a_program_that_reads_less_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ffmpeg._DECODERS, "AV1", {"one_of_tomorrow"})
    assert program(["doctor"]) == 2
    assert "! Videos: reads H.264, HEVC, VP9, MPEG-4, but not AV1" in capsys.readouterr().out


def test_a_full_disk_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_LITTLE_ROOM", 1 << 60)
    assert program(["doctor"]) == 2
    assert "! Disk" in capsys.readouterr().out

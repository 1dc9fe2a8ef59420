"""Probing tells facts as they are, and refuses in words what is no usable video."""

from __future__ import annotations

import struct
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.errors import Refused
from importer.media.container import VIDEO_ENDINGS
from importer.media.probe import probe
from tests.clips import Clips, run


def test_a_plain_mp4(clips: Clips) -> None:
    facts = probe(clips["keep.mp4"])
    assert (facts.width, facts.height) == (180, 320)
    assert (facts.coded_width, facts.coded_height) == (180, 320)
    assert facts.seconds == pytest.approx(1, abs=0.05)
    assert facts.codecs == "h264/aac"
    assert facts.audio_channels == 2
    assert facts.frame_rate == 15
    assert facts.bytes == clips["keep.mp4"].stat().st_size
    assert facts.container == "mp4"
    assert facts.problems == ()


NOTHING_WRONG = [
    "silent.mp4",
    "mono.mp4",
    "sixty.mp4",
    "vfr.mp4",
    "encoder_tag.mp4",
    "audio_first.mp4",
    "sideways.mp4",
]


@pytest.mark.parametrize("name", NOTHING_WRONG)
def test_no_problems(clips: Clips, name: str) -> None:
    assert probe(clips[name]).problems == ()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("quicktime.mov", "QuickTime"),
        ("index_last.mp4", "index comes last"),
        ("fragmented.mp4", "fragments"),
        ("matroska.mkv", "not an MP4"),
        ("chapters_and_more.mp4", "more than one"),
        ("place.mp4", "where it was recorded"),
        ("place.mov", "where it was recorded"),
        ("place_key.mov", "where it was recorded"),
        ("place_key.mov", "when it was recorded"),
        ("place_box.mp4", "where it was recorded"),
        ("tiktok_tags.mp4", "hidden notes (title, comment)"),
        ("uuid.mp4", "unknown data (uuid)"),
        ("cover.mp4", "cover picture"),
    ],
)
def test_problems(clips: Clips, name: str, words: str) -> None:
    assert words in "; ".join(probe(clips[name]).problems)


@pytest.mark.parametrize("ending", sorted(VIDEO_ENDINGS))
def test_every_ending_that_folders_are_searched_for(
    clips: Clips, tmp_path: Path, ending: str
) -> None:
    source = clips["vp9.webm" if ending == ".webm" else "keep.mp4"]
    run("-i", source, "-c", "copy", tmp_path / f"video{ending}")
    facts = probe(tmp_path / f"video{ending}")
    assert facts.codec == probe(source).codec
    assert facts.seconds == pytest.approx(1, abs=0.1)


def test_displayed_size(clips: Clips) -> None:
    turned = probe(clips["sideways.mp4"])
    assert (turned.width, turned.height, turned.rotation) == (320, 180, 270)
    wide = probe(clips["wide_pixels.mp4"])
    assert (wide.width, wide.height, wide.square_pixels) == (240, 320, False)
    odd = probe(clips["odd.mp4"])
    assert (odd.coded_width, odd.coded_height) == (179, 319)


def test_kinds_of_picture(clips: Clips) -> None:
    assert probe(clips["interlaced.mp4"]).interlaced
    assert probe(clips["pq.mp4"]).hdr
    assert probe(clips["hlg.mp4"]).hdr
    assert not probe(clips["ten_bit.mp4"]).hdr
    assert probe(clips["hevc.mp4"]).codec == "hevc"
    assert probe(clips["mp3.mp4"]).audio_codec == "mp3"
    assert probe(clips["vp9.webm"]).codecs == "vp9/opus"


@pytest.mark.parametrize("claimed", [1, 2])
def test_how_many_channels_mp3_has_is_heard(clips: Clips, tmp_path: Path, claimed: int) -> None:
    """Some versions of FFmpeg write two for one."""
    data = bytearray(clips["mp3.mp4"].read_bytes())
    struct.pack_into(">H", data, data.index(b"mp4a") + 20, claimed)
    source = tmp_path / "claims.mp4"
    source.write_bytes(data)
    assert probe(source).audio_channels == 1


def test_cover_art_is_not_the_video(clips: Clips) -> None:
    assert replace(probe(clips["cover.mp4"]), bytes=0, problems=()) == replace(
        probe(clips["keep.mp4"]), bytes=0
    )


def test_a_recording_that_does_not_know_its_length(clips: Clips, tmp_path: Path) -> None:
    # Browsers record WebM this way: written to a pipe, nothing can be filled in afterwards.
    path = tmp_path / "live.webm"
    run("-i", clips["vp9.webm"], "-c", "copy", "-live", "1", "-f", "webm", path)
    assert probe(path).seconds == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("empty.mp4", "empty", "empty"),
        ("web_page.mp4", "not_media", "web page instead of a video"),
        ("json.mp4", "not_media", "JSON"),
        ("playlist.mp4", "not_media", "playlist"),
        ("concat.mp4", "not_media", "playlist"),
        ("cut_short.mp4", "truncated", "stops before its end"),
        ("no_index.mp4", "truncated", "stops before its end"),
        ("sound_only.m4a", "no_video", "sound only"),
        ("bytevc2.mp4", "undecodable", "bytevc2"),
        ("giant.mp4", "undecodable", "8208 x 4320"),
    ],
)
def test_refusals(clips: Clips, name: str, code: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        probe(clips[name])
    assert caught.value.code == code
    assert words in caught.value.text
    assert caught.value.hint


@pytest.mark.parametrize("data", [b"just some words", bytes(range(256)) * 4])
def test_no_media_at_all(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(data)
    with pytest.raises(Refused) as caught:
        probe(path)
    assert caught.value.code == "not_media"


def test_a_missing_file_is_not_a_verdict(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "gone.mp4")


def test_names_that_look_like_addresses(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("http:x.mp4", "-y.mp4", "a %d 😀'.mp4"):
        Path(name).write_bytes(clips["keep.mp4"].read_bytes())
        assert probe(Path(name)).codec == "h264"


def test_tags_that_are_not_text(clips: Clips, tmp_path: Path) -> None:
    path = tmp_path / "tags.mp4"
    path.write_bytes(
        clips["tiktok_tags.mp4"].read_bytes().replace(b"Paris", b"\xff\xfe\x80\xc0\xaf")
    )
    assert "title" in probe(path).problems[0]


@given(changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=6))
def test_any_change_of_a_real_file(clips: Clips, changes: list[tuple[int, int]]) -> None:
    data = bytearray(clips["keep.mp4"].read_bytes())
    for at, value in changes:
        data[at % len(data)] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "changed.mp4"
        path.write_bytes(data)
        try:
            facts = probe(path)
        except Refused:
            return
        assert facts.width > 0
        assert facts.seconds >= 0

"""Posters: small, upright, without any note of the owner, and never in the way."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from importer.media.poster import LONG_SIDE, POSTER_NAME, kept_poster, poster
from tests.clips import Clips
from tests.media.matrix import CASES, SECRETS, Case
from tests.media.photo_samples import PLACE, sample

GREY = {"pq.mp4", "hlg.mp4", "dolby_vision_8.mp4", "dolby_vision_5.mp4"}


def opened(content: bytes | None) -> Image.Image:
    assert content
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_video_has_one_and_it_tells_nothing_else(clips: Clips, case: Case) -> None:
    content = poster(clips[case.name])
    picture = opened(content)
    assert picture.format == "WEBP" and max(picture.size) == LONG_SIDE
    assert content and not [secret for secret in SECRETS if secret in content]
    # The clips in HDR are one grey from corner to corner.
    assert picture.getcolors(2) is None or case.name in GREY


@pytest.mark.parametrize(("name", "is_tall"), [("keep.mp4", True), ("sideways.mp4", False)])
def test_a_video_stands_as_players_show_it(clips: Clips, name: str, is_tall: bool) -> None:
    width, height = opened(poster(clips[name])).size
    assert (height > width) == is_tall


@pytest.mark.parametrize("name", ["camera.jpg", "p3.jpg", "photo.heic", "moving.gif", "texts.png"])
def test_a_photo_has_one_without_its_notes(tmp_path: Path, name: str) -> None:
    content = poster(sample(tmp_path, name))
    picture = opened(content)
    assert max(picture.size) <= LONG_SIDE
    assert content and PLACE not in content and b"EXIF" not in content and b"ICCP" not in content


@pytest.mark.parametrize(
    "name", ["empty.jpg", "web_page.jpg", "json.jpg", "video.jpg", "picture.svg", "gigapixel.png"]
)
def test_what_shows_nothing_has_none(tmp_path: Path, name: str) -> None:
    assert poster(sample(tmp_path, name)) is None


def test_a_playlist_in_disguise_opens_nothing(tmp_path: Path, clips: Clips) -> None:
    script = tmp_path / "original.mp4"
    script.write_text(f"ffconcat version 1.0\nfile '{clips['keep.mp4']}'\n", encoding="utf-8")
    assert poster(script) is None


def test_it_is_kept_beside_its_original_until_that_changes(tmp_path: Path) -> None:
    original = tmp_path / "original.jpg"
    assert kept_poster(original) is None
    Image.new("RGB", (80, 60), "red").save(original)
    assert kept_poster(original, make=False) is None
    first = kept_poster(original)
    kept = tmp_path / POSTER_NAME
    assert first == kept.read_bytes()
    original.unlink()
    assert kept_poster(original) == first
    Image.new("RGB", (80, 60), "blue").save(original)
    later = kept.stat().st_mtime_ns + 1_000_000_000
    os.utime(original, ns=(later, later))
    assert kept_poster(original) not in (None, first)


def test_one_that_cannot_be_kept_is_given_all_the_same(tmp_path: Path) -> None:
    original = tmp_path / "original.jpg"
    Image.new("RGB", (80, 60), "red").save(original)
    (tmp_path / POSTER_NAME).mkdir()
    assert opened(kept_poster(original)).size == (80, 60)
    assert not list(tmp_path.glob("*.part*"))

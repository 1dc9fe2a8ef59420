"""All photos of a post come, or the post waits; captions and sounds come along."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from importer.demo.media_server import MediaServer
from importer.errors import Refused, StepError
from importer.export.links import classify, rehost
from importer.model import Kind, Link, MediaFile, Post
from importer.stages.fetch import fetch
from importer.stages.tools import Job, Tools
from importer.step import Step
from tests.clips import run
from tests.stages.conftest import CLIP
from tests.stages.test_fetch import post_with, tools

__all__ = ["tools"]
SIGNED = (
    "https://p16-ttdyd-sign-sg.ibyteimg.com/tos-alisg-i-photomode-sg/object.jpeg?rk3s=d05b14bd"
    "&x-expires=1767225600&x-signature=x"
)
ID = "7341657448278412548"


@pytest.fixture
def album(tmp_path: Path) -> Iterator[MediaServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    for number in range(12):
        Image.new("RGB", (8 + number, 6), "red").save(folder / f"{number}.jpeg")
    (folder / "page.jpeg").write_bytes(b"<!doctype html><title>Not a photo</title>")
    with MediaServer(folder) as server:
        yield server


def link_to(media: MediaServer, name: str, days: int = 5) -> Link:
    signed = SIGNED.replace("object.jpeg", name)
    link = classify(rehost(signed, media.url(""), datetime.now(UTC) + timedelta(days)))
    assert link
    return link


def photo_post(*links: Link, source: Path | None = None) -> Post:
    return replace(post_with(*links, source=source), kind=Kind.PHOTO)


def fetched(post: Post, tools: Tools, archive: Path) -> tuple[MediaFile, ...]:
    return fetch(Job(post, {}, archive), tools, Step()).files


def refusal(post: Post, tools: Tools, archive: Path) -> StepError:
    with pytest.raises(StepError) as raised:
        fetched(post, tools, archive)
    return raised.value


def test_photos_come_in_their_order(tools: Tools, album: MediaServer, tmp_path: Path) -> None:
    names = [f"{number}.jpeg" for number in (3, 11, 0, 7, 1, 2, 4, 5, 6, 8, 9, 10)]
    post = photo_post(*(link_to(album, name) for name in names))
    files = fetched(post, tools, tmp_path / "archive")
    assert [file.part for file in files] == list(range(12))
    assert [file.width for file in files[:4]] == [11, 19, 8, 15]
    assert Path(files[10].path).name.startswith("original-10-")


def test_what_is_here_is_not_asked_for_again(
    tools: Tools, album: MediaServer, tmp_path: Path
) -> None:
    post = photo_post(link_to(album, "0.jpeg"), link_to(album, "1.jpeg"))
    first = fetched(post, tools, tmp_path / "archive")
    asked = len(album.requests)
    assert fetched(post, tools, tmp_path / "archive") == first
    assert len(album.requests) == asked


def test_a_newer_export_with_fewer_photos_in_another_order(
    tools: Tools, album: MediaServer, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    names = ["0.jpeg", "1.jpeg", "2.jpeg", "gone.jpeg"]
    refusal(photo_post(*(link_to(album, name) for name in names)), tools, archive)
    names = ["2.jpeg", "1.jpeg", "1.jpeg"]
    files = fetched(photo_post(*(link_to(album, name, 6) for name in names)), tools, archive)
    assert [(file.part, file.width) for file in files] == [(0, 10), (1, 9), (2, 9)]


@pytest.mark.parametrize(
    ("name", "days", "code"),
    [("gone.jpeg", 5, "gone"), ("1.jpeg", -1, "link_expired"), ("page.jpeg", 5, None)],
)
def test_one_photo_that_does_not_come_holds_up_the_post(
    tools: Tools, album: MediaServer, tmp_path: Path, name: str, days: int, code: str | None
) -> None:
    post = photo_post(link_to(album, "0.jpeg"), link_to(album, name, days))
    error = refusal(post, tools, tmp_path / "archive")
    assert error.hint
    assert code is None or error.code == code
    assert not list((tmp_path / "archive").rglob("original-01*"))


def test_a_post_without_links_or_files(tools: Tools, tmp_path: Path) -> None:
    error = refusal(photo_post(), tools, tmp_path / "archive")
    assert (error.code, "photo" in error.text) == ("no_link", True)


def own_set(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(1, count + 1):
        Image.new("RGB", (20 + number, 6), "blue").save(folder / f"{ID}_{number:02} Loaf.png")
    run("-f", "lavfi", "-i", "sine=440:44100:d=1", folder / f"{ID} Loaf.mp3")
    return folder / f"{ID}_01 Loaf.png"


def test_the_creators_own_photos_come_before_links(
    tools: Tools, album: MediaServer, tmp_path: Path
) -> None:
    first = own_set(tmp_path / "mine", 3)
    post = photo_post(link_to(album, "0.jpeg"), link_to(album, "1.jpeg"), source=first)
    files = fetched(post, tools, tmp_path / "archive")
    assert [file.width for file in files] == [21, 22, 23]
    assert album.requests == ()
    assert list((tmp_path / "archive").rglob("original.mp3"))


def test_a_set_that_lacks_photos_does_not_replace_the_links(
    tools: Tools, album: MediaServer, tmp_path: Path
) -> None:
    first = own_set(tmp_path / "mine", 1)
    post = photo_post(link_to(album, "0.jpeg"), link_to(album, "1.jpeg"), source=first)
    assert [file.width for file in fetched(post, tools, tmp_path / "archive")] == [8, 9]


def test_own_photos_that_are_gone(tools: Tools, tmp_path: Path) -> None:
    gone = tmp_path / "unplugged" / f"{ID}_01.jpg"
    error = refusal(photo_post(source=gone), tools, tmp_path / "archive")
    assert (error.code, isinstance(error, Refused)) == ("unreadable_source", True)


def test_captions_beside_a_video_come_along(tools: Tools, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copyfile(CLIP, folder / "walk.mp4")
    (folder / "walk.eng-US.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n")
    (folder / "walk.info.json").write_text("{}")
    post = post_with(source=folder / "walk.mp4")
    (file,) = fetched(post, tools, tmp_path / "archive")
    here = sorted(path.name for path in (tmp_path / "archive" / file.path).parent.iterdir())
    assert here == ["original.eng-US.vtt", "original.mp4"]

"""Where an original comes from: a file of the creator's, else a link; always a video."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from importer.demo.media_server import MediaServer
from importer.errors import Refused, StepError, Stopped
from importer.export.links import classify, rehost
from importer.media.ffmpeg import Ffmpeg
from importer.model import Kind, Limits, Link, MediaFile, Milestone, Post, Privacy, Role
from importer.pds.repo import Repo
from importer.stages.fetch import fetch
from importer.stages.tools import Job, Tools
from importer.step import Step
from tests.posts import ACCOUNT, exported
from tests.stages.conftest import CLIP

SIGNED = (
    "https://video-sg.tiktokv.com/storage/v1/tos-alisg/object?a=1233&mime_type=video_mp4"
    "&x-tos-expires=1767225600&x-tos-signature=x"
)
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


class NoRepo(Repo):
    """Fetching has nothing to do with the server."""

    def __init__(self) -> None:
        return


@pytest.fixture
def tools() -> Iterator[Tools]:
    with httpx.Client(trust_env=False, verify=False) as http:
        yield Tools(
            account=ACCOUNT,
            repo=NoRepo(),
            limits=Limits(10**8, 10**8, 600.0, "test"),
            ffmpeg=Ffmpeg(Path("ffmpeg"), "8.0", "test"),
            http=http,
            now=lambda: datetime.now(UTC),
        )


@pytest.fixture
def media(tmp_path: Path) -> Iterator[MediaServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    shutil.copyfile(CLIP, folder / "object")
    (folder / "page").write_bytes(b"<!doctype html><title>Not a video</title>")
    with MediaServer(folder) as server:
        yield server


def link_to(media: MediaServer, name: str = "object", days: int = 5) -> Link:
    url = rehost(SIGNED.replace("object", name), media.url(""), datetime.now(UTC) + timedelta(days))
    link = classify(url)
    assert link
    return link


def post_with(*links: Link, source: Path | None = None) -> Post:
    seed = exported()
    return Post(
        id=seed.id,
        ordinal=0,
        posted_at=seed.posted_at,
        kind=Kind.VIDEO,
        privacy=Privacy.EVERYONE,
        links=links,
        chosen=True,
        milestone=Milestone.FOUND,
        source_path=str(source) if source else None,
    )


def fetched(post: Post, tools: Tools, archive: Path, step: Step | None = None) -> MediaFile:
    (file,) = fetch(Job(post, {}, archive), tools, step or Step()).files
    return file


def refusal(post: Post, tools: Tools, archive: Path) -> StepError:
    with pytest.raises(StepError) as raised:
        fetched(post, tools, archive)
    assert not list((archive / "media" / post.id).glob("original.mp4"))
    assert raised.value.hint
    return raised.value


def test_a_file_of_the_creators_comes_before_a_link(
    tools: Tools, media: MediaServer, tmp_path: Path
) -> None:
    own = tmp_path / "Holiday.MP4"
    shutil.copyfile(CLIP, own)
    before = own.stat()
    file = fetched(post_with(link_to(media), source=own), tools, tmp_path / "archive")
    assert (file.role, file.path) == (Role.ORIGINAL, f"media/{exported().id}/original.mp4")
    assert (tmp_path / "archive" / file.path).read_bytes() == CLIP.read_bytes()
    assert (own.stat().st_mtime_ns, own.stat().st_size) == (before.st_mtime_ns, before.st_size)
    assert media.requests == ()


def test_a_copy_keeps_the_kind_of_its_file(tools: Tools, tmp_path: Path) -> None:
    own = tmp_path / "film.mov"
    shutil.copyfile(CLIP, own)
    file = fetched(post_with(source=own), tools, tmp_path / "archive")
    assert file.path.endswith("/original.mov")


def test_a_link_serves_when_the_creators_file_is_gone(
    tools: Tools, media: MediaServer, tmp_path: Path
) -> None:
    post = post_with(link_to(media), source=tmp_path / "unplugged" / "film.mp4")
    file = fetched(post, tools, tmp_path / "archive")
    assert (tmp_path / "archive" / file.path).read_bytes() == CLIP.read_bytes()
    assert [request.status for request in media.requests] == [200]


def test_a_file_that_is_gone_and_has_no_link_is_named(tools: Tools, tmp_path: Path) -> None:
    gone = tmp_path / "unplugged" / "film.mp4"
    error = refusal(post_with(source=gone), tools, tmp_path / "archive")
    assert error.code == "unreadable_source"
    assert str(gone) in error.text


@pytest.mark.skipif(IS_ROOT or os.name != "posix", reason="who may read everything is not refused")
def test_a_file_that_may_not_be_read_is_named(tools: Tools, tmp_path: Path) -> None:
    own = tmp_path / "film.mp4"
    shutil.copyfile(CLIP, own)
    own.chmod(0)
    assert refusal(post_with(source=own), tools, tmp_path / "archive").code == "unreadable_source"


def test_a_file_that_is_no_video_is_refused_and_not_kept(tools: Tools, tmp_path: Path) -> None:
    own = tmp_path / "film.mp4"
    own.write_bytes(b"not a film at all")
    error = refusal(post_with(source=own), tools, tmp_path / "archive")
    assert isinstance(error, Refused)
    assert own.read_bytes() == b"not a film at all"


def test_a_page_in_the_place_of_a_video_is_refused(
    tools: Tools, media: MediaServer, tmp_path: Path
) -> None:
    refusal(post_with(link_to(media, "page")), tools, tmp_path / "archive")


def test_a_dead_link_says_how_to_get_a_fresh_one(
    tools: Tools, media: MediaServer, tmp_path: Path
) -> None:
    error = refusal(post_with(link_to(media, days=-1)), tools, tmp_path / "archive")
    assert error.code == "link_expired"
    assert "fresh export" in error.hint


def test_a_second_link_serves_when_the_first_is_dead(
    tools: Tools, media: MediaServer, tmp_path: Path
) -> None:
    post = post_with(link_to(media, days=-1), link_to(media))
    assert fetched(post, tools, tmp_path / "archive").bytes == CLIP.stat().st_size


def test_a_post_without_any_link_is_told_how_to_help(tools: Tools, tmp_path: Path) -> None:
    error = refusal(post_with(), tools, tmp_path / "archive")
    assert error.code == "no_link"
    assert "--source" in error.hint


def test_a_file_left_in_place_is_taken_without_asking(
    tools: Tools, media: MediaServer, tmp_path: Path
) -> None:
    post = post_with(link_to(media))
    folder = tmp_path / "archive" / "media" / post.id
    folder.mkdir(parents=True)
    shutil.copyfile(CLIP, folder / "original.mp4")
    assert fetched(post, tools, tmp_path / "archive").bytes == CLIP.stat().st_size
    assert media.requests == ()


def test_rubbish_left_in_place_is_fetched_anew(
    tools: Tools, media: MediaServer, tmp_path: Path
) -> None:
    post = post_with(link_to(media))
    folder = tmp_path / "archive" / "media" / post.id
    folder.mkdir(parents=True)
    (folder / "original.mp4").write_bytes(b"half a film")
    assert fetched(post, tools, tmp_path / "archive").bytes == CLIP.stat().st_size


def test_copying_stops_at_once_when_told_to(tools: Tools, tmp_path: Path) -> None:
    own = tmp_path / "film.mp4"
    shutil.copyfile(CLIP, own)
    step = Step()
    step.stop.set()
    with pytest.raises(Stopped):
        fetched(post_with(source=own), tools, tmp_path / "archive", step)
    assert not list((tmp_path / "archive").rglob("original.mp4"))

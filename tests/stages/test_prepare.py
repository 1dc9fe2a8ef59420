"""A prepared file is one the servers accept, made with the least harm and only when needed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from importer.errors import Refused, Stopped
from importer.media.ffmpeg import Ffmpeg, find
from importer.media.probe import probe
from importer.model import Action, Kind, Limits, Long, MediaFile, Milestone, Post, Privacy, Role
from importer.stages.place import describe, post_folder
from importer.stages.prepare import prepare
from importer.stages.tools import FileGone, Job, Tools
from importer.step import Step
from tests.posts import ACCOUNT, exported
from tests.stages.test_fetch import NoRepo

MEDIA = Path(__file__).parents[2] / "samples" / "demo" / "media"
KEEP, REMUX, TRANSCODE = "clip1", "clip2", "clip3"
LIMITS = Limits(10**8, 10**8, 600.0, "test")
PLACE = b"48.8577"


@pytest.fixture(scope="module")
def ffmpeg() -> Ffmpeg:
    return find()


@pytest.fixture
def tools(ffmpeg: Ffmpeg) -> Iterator[Tools]:
    with httpx.Client(verify=False) as http:
        yield Tools(ACCOUNT, NoRepo(), LIMITS, ffmpeg, http, lambda: datetime.now(UTC))


def job_of(archive: Path, clip: str) -> Job:
    seed = exported()
    post = Post(
        id=seed.id,
        ordinal=0,
        posted_at=seed.posted_at,
        kind=Kind.VIDEO,
        privacy=Privacy.EVERYONE,
        links=(),
        chosen=True,
        milestone=Milestone.FETCHED,
    )
    path = post_folder(archive, post.id) / "original.mp4"
    shutil.copyfile(MEDIA / f"{clip}.mp4", path)
    file = describe(Role.ORIGINAL, archive, path, probe(path))
    return Job(post, {Role.ORIGINAL: (file,)}, archive)


def original(job: Job) -> Path:
    return job.archive / job.files[Role.ORIGINAL][0].path


def prepared(job: Job, tools: Tools) -> MediaFile:
    before = original(job).read_bytes()
    (file,) = prepare(job, tools, Step()).files
    assert original(job).read_bytes() == before
    assert not list(job.archive.rglob("*.part"))
    return file


def test_what_is_right_is_sent_as_it_is(tools: Tools, tmp_path: Path) -> None:
    job = job_of(tmp_path, KEEP)
    file = prepared(job, tools)
    assert (file.role, file.fit, file.path) == (
        Role.PREPARED,
        Action.KEEP,
        job.files[Role.ORIGINAL][0].path,
    )


def test_hidden_facts_go_without_loss(tools: Tools, tmp_path: Path) -> None:
    job = job_of(tmp_path, REMUX)
    assert PLACE in original(job).read_bytes()
    file = prepared(job, tools)
    assert (file.fit, file.path) == (Action.REMUX, f"media/{job.post.id}/prepared.0.mp4")
    assert PLACE not in (tmp_path / file.path).read_bytes()
    assert file.reason and "where it was recorded" in file.reason


def test_another_codec_is_converted(tools: Tools, tmp_path: Path) -> None:
    file = prepared(job_of(tmp_path, TRANSCODE), tools)
    assert (file.fit, file.codecs) == (Action.TRANSCODE, "h264/aac")


def test_what_is_too_long_is_left_out_with_the_reason(tools: Tools, tmp_path: Path) -> None:
    short = replace(tools, limits=replace(LIMITS, video_seconds=1.0), long=Long.SKIP)
    with pytest.raises(Refused) as raised:
        prepare(job_of(tmp_path, KEEP), short, Step())
    assert (raised.value.skip, raised.value.code) == (True, "does_not_fit")
    assert raised.value.text


@pytest.mark.parametrize("harm", ["gone", "shorter"])
def test_an_original_that_is_not_what_it_was_is_fetched_again(
    tools: Tools, tmp_path: Path, harm: str
) -> None:
    job = job_of(tmp_path, KEEP)
    if harm == "gone":
        original(job).unlink()
    else:
        os.truncate(original(job), 1000)
    with pytest.raises(FileGone):
        prepare(job, tools, Step())


def test_a_file_that_a_killed_run_had_finished_is_taken(tools: Tools, tmp_path: Path) -> None:
    job = job_of(tmp_path, TRANSCODE)
    first = prepared(job, tools)
    made = (tmp_path / first.path).stat().st_mtime_ns
    again = prepared(job, tools)
    assert again.sha256 == first.sha256
    assert (tmp_path / again.path).stat().st_mtime_ns == made


@pytest.mark.parametrize("left", ["older", "rubbish", "another video"])
def test_what_lies_there_and_is_not_the_result_is_made_anew(
    tools: Tools, tmp_path: Path, left: str
) -> None:
    job = job_of(tmp_path, TRANSCODE)
    target = tmp_path / "media" / job.post.id / "prepared.0.mp4"
    if left == "rubbish":
        target.write_bytes(b"half a film")
    else:
        # clip4 lasts a second longer than clip3.
        shutil.copyfile(MEDIA / ("clip1.mp4" if left == "older" else "clip4.mp4"), target)
    if left == "older":
        os.utime(target, (1, 1))
    before = target.read_bytes()
    file = prepared(job, tools)
    assert file.fit == Action.TRANSCODE
    assert target.read_bytes() != before
    assert abs(probe(target).seconds - probe(original(job)).seconds) < 0.2


def test_it_stops_at_once_when_told_to(tools: Tools, tmp_path: Path) -> None:
    step = Step()
    step.stop.set()
    job = job_of(tmp_path, TRANSCODE)
    with pytest.raises(Stopped):
        prepare(job, tools, step)
    assert [path.name for path in original(job).parent.iterdir()] == ["original.mp4"]

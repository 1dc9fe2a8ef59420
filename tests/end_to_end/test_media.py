"""Long videos and wishes about them, by the real command line against a real PDS."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from importer.model import Action
from tests.clips import run
from tests.end_to_end.conftest import Job, MakeJob
from tests.end_to_end.server_truth import Truth, look, micros
from tests.staged_export import stage

MINUTES = 11


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eleven minutes, which the server takes in two parts."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    run(
        *("-f", "lavfi", "-i", f"testsrc2=s=36x64:r=1:d={MINUTES * 60}"),
        *("-f", "lavfi", "-i", f"sine=440:8000:d={MINUTES * 60}"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "16k", "-movflags", "+faststart", "-fflags", "+bitexact", path),
    )
    return path


@pytest.fixture
def job(make_job: MakeJob, tmp_path: Path, long_clip: Path) -> Job:
    """An import of one video that is too long."""
    staged = stage(tmp_path / "media", [Action.KEEP], captions={0: "A long day #walk"})
    shutil.copyfile(long_clip, staged.media / staged.posts[0].file)
    return make_job(staged)


def truth(job: Job) -> Truth:
    return look(job.pds, job.account.did)


def test_a_video_that_is_too_long_becomes_a_thread(job: Job) -> None:
    ended = job.run("--json")
    assert ended.code == 0, ended.err
    (prepared,) = (line for line in ended.named("step_done") if line["stage"] == "prepare")
    assert prepared["text"].startswith("split: Split into 2 parts")
    found = truth(job)
    post = job.staged.posts[0]
    assert [micros(key) for key in found.keys] == [post.micros, post.micros + 1]
    first, second = (record["value"] for record in found.records)
    assert (first["text"], second["text"]) == ("A long day #walk", "2/2")
    assert second["reply"]["parent"]["uri"] == found.records[0]["uri"]
    verified = job.tokaway("verify", job.archive)
    assert "2 records checked" in verified.out
    assert job.run().out.startswith("Nothing to do: 1 of 1")
    assert job.tokaway("report", job.archive).code == 0
    html = (job.archive / "report.html").read_text(encoding="utf-8")
    assert all(record["uri"] in html for record in found.records)


def test_it_may_be_trimmed_by_a_flag(job: Job) -> None:
    assert job.run("--long", "trim").code == 0
    assert [record["value"]["text"] for record in truth(job).records] == ["A long day #walk"]


def test_a_wish_for_one_post_goes_before_the_flag(job: Job) -> None:
    skipped = job.run("--long", "skip")
    assert skipped.code == 0
    assert "11 min long" in skipped.out
    assert truth(job).records == ()
    post = job.staged.posts[0].id
    planned = job.tokaway("posts", job.archive, post, "--long", "split")
    assert "Split into 2 parts" in planned.out
    assert job.run("--long", "skip").code == 0
    assert len(truth(job).records) == 2

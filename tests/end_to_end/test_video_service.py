"""What a video service made is looked at again, as everybody can see it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from importer.model import Action
from tests.end_to_end.conftest import MakeJob
from tests.end_to_end.server_truth import COLLECTION
from tests.staged_export import stage
from tests.video_stand_in import VideoStandIn


def test_a_video_that_the_service_cut_short_is_told_at_once_and_can_be_mended(
    make_job: MakeJob, video_service: VideoStandIn, tmp_path: Path
) -> None:
    video_service.encodes, video_service.cuts = True, 1
    job = make_job(stage(tmp_path / "media", [Action.KEEP] * 3))
    service = ("--upload", "service", "--video-service", video_service.url)
    done = job.run(*service, "--json")
    assert done.code == 1, done.err
    assert done.lines[-1]["outcome"] == "some_mute"
    (told,) = done.named("looked")
    assert (told["code"], told["plays"]) == ("wrong_video", False)
    # Nothing is left to publish, and it is still not right.
    assert job.run(*service).code == 1
    mended = job.tokaway("verify", job.archive, "--repair", "--yes", *job.access[2:])
    assert mended.code == 0, mended.out + mended.err
    assert job.run(*service).code == 0
    assert job.tokaway("verify", job.archive).code == 0
    assert len(job.pds.list_records(job.account.did, COLLECTION)) == 3


def test_verify_tells_a_video_that_was_cut_short(
    make_job: MakeJob, video_service: VideoStandIn, tmp_path: Path
) -> None:
    video_service.encodes = True
    job = make_job(stage(tmp_path / "media", [Action.KEEP] * 2))
    done = job.run("--upload", "service", "--video-service", video_service.url)
    assert done.code == 0, done.err
    whole = job.tokaway("verify", job.archive)
    assert whole.code == 0, whole.out
    # As if both had been longer when they were sent.
    with closing(sqlite3.connect(job.archive / "archive.db")) as archive, archive:
        archive.execute("UPDATE files SET seconds = seconds * 3 WHERE role = 'prepared'")
    cut = job.tokaway("verify", job.archive)
    assert cut.code == 1
    assert cut.out.count("is not the whole video") == 2

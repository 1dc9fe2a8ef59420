"""What a video service made is looked at again, as everybody can see it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from importer.model import Action
from tests.end_to_end.conftest import MakeJob
from tests.staged_export import stage
from tests.video_stand_in import VideoStandIn


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

"""Files that are not what they say they are: each is refused with a reason, none stops the run."""

from __future__ import annotations

import shutil
from pathlib import Path

from importer.model import Action
from tests.clips import Clips
from tests.end_to_end.conftest import MakeJob
from tests.end_to_end.server_truth import look
from tests.staged_export import stage

# What is at the link of a post, and a word of why it is refused.
HOSTILE = {
    "empty.mp4": "incomplete",
    "web_page.mp4": "not_media",
    "json.mp4": "not_media",
    "playlist.mp4": "not_media",
    "concat.mp4": "not_media",
    "cut_short.mp4": "truncated",
    "no_index.mp4": "truncated",
    "sound_only.m4a": "no_video",
    "bytevc2.mp4": "undecodable",
    "giant.mp4": "undecodable",
    "damaged.mp4": "damaged",
}
GOOD = 3


def test_each_is_refused_and_none_stops_the_run(
    make_job: MakeJob, clips: Clips, tmp_path: Path
) -> None:
    staged = stage(tmp_path / "media", [Action.KEEP] * (len(HOSTILE) + GOOD))
    hostile = dict(zip(HOSTILE, staged.posts, strict=False))
    for name, post in hostile.items():
        shutil.copyfile(clips[name], staged.media / post.file)
    job = make_job(staged)
    hurry = {"TOKAWAY_RETRY_SECONDS": "0.01"}
    ended = job.tokaway("run", job.export, *job.access, "--json", variables=hurry)
    assert ended.code == 1, ended.err
    refusals = [line for line in ended.named("step_failed") if line["milestone"] == "failed"]
    failed = {line["post"]: line for line in refusals}
    for name, post in hostile.items():
        line = failed[post.id]
        assert (name, line["code"]) == (name, HOSTILE[name])
        assert line["text"]
        assert line["hint"]
    assert len(refusals) == len(HOSTILE)
    found = look(job.pds, job.account.did)
    assert len(found.records) == GOOD
    told = job.tokaway("status", job.archive).out
    assert f"{GOOD} published" in told

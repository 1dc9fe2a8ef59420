"""On a line that breaks again and again, the same import comes to the same end."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from importer.model import Action
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.end_to_end.command_line import Ended
from tests.end_to_end.conftest import Job, MakeJob
from tests.end_to_end.server_truth import assert_exactly, look
from tests.staged_export import stage

UPLOAD = "com.atproto.repo.uploadBlob"
WRITE = "com.atproto.repo.putRecord"
WRITE_TOGETHER = "com.atproto.repo.applyWrites"
FITS = (Action.KEEP, Action.REMUX, Action.KEEP, Action.KEEP, Action.REMUX, Action.KEEP)
# A thread; posts whose comments were closed; both. And photos beside them.
LONG = {place: f"Story {place}. " + "One more sentence of it. " * 25 for place in (1, 4)}
CLOSED, PHOTO_POSTS = (2, 4), 2
# Each breakage once or twice, where files are sent and where one record is written, or several.
SCRIPT = (
    *((UPLOAD, fault) for fault in Breakage),
    *((WRITE, fault) for fault in Breakage),
    *((WRITE_TOGETHER, fault) for fault in Breakage),
    (WRITE, Breakage.DROP_ANSWER),
    (WRITE_TOGETHER, Breakage.DROP_ANSWER),
)
RUNS = 10


@pytest.fixture
def job(make_job: MakeJob, tmp_path: Path) -> Job:
    made = make_job(
        stage(tmp_path / "staged", FITS, captions=LONG, closed=CLOSED, photos=PHOTO_POSTS)
    )
    (made.folder / "hasty.toml").write_text("retry_seconds = 0.1\ntries = 20\n", encoding="utf-8")
    return made


def run(job: Job, proxy: BreakingProxy) -> Ended:
    """The user's one command, over the bad line."""
    return job.run("--config", job.folder / "hasty.toml", "--pds", proxy.url, "--json")


@pytest.fixture
def bad_line(job: Job) -> BreakingProxy:
    return BreakingProxy(job.pds.url, rate_limit_seconds=1)


def test_each_breakage_once_in_one_run(job: Job, bad_line: BreakingProxy) -> None:
    with bad_line as proxy:
        # At once one after the other: no post can get by while a breakage is left.
        for nsid, fault in SCRIPT:
            proxy.breakage(nsid, fault)
        ended = run(job, proxy)
        broken = [(call.nsid, call.fault) for call in proxy.calls() if call.fault]
    assert ended.code == 0, ended.out + ended.err
    assert sorted(broken) == sorted(SCRIPT)
    assert_exactly(job.pds, job.account.did, job.staged.public)


def test_whatever_breaks_the_same_command_again_ends_the_same(
    job: Job, bad_line: BreakingProxy
) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  pytest shows it when the test fails
    with bad_line as proxy:
        proxy.chaos(seed, 0.4, at_most_in_a_row=4)
        codes: list[int] = []
        is_over = False
        while not is_over:
            assert len(codes) < RUNS, codes
            ended = run(job, proxy)
            codes.append(ended.code)
            is_over = ended.code not in (6, 75)
        broken = [call.fault for call in proxy.calls() if call.fault]
    assert codes[-1] == 0
    assert len(broken) >= len(FITS)
    assert_exactly(job.pds, job.account.did, job.staged.public)


def test_a_lost_archive_on_a_bad_line(job: Job, bad_line: BreakingProxy) -> None:
    """What was written before is recognised although listing it breaks too."""
    first = job.run("--limit", "3")
    assert first.code == 0, first.err
    written = look(job.pds, job.account.did)
    (job.archive / "archive.db").unlink()
    with bad_line as proxy:
        proxy.breakage("com.atproto.sync.getRepo", Breakage.CUT_ANSWER)
        proxy.breakage("com.atproto.sync.getRepo", Breakage.BAD_GATEWAY)
        proxy.breakage(WRITE, Breakage.DROP_ANSWER)
        ended = run(job, proxy)
    assert ended.code == 0, ended.out + ended.err
    (recognised,) = ended.named("recognised")
    assert recognised["posts"] == 3
    truth = assert_exactly(job.pds, job.account.did, job.staged.public)
    assert [record for record in truth.records if record in written.records] == list(
        written.records
    )


def test_verify_and_undo_on_a_bad_line(job: Job, bad_line: BreakingProxy) -> None:
    """They wait and go on by themselves, and nothing else is deleted."""
    assert job.run().code == 0
    (job.archive / "tokaway.toml").write_text("retry_seconds = 0.1\n", encoding="utf-8")
    password = ("--password-file", job.folder / "password.txt")
    with bad_line as proxy:
        proxy.chaos(7, 0.2, at_most_in_a_row=4)
        there = ("--pds", proxy.url)
        verified = job.tokaway("verify", job.archive, *there)
        assert verified.code == 0, verified.out + verified.err
        ended = job.tokaway("undo", job.archive, "--yes", *there, *password)
        while ended.code in (3, 6):  # the sign-in itself waits for nothing
            ended = job.tokaway("undo", job.archive, "--yes", *there, *password)
        assert any(call.fault for call in proxy.calls())
    assert ended.code == 0, ended.out + ended.err
    assert_exactly(job.pds, job.account.did, [])

"""Publishing through a video service: another blob than the file, once, within the quota."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from importer.archive.ledger import Ledger
from importer.budgets import DAY, Kind
from importer.errors import Refused, TryLater
from importer.media.probe import probe
from importer.model import Role
from importer.pds.budget import Budget
from importer.pds.video_service import VideoService
from importer.pds.xrpc import TRIES, Server
from importer.records import spark
from importer.records.destinations import named
from importer.stages.publish import publish
from importer.stages.tools import Job
from importer.stages.verify import check_files
from importer.step import Step
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.stages.conftest import Desk
from tests.video_stand_in import VideoStandIn


@pytest.fixture
def served(
    proxy: BreakingProxy,
    desk_at: Callable[[str], Desk],
    video_service: VideoStandIn,
    connect: Callable[[str], Server],
    tmp_path: Path,
) -> Iterator[Desk]:
    """A desk whose videos go by the service, and whose budget is counted."""
    desk = desk_at(proxy.url)
    server = connect(video_service.url)
    videos = VideoService(server, desk.repo, poll_seconds=0.01)
    with closing(Ledger(tmp_path / "state")) as ledger:
        budget = Budget(ledger, "pds.test", desk.tools.account.did)
        budget.counts_videos = True
        yield replace(desk, tools=replace(desk.tools, videos=videos, budget=budget))


def files_of(desk: Desk, job: Job) -> list[str]:
    return sorted(path.name for path in (desk.archive / "media" / job.post.id).iterdir())


def test_the_record_shows_what_the_service_made(served: Desk, video_service: VideoStandIn) -> None:
    video_service.encodes = True
    job = served.job(served.post())
    done = publish(job, served.tools, Step())
    (record,) = served.records()
    video = record["value"]["embed"]["video"]
    assert done.records[0].blob_cids == (video["ref"]["$link"],)
    (file,) = job.files[Role.PREPARED]
    assert video["size"] != file.bytes and video["mimeType"] == "video/mp4"
    content = served.archive / "blob.mp4"
    with content.open("wb") as target:
        served.repo.server.download(
            "com.atproto.sync.getBlob",
            {"did": served.repo.did, "cid": video["ref"]["$link"]},
            lambda chunk: target.writelines([chunk]),
            lambda: None,
        )
    assert probe(content).seconds == pytest.approx(file.seconds, abs=0.1)


def test_what_the_service_made_is_shown_at_every_destination(
    served: Desk, video_service: VideoStandIn
) -> None:
    video_service.encodes = True
    desk = replace(served, tools=replace(served.tools, destinations=named(["bluesky", "spark"])))
    publish(desk.job(desk.post()), desk.tools, Step())
    later = desk.job(desk.post(ordinal=1))
    first = publish(later, served.tools, Step())
    received = video_service.received
    publish(replace(later, records=first.records), desk.tools, Step())
    assert video_service.received == received
    here = desk.pds.list_records(desk.tools.account.did, spark.COLLECTION)
    shown = [record["value"]["media"]["video"] for record in here]
    assert len(shown) == 2
    assert shown == [record["value"]["embed"]["video"] for record in desk.records()]


def test_a_run_that_died_before_the_record_sends_nothing_again(
    served: Desk, video_service: VideoStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = served.job(served.post())
    with monkeypatch.context() as patched:
        patched.setattr(type(served.repo), "create", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            publish(job, served.tools, Step())
    received = video_service.received
    assert files_of(served, job) == ["original.mp4", "prepared.0.upload.json"]
    publish(job, served.tools, Step())
    assert video_service.received == received
    assert len(served.records()) == 1


def test_a_blob_that_was_deleted_is_made_anew(served: Desk, video_service: VideoStandIn) -> None:
    """The service says that it has it, and the server has dropped it with its only post."""
    job = served.job(served.post())
    done = publish(job, served.tools, Step())
    served.delete(done.records[0].rkey)
    with pytest.raises(TryLater) as caught:
        publish(job, served.tools, Step())
    assert caught.value.code == "blob_missing"
    again = publish(job, served.tools, Step())
    assert again.records[0].blob_cids != done.records[0].blob_cids
    assert len(served.records()) == 1
    assert not [name for name in files_of(served, job) if "again" in name]


def test_the_quota_counts_and_rests_the_stage_until_tomorrow(
    served: Desk, video_service: VideoStandIn
) -> None:
    video_service.videos_a_day = 2
    for ordinal in range(2):
        publish(served.job(served.post(ordinal=ordinal), bytes([ordinal])), served.tools, Step())
    (window,) = [one for one in served.tools.budget.windows() if one.kind is Kind.VIDEOS]
    assert (window.limit, window.used, window.seconds) == (2, 2, DAY)
    with pytest.raises(TryLater) as caught:
        publish(served.job(served.post(ordinal=2), b"2"), served.tools, Step())
    assert caught.value.code == "video_quota" and caught.value.whole_stage
    assert caught.value.at and caught.value.at > datetime.now(UTC)
    video_service.now = lambda: datetime.now(UTC) + timedelta(days=1)
    publish(served.job(served.post(ordinal=2), b"2"), served.tools, Step())
    assert len(served.records()) == 3


def test_a_video_that_has_more_bytes_than_are_left_today_is_not_even_begun(
    served: Desk, video_service: VideoStandIn
) -> None:
    jobs = [served.job(served.post(ordinal=ordinal), bytes([ordinal])) for ordinal in range(2)]
    ((first,), (second,)) = (job.files[Role.PREPARED] for job in jobs)
    video_service.bytes_a_day = first.bytes + second.bytes - 1
    publish(jobs[0], served.tools, Step())
    (window,) = [one for one in served.tools.budget.windows() if one.kind is Kind.BYTES]
    assert (window.limit, window.used) == (video_service.bytes_a_day, first.bytes)
    with pytest.raises(TryLater) as caught:
        publish(jobs[1], served.tools, Step())
    assert caught.value.code == "budget" and caught.value.whole_stage
    assert len(video_service.uploads) == 1
    # What is left fits exactly.
    video_service.bytes_a_day += 1
    publish(jobs[1], served.tools, Step())
    assert len(served.records()) == 2


@pytest.mark.parametrize("may_go_direct", [True, False])
def test_where_there_is_no_service(
    served: Desk, video_service: VideoStandIn, may_go_direct: bool
) -> None:
    video_service.is_there = False
    tools = replace(served.tools, may_go_direct=may_go_direct)
    job = served.job(served.post())
    if not may_go_direct:
        with pytest.raises(Refused, match="no video service at localhost"):
            publish(job, tools, Step())
        return
    publish(job, tools, Step())
    (file,) = job.files[Role.PREPARED]
    assert served.records()[0]["value"]["embed"]["video"]["size"] == file.bytes


def test_what_the_service_cut_short_is_told(served: Desk, video_service: VideoStandIn) -> None:
    video_service.encodes, video_service.cuts = True, 1
    first, second = (served.job(served.post(ordinal=n), bytes([n])) for n in range(2))
    told = publish(first, served.tools, Step()).not_right
    assert told and told.code == "wrong_video"
    assert publish(second, served.tools, Step()).not_right is None
    assert files_of(served, first) == ["original.mp4", "prepared.0.upload.json"]
    # As if the run had died before it was noted.
    again = publish(first, served.tools, Step())
    assert again.found and again.not_right == told


def test_what_cannot_be_read_back_now_is_published_all_the_same(
    proxy: BreakingProxy, served: Desk, video_service: VideoStandIn
) -> None:
    video_service.encodes = True
    proxy.breakage("com.atproto.sync.getBlob", Breakage.UNAVAILABLE, times=TRIES)
    done = publish(served.job(served.post()), served.tools, Step())
    assert done.not_right is None and len(served.records()) == 1
    assert proxy.statuses("com.atproto.sync.getBlob") == [503] * TRIES


def test_what_the_service_made_must_be_the_whole_video(
    served: Desk, video_service: VideoStandIn
) -> None:
    video_service.encodes = True
    job = served.job(served.post())
    (record,) = publish(job, served.tools, Step()).records
    (file,) = job.files[Role.PREPARED]
    assert check_files(record, served.repo, [file]) is None
    cut = check_files(record, served.repo, [replace(file, seconds=file.seconds * 2)])
    assert cut and cut.code == "wrong_video"

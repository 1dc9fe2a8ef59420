"""The client of video services, against the stand-in and the real PDS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from importer.demo.local_pds import LocalPds
from importer.errors import Refused, Stopped, TryLater
from importer.media.probe import probe
from importer.model import MediaFile, Role
from importer.pds.authorization import Bearer
from importer.pds.repo import Repo
from importer.pds.video_service import NoVideoService, VideoService
from importer.pds.xrpc import TRIES, Server
from importer.stages.place import describe
from importer.stages.upload_note import UploadNote
from importer.step import Step
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.stages.conftest import CLIP
from tests.video_stand_in import VideoStandIn

SignIn = Callable[[str], Repo]
Connect = Callable[[str], Server]

START, PART, FINISH, STATUS, ABORT, JOB, WHOLE, LIMITS = (
    f"app.bsky.video.{name}"
    for name in (
        *("startUpload", "uploadPart", "finishUpload", "getUploadStatus", "abortUpload"),
        *("getJobStatus", "uploadVideo", "getUploadLimits"),
    )
)


@dataclass(frozen=True, slots=True)
class Bench:
    """A service behind a breaking proxy, its client, and one file."""

    stand_in: VideoStandIn
    proxy: BreakingProxy
    client: VideoService
    path: Path
    file: MediaFile
    note: UploadNote

    def upload(self, step: Step | None = None) -> dict[str, object]:
        return self.client.upload(self.path, self.file, "post", self.note, step or Step())

    @property
    def known(self) -> object:
        return self.note.read(self.client.host, self.file.sha256)


@pytest.fixture
def bench(
    video_service: VideoStandIn, pds: LocalPds, sign_in: SignIn, tmp_path: Path, connect: Connect
) -> Iterator[Bench]:
    stand_in = video_service
    stand_in.part_bytes = 5_000
    # The second is a state that no lexicon knows.
    stand_in.states = ["JOB_STATE_ENCODING", "IN_PROGRESS", "JOB_STATE_SCANNING"]
    path = tmp_path / "original.mp4"
    path.write_bytes(CLIP.read_bytes())
    file = describe(Role.PREPARED, tmp_path, path, probe(path))
    repo = sign_in(pds.url)
    with BreakingProxy(stand_in.url) as proxy:
        # The proxy has another port than the service it stands before.
        did = f"did:web:{stand_in.host.replace(':', '%3A')}"
        client = VideoService(connect(proxy.url), repo, poll_seconds=0.01, did=did)
        yield Bench(stand_in, proxy, client, path, file, UploadNote(tmp_path, file))


def blob_of(bench: Bench) -> str:
    """The CID of the blob that the last job made."""
    (job,) = [job for job in bench.stand_in.jobs.values() if job.blob][-1:]
    assert job.blob
    return str(job.blob["ref"]["$link"])


def test_a_video_goes_up_in_parts(bench: Bench) -> None:
    step = Step()
    blob = bench.upload(step)
    assert blob["ref"] == {"$link": blob_of(bench)}
    assert bench.stand_in.received == bench.file.bytes
    assert len(bench.proxy.statuses(PART)) == -(-bench.file.bytes // 5_000) > 3
    assert bench.proxy.statuses(JOB) == [200] * 4
    assert not bench.stand_in.open_uploads


def test_what_was_finished_is_not_sent_again(bench: Bench) -> None:
    assert bench.upload() == bench.upload()
    assert bench.stand_in.received == bench.file.bytes
    assert bench.proxy.statuses(START) == [200]


@pytest.mark.parametrize("fault", [*Breakage])
@pytest.mark.parametrize("method", [START, PART, FINISH, JOB])
def test_each_call_may_break(bench: Bench, method: str, fault: Breakage) -> None:
    bench.proxy.rate_limit_seconds = 1
    bench.proxy.breakage(method, fault)
    for _ in range(3):
        try:
            blob = bench.upload()
            break
        except TryLater:
            continue
    assert blob["ref"] == {"$link": blob_of(bench)}
    assert not bench.stand_in.open_uploads or method == START
    assert sum(bench.stand_in.taken.values()) == 1


@pytest.mark.parametrize("methods", [[START], [PART], [FINISH, STATUS]])
def test_a_line_that_stays_broken_leaves_an_upload_to_go_on_with(
    bench: Bench, methods: list[str]
) -> None:
    for method in methods:
        # Several parts are under way at once.
        bench.proxy.breakage(method, Breakage.RESET, times=TRIES * (5 if method == PART else 1))
    with pytest.raises(TryLater):
        bench.upload()
    bench.proxy.calm()
    bench.upload()
    assert sum(bench.stand_in.taken.values()) == 1
    assert bench.stand_in.received <= 1.05 * bench.file.bytes + 3 * 5_000


def test_a_stop_gives_the_share_back(bench: Bench) -> None:
    stop = threading.Event()
    bench.proxy.before(FINISH, stop.set)
    with pytest.raises(Stopped):
        bench.upload(Step(stop))
    # It was finished before it could be stopped: the next run takes what came of it.
    assert not bench.stand_in.open_uploads
    bench.upload()
    assert bench.stand_in.received == bench.file.bytes


def test_a_stop_under_way_ends_the_upload(bench: Bench) -> None:
    stop = threading.Event()
    bench.proxy.before(PART, stop.set)
    with pytest.raises(Stopped):
        bench.upload(Step(stop))
    assert not bench.stand_in.open_uploads
    bench.upload()


def test_a_stop_that_the_service_did_not_hear_is_gone_on_from(bench: Bench) -> None:
    stop = threading.Event()
    bench.proxy.before(PART, stop.set)
    bench.proxy.breakage(ABORT, Breakage.RESET, times=TRIES)
    with pytest.raises(Stopped):
        bench.upload(Step(stop))
    (job,) = bench.stand_in.open_uploads
    bench.upload()
    assert list(bench.stand_in.uploads) == [job]
    assert not bench.stand_in.open_uploads


def test_an_upload_that_ended_meanwhile_is_begun_anew(bench: Bench) -> None:
    bench.proxy.breakage(FINISH, Breakage.RESET, times=TRIES)
    bench.proxy.breakage(STATUS, Breakage.RESET, times=TRIES)
    with pytest.raises(TryLater):
        bench.upload()
    bench.stand_in.now = lambda: datetime.now(UTC) + timedelta(hours=2)
    bench.upload()
    assert bench.proxy.statuses(START) == [200, 200]


def test_a_service_that_knows_no_parts(bench: Bench) -> None:
    bench.stand_in.knows_parts = False
    blob = bench.upload()
    assert blob["ref"] == {"$link": blob_of(bench)}
    bench.note.remove()
    # It says "already_exists", with 409, and means yes.
    assert bench.upload() == blob
    assert 409 in bench.proxy.statuses(WHOLE)
    assert sum(bench.stand_in.taken.values()) == 1


def test_where_there_is_no_service(bench: Bench) -> None:
    bench.stand_in.is_there = False
    with pytest.raises(NoVideoService):
        bench.upload()
    with pytest.raises(NoVideoService):
        bench.client.quota()


def test_the_quota_is_told_and_obeyed(bench: Bench) -> None:
    bench.stand_in.videos_a_day = 1
    quota = bench.client.quota()
    assert quota and quota.videos == 1
    bench.upload()
    with pytest.raises(TryLater) as caught:
        bench.client.quota()
    assert caught.value.code == "video_quota" and caught.value.whole_stage
    bench.note.remove()
    bench.path.write_bytes(CLIP.read_bytes() + b"\0\0\0\x08free")
    with pytest.raises(TryLater) as caught:
        bench.upload()
    assert caught.value.code == "video_quota"


@pytest.mark.parametrize(
    ("failure", "error"), [("encoding_failure", TryLater), ("validation_failure", Refused)]
)
def test_a_job_that_fails(bench: Bench, failure: str, error: type[Exception]) -> None:
    bench.stand_in.fail_next = [failure]
    with pytest.raises(error):
        bench.upload()
    bench.upload()
    assert sum(bench.stand_in.taken.values()) == 2


def test_a_token_that_ends_is_made_anew(bench: Bench) -> None:
    token = bench.client._token
    token._value, token._ends = Bearer("rubbish"), datetime.now(UTC) + timedelta(hours=1)
    bench.upload()
    assert 401 in bench.proxy.statuses(START)

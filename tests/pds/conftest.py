"""A service that takes videos, and its client, for the tests of what they say to each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from importer.media.probe import probe
from importer.model import MediaFile, Role
from importer.pds.repo import Repo
from importer.pds.video_service import VideoService
from importer.pds.video_upload import OpenUpload
from importer.pds.xrpc import Server
from importer.stages.place import describe
from importer.stages.upload_note import UploadNote
from importer.step import Step
from tests.breaking_proxy import BreakingProxy
from tests.conftest import Hurry
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
TOKEN = "com.atproto.server.getServiceAuth"


@dataclass(frozen=True, slots=True)
class Bench:
    """A service behind a breaking proxy, its client, and one file; the PDS has a proxy too."""

    stand_in: VideoStandIn
    proxy: BreakingProxy
    pds: BreakingProxy
    client: VideoService
    path: Path
    file: MediaFile
    note: UploadNote

    def upload(self, step: Step | None = None) -> dict[str, object]:
        """Upload the file; waits take no time."""
        return self.client.upload(self.path, self.file, "post", self.note, step or Step(Hurry()))

    @property
    def known(self) -> OpenUpload:
        """What the note says."""
        return self.note.read(self.client.host, self.file.sha256)

    @property
    def made(self) -> str:
        """The CID of the blob that the last job made."""
        (job,) = [job for job in self.stand_in.jobs.values() if job.blob][-1:]
        assert job.blob
        return str(job.blob["ref"]["$link"])


@pytest.fixture
def bench(
    video_service: VideoStandIn,
    proxy: BreakingProxy,
    sign_in: SignIn,
    tmp_path: Path,
    connect: Connect,
) -> Iterator[Bench]:
    stand_in = video_service
    stand_in.part_bytes = 5_000
    # The second is a state that no lexicon knows.
    stand_in.states = ["JOB_STATE_ENCODING", "IN_PROGRESS", "JOB_STATE_SCANNING"]
    path = tmp_path / "original.mp4"
    path.write_bytes(CLIP.read_bytes())
    file = describe(Role.PREPARED, tmp_path, path, probe(path))
    repo = sign_in(proxy.url)
    with BreakingProxy(stand_in.url) as before:
        # The proxy has another port than the service it stands before.
        did = f"did:web:{stand_in.host.replace(':', '%3A')}"
        client = VideoService(connect(before.url), repo, poll_seconds=0.01, did=did)
        yield Bench(stand_in, before, proxy, client, path, file, UploadNote(tmp_path, file))

"""Writing once and reading back, on the real PDS, directly and over a line that breaks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from importer.demo.local_pds import LocalPds
from importer.errors import Refused, TryLater
from importer.pds.credentials import Password
from importer.pds.repo import BlobMissing, KeyRefused, KeyTaken, PublicRepo, Repo
from importer.pds.session import Session
from importer.pds.xrpc import TRIES, Server, XrpcError
from importer.records.bluesky import COLLECTION
from importer.records.cid import blob_cid, record_cid
from importer.records.destination import blob_cids
from importer.step import Step
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.conftest import TestAccount

Connect = Callable[[str], Server]
SignIn = Callable[[str], Repo]

PUT = "com.atproto.repo.putRecord"
LIST = "com.atproto.repo.listRecords"
UPLOAD = "com.atproto.repo.uploadBlob"
GET_BLOB = "com.atproto.sync.getBlob"
KEY = "3jzfcijpj2z2a"
MP4 = "video/mp4"
# Larger than what is read and sent at once, so that an upload can break in its middle.
VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256)) * 4_000
START = datetime(2022, 1, 1, tzinfo=UTC)


def post(text: str = "Hello", **more: Any) -> dict[str, Any]:
    return {
        "$type": COLLECTION,
        "text": text,
        "createdAt": "2021-05-04T12:00:00.000Z",
        **more,
    }


def with_video(blob: dict[str, Any]) -> dict[str, Any]:
    return post(embed={"$type": "app.bsky.embed.video", "video": blob})


def reference(content: bytes) -> dict[str, Any]:
    """What uploadBlob would answer, for a file that is not uploaded."""
    link = {"$link": blob_cid(hashlib.sha256(content).digest())}
    return {"$type": "blob", "ref": link, "mimeType": MP4, "size": len(content)}


def latest_commit(repo: PublicRepo) -> str:
    answer = repo.server.query("com.atproto.sync.getLatestCommit", {"did": repo.did})
    return str(answer.body["rev"])


@pytest.fixture
def repo(pds: LocalPds, sign_in: SignIn) -> Repo:
    return sign_in(pds.url)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(VIDEO)
    return path


class TestUpload:
    def test_answers_the_cid_that_was_computed_on_the_way(self, repo: Repo, video: Path) -> None:
        assert repo.upload_blob(video, MP4, Step()) == reference(VIDEO)

    def test_of_the_same_bytes_again_is_the_same_blob(self, repo: Repo, video: Path) -> None:
        first = repo.upload_blob(video, MP4, Step())
        assert repo.upload_blob(video, MP4, Step()) == first
        repo.create(COLLECTION, KEY, with_video(first))
        assert repo.upload_blob(video, MP4, Step()) == first

    def test_the_reference_is_good_for_a_record(self, repo: Repo, video: Path) -> None:
        stored = repo.create(COLLECTION, KEY, with_video(repo.upload_blob(video, MP4, Step())))
        (cid,) = blob_cids(stored.value)
        assert repo.blob_sha256(cid) == (hashlib.sha256(VIDEO).digest(), len(VIDEO))

    @pytest.mark.parametrize(
        "fault", [Breakage.RESET, Breakage.CUT_BODY, Breakage.DROP_ANSWER, Breakage.BAD_GATEWAY]
    )
    def test_over_a_bad_line(
        self, proxy: BreakingProxy, sign_in: SignIn, video: Path, fault: Breakage
    ) -> None:
        repo = sign_in(proxy.url)
        proxy.breakage(UPLOAD, fault, times=TRIES - 1)
        assert repo.upload_blob(video, MP4, Step()) == reference(VIDEO)
        assert len(proxy.calls(UPLOAD)) == TRIES

    def test_of_a_file_that_is_too_large(
        self, small_pds: LocalPds, connect: Connect, tmp_path: Path
    ) -> None:
        """Several times in a row: each time the PDS answers before it has heard the body."""
        made = small_pds.create_account("too-large.test", "password")
        server = connect(small_pds.url)
        repo = Repo(session := Session(server, made.handle, Password("password")), made.did)
        session.sign_in()
        large = tmp_path / "large.mp4"
        large.write_bytes(VIDEO + bytes(1_000_000))
        for _ in range(5):
            with pytest.raises(Refused) as caught:
                repo.upload_blob(large, MP4, Step())
            assert caught.value.code == "too_large"
            assert not caught.value.skip
        fitting = tmp_path / "fitting.mp4"
        fitting.write_bytes(VIDEO[:1_000_000])
        assert repo.upload_blob(fitting, MP4, Step())["size"] == 1_000_000

    def test_at_a_server_that_has_had_enough(
        self, proxy: BreakingProxy, sign_in: SignIn, video: Path
    ) -> None:
        repo = sign_in(proxy.url)
        proxy.rate_limit_seconds = 86_000
        proxy.breakage(UPLOAD, Breakage.RATE_LIMIT)
        with pytest.raises(TryLater) as caught:
            repo.upload_blob(video, MP4, Step())
        assert (caught.value.code, caught.value.whole_stage) == ("rate_limited", True)
        assert caught.value.at is not None
        assert caught.value.at > datetime.now(UTC) + timedelta(hours=23)
        assert proxy.statuses(UPLOAD) == [429]

    def test_of_a_file_that_changes_under_way(
        self, proxy: BreakingProxy, sign_in: SignIn, video: Path
    ) -> None:
        repo = sign_in(proxy.url)

        class Changing(Step):
            """Changes the file as soon as its length was declared."""

            __slots__ = ("content",)
            content: bytes

            def check(self) -> None:
                video.write_bytes(self.content)

        step = Changing()
        step.content = VIDEO[:300_000]
        with pytest.raises(TryLater) as caught:
            repo.upload_blob(video, MP4, step)
        assert (caught.value.code, caught.value.whole_stage) == ("file_changed", False)
        step.content = VIDEO + VIDEO
        assert repo.upload_blob(video, MP4, step)["size"] == 300_000

    def test_that_is_refused_otherwise(self, repo: Repo, video: Path) -> None:
        with pytest.raises(Refused) as caught:
            repo.upload_blob(video, "", Step())
        assert caught.value.code == "upload_refused"


class TestCreate:
    def test_writes_under_a_free_key(self, pds: LocalPds, repo: Repo) -> None:
        stored = repo.create(COLLECTION, KEY, post())
        assert stored.rkey == KEY
        assert stored.uri == f"at://{repo.did}/{COLLECTION}/{KEY}"
        assert repo.record(COLLECTION, KEY) == stored
        (listed,) = pds.list_records(repo.did, COLLECTION)
        assert (listed["uri"], listed["cid"]) == (stored.uri, stored.cid)

    def test_of_the_same_record_changes_nothing(self, repo: Repo) -> None:
        first = repo.create(COLLECTION, KEY, post())
        before = latest_commit(repo)
        assert repo.create(COLLECTION, KEY, post()) == first
        assert latest_commit(repo) == before

    def test_never_overwrites(self, repo: Repo) -> None:
        first = repo.create(COLLECTION, KEY, post())
        with pytest.raises(KeyTaken):
            repo.create(COLLECTION, KEY, post("Other"))
        assert repo.record(COLLECTION, KEY) == first

    @pytest.mark.parametrize("fault", [Breakage.DROP_ANSWER, Breakage.RESET, Breakage.CUT_BODY])
    def test_over_a_bad_line_writes_once(
        self, pds: LocalPds, proxy: BreakingProxy, sign_in: SignIn, fault: Breakage
    ) -> None:
        repo = sign_in(proxy.url)
        proxy.breakage(PUT, fault, times=TRIES - 1)
        stored = repo.create(COLLECTION, KEY, post())
        assert [record["cid"] for record in pds.list_records(repo.did, COLLECTION)] == [stored.cid]

    def test_gives_up_on_a_dead_line(self, proxy: BreakingProxy, sign_in: SignIn) -> None:
        repo = sign_in(proxy.url)
        proxy.breakage(PUT, Breakage.DROP_ANSWER, times=TRIES)
        with pytest.raises(TryLater):
            repo.create(COLLECTION, KEY, post())
        # It was written all the same, and the next try sees that.
        assert repo.create(COLLECTION, KEY, post()).rkey == KEY

    def test_wants_the_blob_to_be_there(self, repo: Repo) -> None:
        with pytest.raises(BlobMissing):
            repo.create(COLLECTION, KEY, with_video(reference(b"never uploaded")))
        assert repo.record(COLLECTION, KEY) is None

    @pytest.mark.parametrize("key", ["video-123", "zzzzzzzzzzzzz", "self", "with space"])
    def test_tells_a_refused_key(self, repo: Repo, key: str) -> None:
        with pytest.raises(KeyRefused):
            repo.create(COLLECTION, key, post())

    @pytest.mark.parametrize(
        ("record", "reason"),
        [
            (post("x" * 301), "grapheme too big"),
            (post("👨‍👩‍👧‍👦" * 130), "string too big"),
            (post(createdAt="2021-05-04T12:00:00"), "Invalid datetime"),
            ({"$type": COLLECTION, "text": "when?"}, "createdAt"),
            (post("x" * 1_000_001), "too large"),
        ],
    )
    def test_of_an_invalid_record(self, repo: Repo, record: dict[str, Any], reason: str) -> None:
        with pytest.raises(Refused, match=reason) as caught:
            repo.create(COLLECTION, KEY, record)
        assert caught.value.code == "record_refused"

    def test_of_a_video_of_the_wrong_kind(self, repo: Repo, tmp_path: Path) -> None:
        """The PDS looks into the file, whatever it was told."""
        quicktime = tmp_path / "clip.mov"
        quicktime.write_bytes(b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(1_000))
        blob = repo.upload_blob(quicktime, MP4, Step())
        with pytest.raises(Refused, match="video/quicktime"):
            repo.create(COLLECTION, KEY, with_video(blob))


class TestReplace:
    def test_of_the_record_that_was_read(self, repo: Repo) -> None:
        first = repo.create(COLLECTION, KEY, post())
        second = repo.replace(COLLECTION, KEY, post("Other words"), first.cid)
        assert repo.record(COLLECTION, KEY) == second
        assert (second.uri, second.value) == (first.uri, post("Other words"))

    def test_of_a_record_that_changed_since(self, repo: Repo) -> None:
        first = repo.create(COLLECTION, KEY, post())
        second = repo.replace(COLLECTION, KEY, post("By another app"), first.cid)
        for swap in (first.cid, None):
            with pytest.raises(KeyTaken):
                repo.replace(COLLECTION, KEY, post("Ours"), swap)
        assert repo.record(COLLECTION, KEY) == second

    def test_of_a_record_that_is_gone(self, repo: Repo) -> None:
        with pytest.raises(KeyTaken):
            repo.replace(COLLECTION, KEY, post(), record_cid(post("Was there")))
        assert repo.record(COLLECTION, KEY) is None

    def test_again_after_a_lost_answer(self, proxy: BreakingProxy, sign_in: SignIn) -> None:
        repo = sign_in(proxy.url)
        first = repo.create(COLLECTION, KEY, post())
        proxy.breakage(PUT, Breakage.DROP_ANSWER)
        second = repo.replace(COLLECTION, KEY, post("Other words"), first.cid)
        assert repo.record(COLLECTION, KEY) == second
        commit = latest_commit(repo)
        assert repo.replace(COLLECTION, KEY, post("Other words"), first.cid) == second
        assert latest_commit(repo) == commit


class TestReading:
    def test_of_a_record_that_is_not_there(self, repo: Repo) -> None:
        assert repo.record(COLLECTION, KEY) is None

    def test_needs_no_session(self, repo: Repo, connect: Connect) -> None:
        stored = repo.create(COLLECTION, KEY, post())
        public = PublicRepo(connect(repo.server.url), repo.did)
        assert public.record(COLLECTION, KEY) == stored


class TestBlobs:
    @pytest.fixture
    def cid(self, repo: Repo, video: Path) -> str:
        stored = repo.create(COLLECTION, KEY, with_video(repo.upload_blob(video, MP4, Step())))
        return blob_cids(stored.value)[0]

    @pytest.fixture
    def public(self, proxy: BreakingProxy, account: TestAccount, connect: Connect) -> PublicRepo:
        return PublicRepo(connect(proxy.url), account.did)

    @pytest.mark.parametrize("fault", [Breakage.CUT_ANSWER, Breakage.RESET, Breakage.UNAVAILABLE])
    def test_over_a_bad_line(
        self, proxy: BreakingProxy, public: PublicRepo, cid: str, fault: Breakage
    ) -> None:
        proxy.breakage(GET_BLOB, fault, times=TRIES - 1)
        assert public.blob_sha256(cid) == (hashlib.sha256(VIDEO).digest(), len(VIDEO))

    @pytest.mark.parametrize(
        "fault", [Breakage.CUT_ANSWER, Breakage.RESET, Breakage.UNAVAILABLE, Breakage.RATE_LIMIT]
    )
    def test_a_bad_line_is_no_missing_blob(
        self, proxy: BreakingProxy, public: PublicRepo, cid: str, fault: Breakage
    ) -> None:
        proxy.breakage(GET_BLOB, fault, times=TRIES)
        with pytest.raises(TryLater):
            public.blob_sha256(cid)

    def test_that_no_record_shows(self, repo: Repo, tmp_path: Path) -> None:
        path = tmp_path / "loose.mp4"
        path.write_bytes(VIDEO)
        blob = repo.upload_blob(path, MP4, Step())
        with pytest.raises(XrpcError, match="Blob not found"):
            repo.blob_sha256(blob["ref"]["$link"])


def write_many(repo: Repo, keys: list[str]) -> None:
    """Write a text post under each key, as any other client would."""
    for start in range(0, len(keys), 200):
        writes = [
            {
                "$type": "com.atproto.repo.applyWrites#create",
                "collection": COLLECTION,
                "rkey": key,
                "value": post(key),
            }
            for key in keys[start : start + 200]
        ]
        repo._session.call(
            lambda token, writes=writes: repo.server.procedure(  # type: ignore[misc]
                "com.atproto.repo.applyWrites", {"repo": repo.did, "writes": writes}, token
            )
        )

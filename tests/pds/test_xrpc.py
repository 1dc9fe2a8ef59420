"""Calls to a real server over a line that breaks: what is tried again, and what comes of it."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from importer.demo.local_pds import LocalPds
from importer.errors import Stopped, TryLater
from importer.pds.authorization import Authorization
from importer.pds.repo import Repo
from importer.pds.xrpc import TRIES, Server, XrpcError
from importer.step import Step
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.stand_in import PAGE, StandIn

Connect = Callable[[str], Server]
SignIn = Callable[[str], Repo]

DESCRIBE = "com.atproto.server.describeServer"
CREATE = "com.atproto.repo.createRecord"
UPLOAD = "com.atproto.repo.uploadBlob"
BLIPS = [
    Breakage.RESET,
    Breakage.DROP_ANSWER,
    Breakage.CUT_ANSWER,
    Breakage.BAD_GATEWAY,
    Breakage.UNAVAILABLE,
]
# Larger than what sockets buffer, so that uploads break under way.
VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256)) * 16_000


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def token_of(repo: Repo) -> Authorization:
    return repo._session._authorization


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(VIDEO)
    return path


class Upload:
    """One upload through a server, with what its callbacks saw."""

    def __init__(self, server: Server, path: Path, token: Authorization) -> None:
        self.step = Step(threading.Event())
        self.starts = 0
        self.digest = hashlib.sha256()
        self._server, self._path, self._token = server, path, token

    def start(self) -> None:
        self.starts += 1
        self.digest = hashlib.sha256()

    def take(self, chunk: bytes) -> None:
        self.digest.update(chunk)

    def run(self) -> int:
        """Do it; how many bytes the server says it has."""
        answer = self._server.upload(
            UPLOAD, self._path, "video/mp4", self._token, self.step, self.take, self.start
        )
        size: int = answer.body["blob"]["size"]
        return size


@pytest.mark.parametrize("fault", BLIPS)
def test_a_query_survives_two_blips(
    proxy: BreakingProxy, connect: Connect, fault: Breakage
) -> None:
    proxy.breakage(DESCRIBE, fault, times=TRIES - 1)
    assert connect(proxy.url).query(DESCRIBE, {}).body["did"] == "did:web:localhost"
    assert [call.fault for call in proxy.calls()] == [fault, fault, None]


@pytest.mark.parametrize("fault", BLIPS)
def test_more_blips_pause_the_stage(
    proxy: BreakingProxy, connect: Connect, fault: Breakage
) -> None:
    proxy.breakage(DESCRIBE, fault, times=TRIES)
    with pytest.raises(TryLater) as caught:
        connect(proxy.url).query(DESCRIBE, {})
    down = fault in (Breakage.BAD_GATEWAY, Breakage.UNAVAILABLE)
    assert caught.value.code == ("server_down" if down else "unreachable")
    assert caught.value.whole_stage
    assert caught.value.unreachable
    assert caught.value.at is None
    assert len(proxy.calls()) == TRIES


@pytest.mark.parametrize("status", [520, 522, 524, 530])
def test_what_stands_before_a_server_says_that_it_is_away(connect: Connect, status: int) -> None:
    """As Cloudflare does, in numbers of its own: no post has failed by that."""
    with StandIn({}, (status, PAGE)) as front, pytest.raises(TryLater) as caught:
        connect(front.url).query(DESCRIBE, {})
    trouble = caught.value
    assert (trouble.code, trouble.whole_stage, trouble.unreachable) == ("server_down", True, True)


def test_a_method_that_a_server_does_not_know_is_no_trouble_of_it(connect: Connect) -> None:
    with StandIn({}, (501, {"error": "MethodNotImplemented"})) as server:
        with pytest.raises(XrpcError) as caught:
            connect(server.url).query(DESCRIBE, {})
        assert caught.value.status == 501


def test_nobody_listens(connect: Connect) -> None:
    with pytest.raises(TryLater) as caught:
        connect(f"http://localhost:{unused_port()}").query(DESCRIBE, {})
    assert (caught.value.code, caught.value.unreachable) == ("unreachable", True)


def test_no_such_host(connect: Connect) -> None:
    with pytest.raises(TryLater) as caught:
        connect("http://no-such-host.invalid").query(DESCRIBE, {})
    assert (caught.value.code, caught.value.unreachable) == ("unreachable", True)


def test_a_rate_limit_is_not_tried_again_at_once(proxy: BreakingProxy, connect: Connect) -> None:
    proxy.rate_limit_seconds = 3_000
    proxy.breakage(DESCRIBE, Breakage.RATE_LIMIT)
    with pytest.raises(TryLater) as caught:
        connect(proxy.url).query(DESCRIBE, {})
    assert (caught.value.code, caught.value.whole_stage) == ("rate_limited", True)
    assert not caught.value.unreachable
    assert caught.value.at is not None
    away = caught.value.at - datetime.now(UTC)
    assert timedelta(seconds=2_990) < away < timedelta(seconds=3_010)
    assert proxy.statuses(DESCRIBE) == [429]


def test_a_rate_limit_that_does_not_say_when_it_ends(connect: Connect) -> None:
    with StandIn({}, otherwise=(429, {"error": "RateLimitExceeded"})) as server:
        with pytest.raises(TryLater) as caught:
            connect(server.url).query(DESCRIBE, {})
        assert (caught.value.code, caught.value.at) == ("rate_limited", None)


@pytest.mark.parametrize("reset", ["99999999999999", "1" * 40, "²"])
def test_a_rate_limit_that_ends_at_no_time(connect: Connect, reset: str) -> None:
    told = {"Retry-After": reset, "RateLimit-Reset": reset, "RateLimit-Remaining": "0"}
    told["RateLimit-Policy"] = "3000;w=300"
    with StandIn({}, (429, {"error": "RateLimitExceeded"}), told) as server:
        with pytest.raises(TryLater) as caught:
            connect(server.url).query(DESCRIBE, {})
        assert (caught.value.code, caught.value.at) == ("rate_limited", None)


def test_a_rate_limit_ends_by_the_clock_of_the_server(connect: Connect) -> None:
    """One that is years behind ours, which would otherwise be asked again at once."""
    said = datetime(2020, 1, 1, tzinfo=UTC)
    told = {"RateLimit-Reset": str(int(said.timestamp()) + 600)}
    with StandIn({}, (429, {"error": "RateLimitExceeded"}), told) as server:
        server.date = said
        with pytest.raises(TryLater) as caught:
            connect(server.url).query(DESCRIBE, {})
    assert caught.value.at is not None
    away = caught.value.at - datetime.now(UTC)
    assert timedelta(seconds=590) < away < timedelta(seconds=610)


def test_a_refusal_keeps_the_name_the_server_gives(pds: LocalPds, sign_in: SignIn) -> None:
    repo = sign_in(pds.url)
    with pytest.raises(XrpcError, match="RecordNotFound: Could not locate record") as caught:
        repo.server.query(
            "com.atproto.repo.getRecord",
            {"repo": repo.did, "collection": "app.bsky.feed.post", "rkey": "3jzfcijpj2z2a"},
        )
    assert (caught.value.status, caught.value.error) == (400, "RecordNotFound")


def test_trouble_of_one_call_does_not_pause_the_stage(
    proxy: BreakingProxy, sign_in: SignIn
) -> None:
    repo = sign_in(proxy.url)
    body = {
        "repo": repo.did,
        "collection": "app.bsky.feed.post",
        "rkey": "3jzfcijpj2z2a",
        "record": {"text": "taken", "createdAt": "2021-05-04T12:00:00.000Z"},
    }
    repo.server.procedure(CREATE, body, token_of(repo))
    # The reference PDS answers 500 to createRecord with a taken key.
    with pytest.raises(TryLater) as caught:
        repo.server.procedure(CREATE, body, token_of(repo))
    assert (caught.value.code, caught.value.whole_stage) == ("server_error", False)
    assert proxy.statuses(CREATE) == [200] + [500] * TRIES


def test_a_web_site_is_not_a_server_of_ours(connect: Connect) -> None:
    with StandIn({}) as site, pytest.raises(XrpcError) as caught:
        connect(site.url).query(DESCRIBE, {})
    assert caught.value.status == 404
    with StandIn({}, otherwise=(200, PAGE)) as site, pytest.raises(TryLater):
        connect(site.url).query(DESCRIBE, {})


def test_stopping_ends_the_wait_between_tries(proxy: BreakingProxy) -> None:
    stop = threading.Event()
    stop.set()
    server = Server(proxy.url, stop)
    proxy.breakage(DESCRIBE, Breakage.UNAVAILABLE, times=TRIES)
    try:
        with pytest.raises(Stopped):
            server.query(DESCRIBE, {})
    finally:
        server.close()
    assert proxy.statuses(DESCRIBE) == [503]


def test_an_upload_says_its_length_and_closes_its_connection(
    proxy: BreakingProxy, sign_in: SignIn, video: Path
) -> None:
    repo = sign_in(proxy.url)
    upload = Upload(repo.server, video, token_of(repo))
    assert upload.run() == len(VIDEO)
    (call,) = proxy.calls(UPLOAD)
    assert call.headers["content-length"] == str(len(VIDEO))
    assert call.headers["connection"] == "close"
    assert call.headers["content-type"] == "video/mp4"
    assert "transfer-encoding" not in call.headers
    assert call.headers["user-agent"].startswith("tokaway/")
    assert (upload.step.done, upload.step.total, upload.step.unit) == (
        len(VIDEO),
        len(VIDEO),
        "bytes",
    )


@pytest.mark.parametrize("fault", [*BLIPS, Breakage.CUT_BODY])
def test_an_upload_starts_afresh_after_a_blip(
    proxy: BreakingProxy, sign_in: SignIn, video: Path, fault: Breakage
) -> None:
    repo = sign_in(proxy.url)
    proxy.breakage(UPLOAD, fault, times=TRIES - 1)
    upload = Upload(repo.server, video, token_of(repo))
    assert upload.run() == len(VIDEO)
    assert upload.starts == TRIES
    assert upload.digest.digest() == hashlib.sha256(VIDEO).digest()
    assert upload.step.done == len(VIDEO)


def test_a_stopped_upload_leaves_nothing_behind(
    proxy: BreakingProxy, sign_in: SignIn, video: Path
) -> None:
    repo = sign_in(proxy.url)
    upload = Upload(repo.server, video, token_of(repo))

    def stop_soon(chunk: bytes) -> None:
        upload.step.stop.set()

    with pytest.raises(Stopped):
        repo.server.upload(
            UPLOAD, video, "video/mp4", token_of(repo), upload.step, stop_soon, upload.start
        )
    assert upload.starts == 1
    assert upload.step.done < len(VIDEO)
    # The connection pool is none the worse for it.
    assert Upload(repo.server, video, token_of(repo)).run() == len(VIDEO)

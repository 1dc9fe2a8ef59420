"""Downloads against a real server: whole or not there at all, and never from the start in vain."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from importer.demo.media_server import MediaServer
from importer.errors import DiskFull, Refused, StepError, Stopped, TryLater
from importer.media.download import download
from importer.step import Step

CLIP = os.urandom(3 << 20)
PATH = "/clip.mp4"
PAST, FUTURE = 1_600_000_000, 4_000_000_000


@pytest.fixture
def media(tmp_path: Path) -> Iterator[MediaServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(CLIP)
    with MediaServer(folder) as server:
        yield server


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "archive" / "media" / "original.mp4"


class CutAlways(dict[str, int]):
    """Cuts every answer, where `cut_after` cuts one."""

    def pop(self, key: str, *default: Any) -> Any:
        return self.get(key, *default)


class StopAt(Step):
    """A step whose user asks to stop after some bytes."""

    def __init__(self, bytes_done: int) -> None:
        super().__init__()
        self.limit = bytes_done

    def check(self) -> None:
        if self.done >= self.limit:
            self.stop.set()
        super().check()


class Script:
    """A server that sends each connection the next of some raw answers, for what no server does."""

    def __init__(self, *answers: bytes, on_request: Callable[[], None] = lambda: None) -> None:
        self._answers = answers
        self._on_request = on_request
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.requests: list[bytes] = []

    def __enter__(self) -> Script:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}{PATH}?x-tos-signature=secret"

    def _serve(self) -> None:
        for answer in self._answers:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                request = b""
                while b"\r\n\r\n" not in request:
                    request += connection.recv(4096)
                self.requests.append(request)
                self._on_request()
                connection.sendall(answer)


def answer(head: str, body: bytes = b"", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {head}\r\nContent-Length: {size}\r\n\r\n".encode() + body


def left_over(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def failure(url: str, target: Path, client: httpx.Client) -> StepError:
    with pytest.raises(StepError) as raised:
        download(url, target, Step(), client=client)
    error = raised.value
    assert not target.exists()
    assert "secret" not in error.text + error.hint
    assert "x-tos" not in error.text + error.hint
    assert error.hint
    return error


def test_a_whole_file(media: MediaServer, target: Path) -> None:
    step = Step()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        download(media.url("clip.mp4"), target, step)
    assert target.read_bytes() == CLIP
    assert (step.done, step.total) == (len(CLIP), len(CLIP))
    assert left_over(target) == ["original.mp4"]


def test_a_cut_line_is_picked_up_where_it_broke(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    media.cut_after[PATH] = 1 << 20
    download(media.url("clip.mp4"), target, Step(), client=client)
    assert target.read_bytes() == CLIP
    first, second = media.requests
    assert first.range is None
    assert second.range is not None
    assert 0 < int(second.range.removeprefix("bytes=").removesuffix("-")) <= 1 << 20
    assert second.status == 206
    assert left_over(target) == ["original.mp4"]


def test_a_line_that_is_always_cut_keeps_what_arrived_for_the_next_run(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    media.cut_after = CutAlways({PATH: 256 << 10})
    error = failure(media.url("clip.mp4"), target, client)
    assert isinstance(error, TryLater)
    assert (error.code, error.whole_stage, len(media.requests)) == ("incomplete", False, 3)
    arrived = target.with_name("original.mp4.part").stat().st_size
    assert arrived > 256 << 10
    media.cut_after = {}
    step = Step()
    download(media.url("clip.mp4"), target, step, client=client)
    assert media.requests[-1].range == f"bytes={arrived}-"
    assert target.read_bytes() == CLIP
    assert step.done == len(CLIP)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_killed_process_is_picked_up_where_it_died(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    victim = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from importer.media.download import download\n"
        "from importer.step import Step\n"
        "class Deadly(Step):\n"
        "    def check(self):\n"
        "        if self.done > 1 << 20:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "download(sys.argv[1], Path(sys.argv[2]), Deadly())\n"
    )
    died = subprocess.run(
        [sys.executable, "-c", victim, media.url("clip.mp4"), str(target)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
        check=False,
        timeout=60,
    )
    assert died.returncode == -signal.SIGKILL
    assert left_over(target) == ["original.mp4.part", "original.mp4.part.json"]
    download(media.url("clip.mp4"), target, Step(), client=client)
    asked = media.requests[1].range
    assert asked is not None
    assert int(asked.removeprefix("bytes=").removesuffix("-")) > 512 << 10
    assert target.read_bytes() == CLIP


def test_a_stop_keeps_what_arrived(media: MediaServer, target: Path, client: httpx.Client) -> None:
    with pytest.raises(Stopped):
        download(media.url("clip.mp4"), target, StopAt(1 << 20), client=client)
    assert not target.exists()
    download(media.url("clip.mp4"), target, Step(), client=client)
    assert media.requests[1].status == 206
    assert target.read_bytes() == CLIP


def test_a_step_that_is_stopped_asks_nothing(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    with pytest.raises(Stopped):
        download(media.url("clip.mp4"), target, StopAt(0), client=client)
    assert media.requests == ()


def test_a_stop_ends_the_wait_between_tries(target: Path, client: httpx.Client) -> None:
    step = Step()
    with Script(answer("500 Broken"), on_request=step.stop.set) as server:
        with pytest.raises(Stopped):
            download(server.url, target, step, client=client)
        assert len(server.requests) == 1


def test_a_changed_file_is_fetched_anew(
    media: MediaServer, target: Path, client: httpx.Client, tmp_path: Path
) -> None:
    with pytest.raises(Stopped):
        download(media.url("clip.mp4"), target, StopAt(1 << 20), client=client)
    changed = os.urandom(2 << 20)
    (tmp_path / "served" / "clip.mp4").write_bytes(changed)
    download(media.url("clip.mp4"), target, Step(), client=client)
    assert media.requests[1].range is not None
    assert media.requests[1].status == 200
    assert target.read_bytes() == changed


def test_a_part_nobody_vouches_for_is_not_continued(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    target.parent.mkdir(parents=True)
    target.with_name("original.mp4.part").write_bytes(b"who knows what this is")
    target.with_name("original.mp4.part.json").write_bytes(b'{"etag": "cut of')
    download(media.url("clip.mp4"), target, Step(), client=client)
    assert [request.range for request in media.requests] == [None]
    assert target.read_bytes() == CLIP


def test_a_weak_etag_vouches_for_nothing(target: Path, client: httpx.Client) -> None:
    cut = answer('200 OK\r\nETag: W/"1"', b"first half", length=20)
    with Script(cut, answer('200 OK\r\nETag: W/"1"', b"first half and rest!")) as server:
        download(server.url, target, Step(), client=client)
        assert b"range:" not in server.requests[1].lower()
    assert target.read_bytes() == b"first half and rest!"


def test_a_date_vouches_too(target: Path, client: httpx.Client) -> None:
    stamp = "Last-Modified: Tue, 02 Dec 2025 10:00:00 GMT"
    cut = answer(f"200 OK\r\n{stamp}", b"first half", length=20)
    rest = answer(f"206 Partial Content\r\n{stamp}\r\nContent-Range: bytes 10-19/20", b" and rest!")
    with Script(cut, rest) as server:
        download(server.url, target, Step(), client=client)
        assert b"If-Range: Tue, 02 Dec 2025 10:00:00 GMT" in server.requests[1]
    assert target.read_bytes() == b"first half and rest!"


@pytest.mark.parametrize(
    "content_range", ["bytes 0-9/20", "bytes 10-19/21", "nonsense", "bytes */20"]
)
def test_another_part_than_the_one_asked_for_is_not_glued_on(
    target: Path, client: httpx.Client, content_range: str
) -> None:
    cut = answer('200 OK\r\nETag: "1"', b"first half", length=20)
    wrong = answer(f"206 Partial Content\r\nContent-Range: {content_range}", b"0123456789")
    whole = answer('200 OK\r\nETag: "1"', b"first half and rest!")
    with Script(cut, wrong, whole) as server:
        download(server.url, target, Step(), client=client)
    assert target.read_bytes() == b"first half and rest!"


def test_a_file_that_shrank_is_fetched_anew(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    with pytest.raises(Stopped):
        download(media.url("clip.mp4"), target, StopAt(1 << 20), client=client)
    note = target.with_name("original.mp4.part.json")
    note.write_text(note.read_text().replace(str(len(CLIP)), "null"))
    target.with_name("original.mp4.part").write_bytes(CLIP + b"more")
    download(media.url("clip.mp4"), target, Step(), client=client)
    assert [request.status for request in media.requests] == [200, 416, 200]
    assert target.read_bytes() == CLIP


def test_a_whole_part_only_gets_its_name(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    with pytest.raises(Stopped):
        download(media.url("clip.mp4"), target, StopAt(1 << 20), client=client)
    target.with_name("original.mp4.part").write_bytes(CLIP)
    download(media.url("clip.mp4"), target, Step(), client=client)
    assert len(media.requests) == 1
    assert target.read_bytes() == CLIP
    assert left_over(target) == ["original.mp4"]


def test_an_expired_link_says_when_and_what_to_do(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    url = media.url("clip.mp4", **{"x-tos-signature": "secret", "x-tos-expires": str(PAST)})
    error = failure(url, target, client)
    assert isinstance(error, Refused)
    assert error.code == "link_expired"
    assert "2020-09-13 at 12:26 UTC" in error.text
    assert "fresh export" in error.hint
    assert len(media.requests) == 1


@pytest.mark.parametrize(
    ("status", "expires", "code"),
    [
        (403, None, "link_expired"),
        (410, FUTURE, "link_expired"),
        (403, FUTURE, "link_refused"),
        (401, FUTURE, "link_refused"),
        (404, FUTURE, "gone"),
        (400, None, "bad_answer"),
        (204, None, "bad_answer"),
        (304, None, "bad_answer"),
    ],
)
def test_final_answers(
    media: MediaServer,
    target: Path,
    client: httpx.Client,
    status: int,
    expires: int | None,
    code: str,
) -> None:
    media.status[PATH] = status
    query: dict[str, int] = {"x-tos-expires": expires} if expires else {}
    error = failure(media.url("clip.mp4", **query), target, client)
    assert isinstance(error, Refused)
    assert (error.code, len(media.requests)) == (code, 1)


def test_an_expired_link_leaves_the_part_for_a_fresh_one(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    with pytest.raises(Stopped):
        download(media.url("clip.mp4"), target, StopAt(1 << 20), client=client)
    failure(media.url("clip.mp4", **{"x-tos-expires": PAST}), target, client)
    download(media.url("clip.mp4", **{"x-tos-expires": FUTURE}), target, Step(), client=client)
    assert [request.status for request in media.requests] == [200, 403, 206]
    assert target.read_bytes() == CLIP


@pytest.mark.parametrize("status", [500, 502, 503, 408])
def test_trouble_of_the_server_is_tried_again_at_once_and_later(
    media: MediaServer, target: Path, client: httpx.Client, status: int
) -> None:
    media.status[PATH] = status
    error = failure(media.url("clip.mp4"), target, client)
    assert isinstance(error, TryLater)
    assert (error.code, error.whole_stage, len(media.requests)) == ("unreachable", False, 3)


def test_a_rate_limit_pauses_everything(target: Path, client: httpx.Client) -> None:
    before = datetime.now(UTC)
    with Script(answer("429 Too Many Requests\r\nRetry-After: 120")) as server:
        error = failure(server.url, target, client)
    assert isinstance(error, TryLater)
    assert (error.code, error.whole_stage) == ("rate_limited", True)
    assert error.at is not None
    assert timedelta(seconds=119) < error.at - before < timedelta(seconds=180)


@pytest.mark.parametrize(
    ("header", "at"),
    [
        ("Wed, 21 Oct 2026 07:28:00 GMT", datetime(2026, 10, 21, 7, 28, tzinfo=UTC)),
        ("soon", None),
        ("", None),
    ],
)
def test_other_forms_of_retry_after(
    target: Path, client: httpx.Client, header: str, at: datetime | None
) -> None:
    with Script(answer(f"429 Too Many Requests\r\nRetry-After: {header}")) as server:
        error = failure(server.url, target, client)
    assert isinstance(error, TryLater)
    assert error.at == at


def test_nobody_listens(target: Path, client: httpx.Client) -> None:
    with Script() as server:
        url = server.url
    error = failure(url, target, client)
    assert isinstance(error, TryLater)
    assert (error.code, error.whole_stage, error.unreachable) == ("unreachable", True, True)


def test_a_server_that_hangs_up_at_once_is_only_this_post_s_trouble(
    target: Path, client: httpx.Client
) -> None:
    with Script(b"", b"", b"") as server:
        error = failure(server.url, target, client)
    assert isinstance(error, TryLater)
    assert (error.code, error.whole_stage, error.unreachable) == ("unreachable", False, False)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html; charset=utf-8", b"anything"),
        ("application/json", b"{}"),
        ("video/mp4", b"<!DOCTYPE html><title>Log in</title>"),
        ("application/octet-stream", b"\n <HTML>"),
        ("video/mp4", b'{"error": "access denied"}'),
        ("video/mp4", b"\xef\xbb\xbf<?xml version='1.0'?><Error/>"),
    ],
)
def test_a_page_is_no_video(
    media: MediaServer, target: Path, client: httpx.Client, kind: str, body: bytes
) -> None:
    media.replace[PATH] = kind, body
    error = failure(media.url("clip.mp4"), target, client)
    assert isinstance(error, Refused)
    assert error.code == "not_media"
    assert left_over(target) == []


def test_packed_bytes_are_not_stored_as_a_video(target: Path, client: httpx.Client) -> None:
    with Script(answer("200 OK\r\nContent-Encoding: gzip", b"\x1f\x8b\x08" + bytes(40))) as server:
        assert failure(server.url, target, client).code == "not_media"


def test_an_empty_answer_is_no_video(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    media.replace[PATH] = "video/mp4", b""
    assert failure(media.url("clip.mp4"), target, client).code == "incomplete"


def test_a_body_of_unknown_length(target: Path, client: httpx.Client) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    step = Step()
    with Script(head + b"5\r\nhello\r\n", head + b"5\r\nhello\r\n0\r\n\r\n") as server:
        download(server.url, target, step, client=client)
        assert len(server.requests) == 2
    assert target.read_bytes() == b"hello"
    assert (step.done, step.total) == (5, None)


def test_redirects_are_followed_but_not_for_ever(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    with Script(answer(f"302 Found\r\nLocation: {media.url('clip.mp4')}")) as server:
        download(server.url, target, Step(), client=client)
    assert target.read_bytes() == CLIP
    target.unlink()
    with Script(*[answer("302 Found\r\nLocation: /again?secret")] * 30) as server:
        assert failure(server.url, target, client).code == "bad_answer"


def test_a_redirect_to_another_kind_of_address(target: Path, client: httpx.Client) -> None:
    with Script(answer("302 Found\r\nLocation: ftp://127.0.0.1/secret")) as server:
        error = failure(server.url, target, client)
    assert isinstance(error, Refused)
    assert error.code == "bad_answer"


@pytest.mark.parametrize("url", ["http://127.0.0.1/\x00?secret", "http://127.0.0.1:99999/?secret"])
def test_an_address_that_is_none(target: Path, client: httpx.Client, url: str) -> None:
    assert failure(url, target, client).code == "bad_answer"


def test_no_room_is_seen_before_the_first_byte(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    with pytest.raises(DiskFull, match="no room"):
        download(media.url("clip.mp4"), target, Step(), client=client, reserve=1 << 60)
    assert not target.exists()
    assert target.with_name("original.mp4.part").stat().st_size == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_disk_that_fills_up_while_writing(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    target.parent.mkdir(parents=True)
    target.with_name("original.mp4.part").symlink_to("/dev/full")
    with pytest.raises(DiskFull):
        download(media.url("clip.mp4"), target, Step(), client=client)
    assert not target.exists()

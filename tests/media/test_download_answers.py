"""What a server may say to a download, and what becomes of the post then."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from importer.demo.media_server import MediaServer
from importer.errors import Refused, StepError, TryLater
from importer.media.download import download
from importer.step import Step
from tests.media.raw_server import RawServer, answer

# Chance alone would begin like a page, once in 256 times.
CLIP = b"\x00\x00\x00\x18ftypmp42" + os.urandom(300 << 10)
PATH = "/clip.mp4"
PAST, FUTURE = 1_600_000_000, 4_000_000_000


@pytest.fixture
def media(tmp_path: Path) -> Iterator[MediaServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(CLIP)
    with MediaServer(folder) as server:
        yield server


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
    with RawServer(answer("429 Too Many Requests\r\nRetry-After: 120")) as server:
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
    with RawServer(answer(f"429 Too Many Requests\r\nRetry-After: {header}")) as server:
        error = failure(server.url, target, client)
    assert isinstance(error, TryLater)
    assert error.at == at


def test_nobody_listens(target: Path, client: httpx.Client) -> None:
    with RawServer() as server:
        url = server.url
    error = failure(url, target, client)
    assert isinstance(error, TryLater)
    assert (error.code, error.whole_stage, error.unreachable) == ("unreachable", True, True)


def test_a_server_that_hangs_up_at_once_is_only_this_post_s_trouble(
    target: Path, client: httpx.Client
) -> None:
    with RawServer(b"", b"", b"") as server:
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
    with RawServer(
        answer("200 OK\r\nContent-Encoding: gzip", b"\x1f\x8b\x08" + bytes(40))
    ) as server:
        assert failure(server.url, target, client).code == "not_media"


def test_an_empty_answer_is_no_video(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    media.replace[PATH] = "video/mp4", b""
    assert failure(media.url("clip.mp4"), target, client).code == "incomplete"


def test_a_body_of_unknown_length(target: Path, client: httpx.Client) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    step = Step()
    with RawServer(head + b"5\r\nhello\r\n", head + b"5\r\nhello\r\n0\r\n\r\n") as server:
        download(server.url, target, step, client=client)
        assert len(server.requests) == 2
    assert target.read_bytes() == b"hello"
    assert (step.done, step.total) == (5, None)


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "untold"])
def test_more_than_any_video_has_is_not_kept(
    target: Path, client: httpx.Client, is_told: bool
) -> None:
    head = '200 OK\r\nETag: "one"'
    sent = (
        answer(head, length=1 << 50)
        if is_told
        else f"HTTP/1.1 {head}\r\nConnection: close\r\n\r\n".encode() + CLIP
    )
    with RawServer(sent) as server, pytest.raises(Refused) as caught:
        download(server.url, target, Step(), client=client, most=len(CLIP) - 1)
    assert caught.value.code == "endless"
    assert "secret" not in caught.value.text
    assert left_over(target) == []


def test_what_comes_without_a_length_does_not_fill_the_disk(
    target: Path, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = shutil.disk_usage(target.parents[2])._replace(free=len(CLIP) - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: left)
    endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + CLIP
    with RawServer(endless) as server, pytest.raises(Refused, match="has not ended"):
        download(server.url, target, Step(), client=client, reserve=0)
    assert left_over(target) == []


def test_redirects_are_followed_but_not_for_ever(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    with RawServer(answer(f"302 Found\r\nLocation: {media.url('clip.mp4')}")) as server:
        download(server.url, target, Step(), client=client)
    assert target.read_bytes() == CLIP
    target.unlink()
    with RawServer(*[answer("302 Found\r\nLocation: /again?secret")] * 30) as server:
        assert failure(server.url, target, client).code == "bad_answer"


def test_a_redirect_to_another_kind_of_address(target: Path, client: httpx.Client) -> None:
    with RawServer(answer("302 Found\r\nLocation: ftp://127.0.0.1/secret")) as server:
        error = failure(server.url, target, client)
    assert isinstance(error, Refused)
    assert error.code == "bad_answer"


def test_an_address_that_is_none(target: Path, client: httpx.Client) -> None:
    assert failure("http://127.0.0.1/\x00?secret", target, client).code == "bad_answer"

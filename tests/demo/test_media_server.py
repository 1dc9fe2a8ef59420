"""The media server answers like a CDN, and misbehaves only when told to."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from importer.demo.media_server import MediaServer

CLIP = bytes(range(256)) * 1000


@pytest.fixture
def media(tmp_path: Path) -> Iterator[MediaServer]:
    folder = tmp_path / "served"
    (folder / "clips").mkdir(parents=True)
    (folder / "clips" / "a b.mp4").write_bytes(CLIP)
    (folder / "empty.jpg").write_bytes(b"")
    (tmp_path / "secret.txt").write_text("not for the world")
    with MediaServer(folder) as server:
        yield server


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, verify=False, timeout=10) as client:
        yield client


def test_sends_a_file_with_all_that_a_download_needs(
    media: MediaServer, client: httpx.Client
) -> None:
    url = media.url("clips/a b.mp4", lang="en")
    answer = client.get(url)
    assert answer.status_code == 200
    assert answer.content == CLIP
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(len(CLIP))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"].startswith('"')
    head = client.head(url)
    assert head.content == b""
    assert head.headers["content-length"] == str(len(CLIP))
    assert head.headers["etag"] == answer.headers["etag"]
    seen = [(request.method, request.path, request.status) for request in media.requests]
    assert seen == [("GET", "/clips/a b.mp4", 200), ("HEAD", "/clips/a b.mp4", 200)]


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=10-19", 10, 20),
        ("bytes=255000-", 255_000, 256_000),
        ("bytes=-5", 255_995, 256_000),
        ("bytes=255999-999999", 255_999, 256_000),
    ],
)
def test_sends_a_range(
    media: MediaServer, client: httpx.Client, asked: str, start: int, end: int
) -> None:
    answer = client.get(media.url("clips/a b.mp4"), headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == CLIP[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CLIP)}"
    assert media.requests[0].range == asked


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=-", "bytes=0-1,4-5", "pages=1-2"])
def test_a_range_it_does_not_understand_gets_the_whole_file(
    media: MediaServer, client: httpx.Client, asked: str
) -> None:
    answer = client.get(media.url("clips/a b.mp4"), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, CLIP)


@pytest.mark.parametrize(
    ("name", "asked", "size"),
    [("clips/a b.mp4", "bytes=256000-", 256_000), ("empty.jpg", "bytes=0-", 0)],
)
def test_a_range_outside_the_file_is_refused(
    media: MediaServer, client: httpx.Client, name: str, asked: str, size: int
) -> None:
    answer = client.get(media.url(name), headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{size}"


def test_if_range_sends_the_whole_file_once_it_changed(
    media: MediaServer, client: httpx.Client, tmp_path: Path
) -> None:
    url = media.url("clips/a b.mp4")
    first = client.head(url).headers
    for known in (first["etag"], first["last-modified"]):
        resume = {"Range": "bytes=100-", "If-Range": known}
        assert client.get(url, headers=resume).status_code == 206
    (tmp_path / "served" / "clips" / "a b.mp4").write_bytes(b"another clip")
    resume = {"Range": "bytes=100-", "If-Range": first["etag"]}
    answer = client.get(url, headers=resume)
    assert (answer.status_code, answer.content) == (200, b"another clip")


def test_an_expired_link_is_forbidden(media: MediaServer, client: httpx.Client) -> None:
    now = int(time.time())
    valid = media.url("clips/a b.mp4", **{"x-tos-expires": now + 3600})
    expired = media.url("clips/a b.mp4", **{"x-tos-expires": now - 1})
    assert client.head(valid).status_code == 200
    assert client.get(expired).status_code == 403


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/clips/../../secret.txt", "/clips", "/none"]
)
def test_only_files_of_the_folder_are_served(media: MediaServer, path: str) -> None:
    address = urlsplit(media.url("")).netloc
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request("GET", path)
        assert connection.getresponse().status == 404
    finally:
        connection.close()


def test_a_cut_drops_the_connection_once_and_can_be_resumed(
    media: MediaServer, client: httpx.Client
) -> None:
    url = media.url("clips/a b.mp4")
    media.cut_after["/clips/a b.mp4"] = 70_000
    received = b""
    with (
        pytest.raises(httpx.RemoteProtocolError),
        client.stream("GET", url) as answer,
    ):
        for chunk in answer.iter_bytes():
            received += chunk
    assert received == CLIP[:70_000]
    rest = client.get(url, headers={"Range": f"bytes={len(received)}-"})
    assert received + rest.content == CLIP


def test_a_forced_status_and_a_replaced_body(media: MediaServer, client: httpx.Client) -> None:
    url = media.url("clips/a b.mp4")
    media.status["/clips/a b.mp4"] = 503
    assert client.get(url).status_code == 503
    del media.status["/clips/a b.mp4"]
    media.replace["/clips/a b.mp4"] = ("text/html", b"<p>Please log in</p>")
    answer = client.get(url, headers={"Range": "bytes=100-"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html"
    assert answer.content == b"<p>Please log in</p>"


def test_a_client_that_hangs_up_leaves_the_server_well(
    media: MediaServer, client: httpx.Client, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "served" / "large.bin").open("wb") as large:
        large.truncate(50_000_000)
    with (
        httpx.Client(trust_env=False, verify=False) as rude,
        rude.stream("GET", media.url("large.bin")),
    ):
        pass
    assert client.get(media.url("clips/a b.mp4")).content == CLIP
    assert capfd.readouterr().err == ""

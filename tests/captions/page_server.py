"""TikTok's pages on loopback: a proxy that answers for TikTok's hosts itself, over real TLS.

The pages carry only what yt-dlp's extractor reads of them (`extractor/tiktok.py`, 2026.10.26):
the JSON in `__UNIVERSAL_DATA_FOR_REHYDRATION__` of profile and post pages, the one in
`__FRONTITY_CONNECT_STATE__` of embed pages, the answers of `/api/creator/item_list/`, and the page
with a sum to solve that stands before pages for visitors who look like programs.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import pytest

from importer.captions.finding import Finding
from importer.errors import StepError
from tests.certificates import vouched_for

ROOT = Path(__file__).parents[2]
HOSTS = ("www.tiktok.com", "www.tiktokv.com")
SEC_UID = "MS4wLjABAAAA" + "a" * 64
PAGE_SIZE = 15
LISTING = "/api/creator/item_list/"
PROFILE = "/@some.one"
EMBED = "/embed/@some.one"
CHECK_COOKIE = "_wafchallengeid"


@dataclass(frozen=True)
class Answer:
    """What the server says: `body` goes out as JSON unless it is text."""

    body: Any = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request that arrived: the host of the tunnel, the path without its query, the cookies."""

    host: str
    path: str
    query: dict[str, list[str]]
    cookie: str


def post(number: int, caption: str | None = None, **more: Any) -> dict[str, Any]:
    """A post as a listing and its own page carry it; higher numbers are newer, an hour each."""
    created = 1_700_000_000 + 3600 * number
    return {
        "id": str((created - 7) << 32 | number),
        "desc": f"Caption {number} #first" if caption is None else caption,
        "createTime": created,
        "author": {
            "id": "6800000000000000001",
            "uniqueId": "Some.One",
            "nickname": "Some One",
            "secUid": SEC_UID,
        },
        "music": {"title": "original sound", "authorName": "Some One", "duration": 60},
        "video": {
            "duration": 12,
            "width": 576,
            "height": 1024,
            "playAddr": f"https://v16-webapp-prime.tiktok.com/video/{number}.mp4",
            "downloadAddr": f"https://v16-webapp-prime.tiktok.com/download/{number}.mp4",
            "cover": f"https://p16-sign.tiktokcdn.com/{number}.jpeg",
            "subtitleInfos": [
                {"Url": f"https://v16.tiktok.com/{number}.vtt", "LanguageCodeName": "eng-US"}
            ],
        },
        **more,
    }


def photos(number: int) -> dict[str, Any]:
    """A photo post: pictures that yt-dlp does not read, and a sound."""
    sound = {"title": "a song", "duration": 60, "playUrl": "https://sf16.tiktokcdn.com/song.m4a"}
    video = {"duration": 0, "width": 0, "height": 0, "playAddr": ""}
    return post(number, f"Photos {number}", music=sound, video=video, imagePost={"images": [{}]})


def page(data: dict[str, Any], script: str = "__UNIVERSAL_DATA_FOR_REHYDRATION__") -> str:
    """A page with its data in a script."""
    text = json.dumps(data)
    return (
        f'<html><body><script id="{script}" type="application/json">{text}</script></body></html>'
    )


def post_page(item: dict[str, Any] | None, status: int = 0) -> Answer:
    """The page of one post."""
    detail = {"statusCode": status, "itemInfo": {"itemStruct": item or {}}}
    return Answer(page({"__DEFAULT_SCOPE__": {"webapp.video-detail": detail}}))


def profile_page(count: int, status: int = 0, sec_uid: str | None = SEC_UID) -> Answer:
    """The page of a profile."""
    user = {"user": {"secUid": sec_uid} if sec_uid else {}, "stats": {"videoCount": count}}
    detail = {"statusCode": status, "userInfo": user if sec_uid or count else {}}
    return Answer(page({"__DEFAULT_SCOPE__": {"webapp.user-detail": detail}}))


def check_page(number: int = 4321) -> Answer:
    """The page that lets a browser pass after a short sum."""
    start = b"salt"
    digest = hashlib.sha256(start + str(number).encode()).digest()
    sums = {"v": {"a": base64.b64encode(start).decode(), "c": base64.b64encode(digest).decode()}}
    text = base64.b64encode(json.dumps(sums).encode()).decode().rstrip("=")
    return Answer(
        f'<html><body>Please wait...<p id="cs" class="{text}"></p>'
        f'<p id="wci" class="{CHECK_COOKIE}"></p></body></html>'
    )


class PageServer:
    """TikTok with the posts of one account, as far as yt-dlp looks. Use it with `with`.

    `answers` go before everything else: by path, an answer or what makes one.
    """

    def __init__(self, folder: Path, posts: list[dict[str, Any]] | None = None) -> None:
        self.posts = sorted(posts or [], key=lambda item: -item["createTime"])
        self.answers: dict[str, Answer | Callable[[Asked], Answer]] = {}
        self.asked: list[Asked] = []
        self.tunnels: list[str] = []
        self.authority = folder / "authority.pem"
        self.tls = vouched_for(HOSTS, self.authority, folder / "chain.pem")
        self._http = _Http(self)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, name="pages"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where the proxy listens."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [asked.path for asked in self.asked]

    def answer(self, asked: Asked) -> Answer:
        """What TikTok says."""
        self.asked.append(asked)
        forced = self.answers.get(asked.path)
        if forced is not None:
            return forced(asked) if callable(forced) else forced
        if asked.path == PROFILE:
            return profile_page(len(self.posts))
        if asked.path == LISTING:
            return self.listing(int(asked.query["cursor"][0]))
        by_id = {item["id"]: item for item in self.posts}
        parts = asked.path.strip("/").split("/")
        if len(parts) == 3 and parts[1] == "video" and parts[2] in by_id:
            return post_page(by_id[parts[2]])
        return Answer("Not here", 404)

    def listing(self, cursor: int) -> Answer:
        """A page of the listing: the posts before a time in unix milliseconds."""
        older = [item for item in self.posts if item["createTime"] * 1000 < cursor]
        more = len(older) > PAGE_SIZE
        return Answer({"itemList": older[:PAGE_SIZE], "hasMorePrevious": more, "statusCode": 0})


class _Http(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, pages: PageServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages = pages


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    host = ""

    def do_CONNECT(self) -> None:
        """Become the host that the tunnel is asked for."""
        self.host = self.path.partition(":")[0]
        self.server.pages.tunnels.append(self.host)
        if self.host not in HOSTS:
            self.send_error(502)
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            self.connection = self.server.pages.tls.wrap_socket(self.connection, server_side=True)
        except (OSError, ssl.SSLError):
            self.close_connection = True
            return
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
        self.close_connection = False

    def do_GET(self) -> None:
        """Answer as TikTok, or cut the line for the status 0."""
        target = urlsplit(self.path)
        cookie = self.headers.get("Cookie", "")
        asked = Asked(self.host, target.path, parse_qs(target.query), cookie)
        answer = self.server.pages.answer(asked)
        self.close_connection = True
        if answer.status == 0:
            return
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        raw = text.encode()
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(raw)), **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(raw)

    def finish(self) -> None:
        """Close what the tunnel opened."""
        super().finish()
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent: `PageServer.asked` is the log."""


class Waits(threading.Event):
    """A stop flag whose waits take no time but move its clock, and are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.now += timeout
        self.waited.append(round(timeout, 6))
        return self.is_set()

    def clock(self) -> float:
        return self.now


@contextmanager
def instead_of_tiktok(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageServer]:
    """A server with 40 posts that stands where TikTok would: any other address is a failure."""
    folder.mkdir()
    with PageServer(folder, [post(number) for number in range(1, 41)]) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.lower(), raising=False)
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        trust(server, monkeypatch)
        connect, resolve = socket.socket.connect, socket.getaddrinfo

        def checked_connect(self: socket.socket, address: Any) -> None:
            assert address[0] == "127.0.0.1", f"a request left for {address}"
            connect(self, address)

        def checked_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
            assert host == "127.0.0.1", f"the name {host} was looked up"
            return resolve(host, *args, **kwargs)

        monkeypatch.setattr(socket.socket, "connect", checked_connect)
        monkeypatch.setattr(socket, "getaddrinfo", checked_resolve)
        yield server


def trust(server: PageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the server's authority, and no other, for one that vouches for hosts."""
    monkeypatch.setattr("certifi.where", lambda: str(server.authority))
    # Read by curl_cffi, with which yt-dlp passes for a browser where it is installed.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.authority))


def trusting(server: PageServer, folder: Path) -> dict[str, str]:
    """What makes a program of its own do so; what it loads for that is written to `folder`."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(
        f"import certifi\ncertifi.where = lambda: {str(server.authority)!r}\n", encoding="utf-8"
    )
    return {
        "HTTPS_PROXY": server.url,
        "REQUESTS_CA_BUNDLE": str(server.authority),
        "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT))),
    }


def trouble(findings: Iterator[Finding]) -> tuple[list[Finding], StepError]:
    """What an iterator gave before it failed, and the failure, in words for people."""
    given: list[Finding] = []
    with pytest.raises(StepError) as raised:
        for finding in findings:
            given.append(finding)  # noqa: PERF402  kept although the iterator fails
    error = raised.value
    assert error.hint and error.text.endswith(".") and "\n" not in error.text + error.hint
    assert "yt-dlp/yt-dlp" not in error.text + error.hint
    return given, error


def ids(findings: list[Finding]) -> list[str | None]:
    """The IDs of the posts, in order."""
    return [finding.video_id for finding in findings]


def video_page(item: dict[str, Any], author: str = "some.one") -> str:
    """The path of a post's page."""
    return f"/@{author}/video/{item['id']}"

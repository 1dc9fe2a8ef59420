"""Serves a folder over HTTP on loopback the way TikTok's CDN serves media: ranges and expiry."""

from __future__ import annotations

import hashlib
import io
import mimetypes
import re
import sys
import threading
import time
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

_CHUNK = 64 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_FALLBACK_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class MediaRequest:
    """One request that was answered: `path` without its query, `range` as the client sent it."""

    method: str
    path: str
    range: str | None
    status: int


@dataclass(frozen=True, slots=True)
class _Body:
    """What stands at a path just now."""

    content: BinaryIO
    size: int
    type: str
    etag: str
    modified: str
    in_parts: bool = True


class MediaServer:
    """The files of `folder` on 127.0.0.1, with faults on request.

    Paths in `cut_after`, `status` and `replace` start with a slash: `/clips/a.mp4`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._http = _Http(self)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._lock = threading.Lock()
        self._requests: list[MediaRequest] = []
        self.cut_after: dict[str, int] = {}
        """Drop the connection after so many bytes of the body, once for each entry."""
        self.status: dict[str, int] = {}
        """Answer with this status and no file."""
        self.replace: dict[str, tuple[str, bytes]] = {}
        """Send this type and body, whole and with 200, instead of the file."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def requests(self) -> tuple[MediaRequest, ...]:
        """Every request answered so far, in order."""
        with self._lock:
            return tuple(self._requests)

    def url(self, name: str, **query: str | int) -> str:
        """The address of a file; parameters with dashes come by `**{"x-tos-expires": …}`."""
        base = f"http://127.0.0.1:{self._http.server_port}/{quote(name.lstrip('/'))}"
        return f"{base}?{urlencode(query)}" if query else base

    def _note(self, request: MediaRequest) -> None:
        with self._lock:
            self._requests.append(request)

    def _take_cut(self, path: str) -> int | None:
        with self._lock:
            return self.cut_after.pop(path, None)

    def _open(self, path: str) -> _Body | None:
        if path in self.replace:
            kind, data = self.replace[path]
            return _Body(
                content=io.BytesIO(data),
                size=len(data),
                type=kind,
                etag=f'"{hashlib.sha256(data).hexdigest()[:16]}"',
                modified=formatdate(usegmt=True),
                in_parts=False,
            )
        file = (self._folder / path.lstrip("/")).resolve()
        if not file.is_relative_to(self._folder) or not file.is_file():
            return None
        facts = file.stat()
        return _Body(
            content=file.open("rb"),
            size=facts.st_size,
            type=mimetypes.guess_type(file.name)[0] or _FALLBACK_TYPE,
            etag=f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"',
            modified=formatdate(facts.st_mtime, usegmt=True),
        )


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, media: MediaServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.media = media

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no error; anything else is told on standard error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection; every answer is noted before its body is sent."""

    server: _Http
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send a file or a part of it."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Send what GET would, without the body."""
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent: `MediaServer.requests` is the log."""

    def _answer(self, *, with_body: bool) -> None:
        target = urlsplit(self.path)
        path = unquote(target.path)
        forced = self.server.media.status.get(path)
        if forced is not None:
            self._refuse(path, forced)
            return
        query = parse_qs(target.query)
        # Links of videos say it the one way, of pictures the other.
        expires = (query.get("x-tos-expires") or query.get("x-expires") or [""])[0]
        if expires.isdecimal() and int(expires) <= time.time():
            self._refuse(path, HTTPStatus.FORBIDDEN)
            return
        body = self.server.media._open(path)
        if body is None:
            self._refuse(path, HTTPStatus.NOT_FOUND)
            return
        with body.content:
            self._send(path, body, with_body=with_body)

    def _send(self, path: str, body: _Body, *, with_body: bool) -> None:
        asked = self._asked_range(body)
        if asked is None:
            status, start, end = HTTPStatus.OK, 0, body.size
        else:
            status, (start, end) = HTTPStatus.PARTIAL_CONTENT, asked
        if start >= end and asked is not None:
            unsatisfied = {"Content-Range": f"bytes */{body.size}"}
            self._refuse(path, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, unsatisfied)
            return
        self._begin(path, status)
        self.send_header("Content-Type", body.type)
        self.send_header("Content-Length", str(end - start))
        self.send_header("ETag", body.etag)
        self.send_header("Last-Modified", body.modified)
        self.send_header("Accept-Ranges", "bytes" if body.in_parts else "none")
        if status is HTTPStatus.PARTIAL_CONTENT:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{body.size}")
        self.end_headers()
        if with_body:
            self._copy(path, body.content, start, end)

    def _asked_range(self, body: _Body) -> tuple[int, int] | None:
        """The first byte and the one after the last that are asked for, `None` for all of it."""
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        condition = self.headers.get("If-Range", body.etag)
        if not body.in_parts or asked is None or condition not in (body.etag, body.modified):
            return None
        first, last = asked.groups()
        if not first:
            if not last:
                return None
            return max(0, body.size - int(last)), body.size
        if last and int(last) < int(first):
            return None
        return int(first), min(int(last) + 1, body.size) if last else body.size

    def _copy(self, path: str, content: BinaryIO, start: int, end: int) -> None:
        cut = self.server.media._take_cut(path)
        left = end - start if cut is None else min(cut, end - start)
        content.seek(start)
        while left and (chunk := content.read(min(_CHUNK, left))):
            self.wfile.write(chunk)
            left -= len(chunk)
        if cut is not None:
            self.close_connection = True

    def _refuse(self, path: str, status: int, headers: dict[str, str] | None = None) -> None:
        self._begin(path, status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _begin(self, path: str, status: int) -> None:
        asked = self.headers.get("Range")
        self.server.media._note(MediaRequest(self.command, path, asked, int(status)))
        self.send_response(status)

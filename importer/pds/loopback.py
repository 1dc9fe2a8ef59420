"""Waits for a browser of this machine to come back from signing in (RFC 8252)."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

PATH = "/callback"
_LOOK_SECONDS = 0.25
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Tokaway</title>
<style>body{font:1.2rem system-ui;margin:20vh auto;max-width:30rem;padding:0 1rem}</style>
<h1>%s</h1><p>You can close this window and go back to Tokaway.</p></html>"""


class Loopback:
    """Listens on this machine alone, for one answer. Use it with `with`."""

    def __init__(self) -> None:
        self._listener = _Listener(("127.0.0.1", 0), _Handler)
        self._listener.timeout = _LOOK_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.server_close()

    @property
    def url(self) -> str:
        """Where the browser is to come back to."""
        return f"http://127.0.0.1:{self._listener.server_address[1]}{PATH}"

    def wait(self, seconds: float, stop: threading.Event) -> dict[str, str] | None:
        """What the browser brings; `None` if it did not come in time, or was not waited for."""
        ends = time.monotonic() + seconds
        while not stop.is_set() and time.monotonic() < ends:
            self._listener.handle_request()
            if self._listener.brought:
                return self._listener.brought
        return None


def brought_by(url: str) -> dict[str, str]:
    """What an address that a browser was sent back to carries."""
    query: Mapping[str, list[str]] = parse_qs(urlsplit(url.strip()).query)
    return {name: values[0] for name, values in query.items()}


class _Listener(HTTPServer):
    brought: dict[str, str] | None = None


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    # A browser may open a connection ahead and never use it.
    timeout = 2

    def do_GET(self) -> None:
        found = brought_by(self.path) if urlsplit(self.path).path == PATH else {}
        if "state" not in found:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        title = "You are signed in." if "code" in found else "You are not signed in."
        page = (_PAGE % title).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(page)
        self.server.brought = found

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the parent's name
        """Say nothing: the address holds a secret."""

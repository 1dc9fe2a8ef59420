"""A tiny HTTP server with fixed answers, for what a real PDS never says."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import Loopback

PAGE = "<!doctype html><title>A page for people</title>"


class StandIn(Loopback):
    """Answers paths with `(status, body)`, and everything else with `otherwise`.

    A body that is a dictionary goes out as JSON, a string as HTML; `headers` go with each answer.
    Use it with `with`; with a `context` it speaks HTTPS.
    """

    def __init__(
        self,
        answers: Mapping[str, tuple[int, dict[str, Any] | str]],
        otherwise: tuple[int, dict[str, Any] | str] = (404, PAGE),
        headers: Mapping[str, str] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.otherwise = otherwise
        self.date: datetime | None = None
        """What it takes for the time, if not the time."""
        self.bodies: list[dict[str, Any]] = []
        """What was sent to it as JSON."""
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                size = int(self.headers.get("Content-Length", 0))
                sent = self.rfile.read(size)
                if self.headers.get("Content-Type") == "application/json":
                    stand_in.bodies.append(json.loads(sent))
                status, body = answers.get(self.path.partition("?")[0], stand_in.otherwise)
                is_page = isinstance(body, str)
                raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html" if is_page else "application/json")
                self.send_header("Content-Length", str(len(raw)))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            do_POST = do_GET  # noqa: N815  http.server looks for this name

            def date_time_string(self, timestamp: float | None = None) -> str:
                at = stand_in.date.timestamp() if stand_in.date else timestamp
                return super().date_time_string(at)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        super().__init__(Handler, "stand-in", context)

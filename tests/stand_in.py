"""A tiny HTTP server with fixed answers, for what a real PDS never says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import Loopback

PAGE = "<!doctype html><title>A page for people</title>"


class StandIn(Loopback):
    """Answers paths with `(status, body)`, and everything else with `otherwise`.

    A body that is a dictionary goes out as JSON, a string as HTML. Use it with `with`.
    """

    def __init__(
        self,
        answers: Mapping[str, tuple[int, dict[str, Any] | str]],
        otherwise: tuple[int, dict[str, Any] | str] = (404, PAGE),
    ) -> None:
        self.otherwise = otherwise
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
                self.end_headers()
                self.wfile.write(raw)

            do_POST = do_GET  # noqa: N815  http.server looks for this name

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        super().__init__(Handler, "stand-in")

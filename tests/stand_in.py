"""A tiny HTTP server with fixed answers, for what a real PDS never says."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

PAGE = "<!doctype html><title>A page for people</title>"


class StandIn:
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

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="stand-in"
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://localhost:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

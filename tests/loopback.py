"""What servers of the tests on loopback share: a port of their own, a thread, an orderly end."""

from __future__ import annotations

import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class Listener(ThreadingHTTPServer):
    """Says nothing of clients that hang up: they may leave whenever they like."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Loopback:
    """A server that listens as long as its `with` lasts: by HTTPS if it has a context for it."""

    def __init__(
        self,
        handler: type[BaseHTTPRequestHandler],
        name: str,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._server = Listener(("127.0.0.1", 0), handler)
        self._server.daemon_threads = False
        self._is_secure = context is not None
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name=name
        )

    @property
    def host(self) -> str:
        """Its name and port."""
        return f"localhost:{self.port}"

    @property
    def port(self) -> int:
        """Its port."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self._is_secure else 'http'}://{self.host}"

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

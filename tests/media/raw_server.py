"""A loopback server that sends prepared bytes: for answers that no well-made server gives."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress


class RawServer:
    """Sends each connection the next of some raw answers."""

    def __init__(self, *answers: bytes, on_request: Callable[[], None] = lambda: None) -> None:
        self._answers = answers
        self._on_request = on_request
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.requests: list[bytes] = []

    def __enter__(self) -> RawServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            # Closing alone does not wake a thread that waits in accept.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/clip.mp4?x-tos-signature=secret"

    def _serve(self) -> None:
        for answer in self._answers:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                request = b""
                while b"\r\n\r\n" not in request:
                    received = connection.recv(4096)
                    if not received:
                        return
                    request += received
                self.requests.append(request)
                self._on_request()
                with suppress(ConnectionError):  # a client may have had enough
                    connection.sendall(answer)


def answer(head: str, body: bytes = b"", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {head}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n".encode() + body

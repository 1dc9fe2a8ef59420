"""An object store with the API of S3 on loopback, which can go away and come back empty."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request
from types import TracebackType
from typing import Self

BUCKET = "archives"


class ObjectStore:
    """A server in a process of its own. Use it with `with`.

    `variables` are what lets any process in: they belong into its environment.
    """

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        self.variables = {
            "AWS_ENDPOINT_URL": self._url(),
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.go_away()

    def start(self) -> None:
        """Have it there, with one empty bucket."""
        server = ("-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self._port))
        self._process = subprocess.Popen(
            [sys.executable, *server], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        bucket = urllib.request.Request(self._url(BUCKET), method="PUT")
        while True:
            assert self._process.poll() is None, "the store did not start"
            try:
                with urllib.request.urlopen(bucket, timeout=10):
                    return
            except OSError:
                continue  # it does not listen yet

    def go_away(self) -> None:
        """Be gone, with all that lay there."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def put(self, name: str) -> None:
        """Something that somebody else has there."""
        whose = urllib.request.Request(self._url(f"{BUCKET}/{name}"), b"theirs", method="PUT")
        with urllib.request.urlopen(whose, timeout=10):
            pass

    def names(self) -> list[str]:
        """All that lies there."""
        with urllib.request.urlopen(self._url(f"{BUCKET}?list-type=2"), timeout=10) as answer:
            told: str = answer.read().decode()
        return [piece.partition("</Key>")[0] for piece in told.split("<Key>")[1:]]

    def _url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self._port}/{path}".rstrip("/")

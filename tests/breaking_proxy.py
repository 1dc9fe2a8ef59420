"""A proxy on loopback that breaks requests on their way to a real PDS, on a script or at random.

Broken pieces look to both sides as they do on a bad line: a reset is a TCP reset, and an answer
that is dropped was given, so the server has done what it was asked.
"""

from __future__ import annotations

import http.client
import random
import socket
import struct
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.loopback import Listener

_CHUNK = 64 * 1024
_TIMEOUT = 60.0
# Both ends of the proxy frame bodies anew.
_FRAMING = frozenset({"transfer-encoding", "content-length", "keep-alive"})
_AS_JSON = {"Content-Type": "application/json"}


class Breakage(StrEnum):
    """What can happen to a request."""

    RESET = "reset"  # before anything reaches the server
    CUT_BODY = "cut body"  # half of the body reaches the server
    DROP_ANSWER = "drop answer"  # the server has done it, the client never hears
    CUT_ANSWER = "cut answer"  # the client hears half of it
    RATE_LIMIT = "rate limit"
    BAD_GATEWAY = "bad gateway"  # 502 with a page for people
    UNAVAILABLE = "unavailable"  # 503
    EXPIRED_TOKEN = "expired token"  # as the reference PDS says it, with 400


@dataclass(frozen=True, slots=True)
class Call:
    """One request that reached the proxy: `status` is what the client saw, if anything."""

    nsid: str
    fault: Breakage | None
    status: int | None
    headers: Mapping[str, str]
    parameters: Mapping[str, str]


@dataclass(slots=True)
class _Plan:
    fault: Breakage
    times: int
    after: int


class BreakingProxy:
    """Forwards to `upstream`, and breaks what it was told to break. Use it with `with`.

    `rate_limit_seconds` is how far away the end of the rate limit is that a RATE_LIMIT tells.
    """

    def __init__(self, upstream: str, *, rate_limit_seconds: int = 60) -> None:
        self.upstream = upstream.rstrip("/")
        self.rate_limit_seconds = rate_limit_seconds
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._plans: defaultdict[str, deque[_Plan]] = defaultdict(deque)
        self._actions: defaultdict[str, deque[Callable[[], object]]] = defaultdict(deque)
        self._random: random.Random | None = None
        self._probability = 0.0
        self._faults: tuple[Breakage, ...] = ()
        self._in_a_row: defaultdict[str, int] = defaultdict(int)
        self._at_most_in_a_row = 0
        self._listener = _Listener(self)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, kwargs={"poll_interval": 0.02}, name="proxy"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown()
        self._thread.join()
        self._listener.hang_up()
        self._listener.server_close()

    @property
    def url(self) -> str:
        """Where the proxy listens."""
        return f"http://localhost:{self._listener.server_address[1]}"

    def breakage(self, nsid: str, fault: Breakage, times: int = 1, after: int = 0) -> None:
        """Break the next `times` requests to a method, once `after` of them went through.

        Breakages of one method happen one after the other, in the order they were given.
        """
        with self._lock:
            self._plans[nsid].append(_Plan(fault, times, after))

    def before(self, nsid: str, action: Callable[[], object]) -> None:
        """Do something just before the next request to a method is forwarded."""
        with self._lock:
            self._actions[nsid].append(action)

    def chaos(
        self,
        seed: int,
        probability: float,
        *,
        faults: Iterable[Breakage] = Breakage,
        at_most_in_a_row: int = 2,
    ) -> None:
        """From now on break requests at random, each method only so many times in a row."""
        with self._lock:
            self._random = random.Random(seed)
            self._probability = probability
            self._faults = tuple(faults)
            self._at_most_in_a_row = at_most_in_a_row

    def calm(self) -> None:
        """Break nothing from now on."""
        with self._lock:
            self._random = None
            self._plans.clear()

    def forget(self) -> None:
        """Be as new: nothing came through, and nothing is to be broken."""
        with self._lock:
            self._random = None
            self._plans.clear()
            self._actions.clear()
            self._calls.clear()

    def calls(self, nsid: str | None = None) -> list[Call]:
        """What came through so far, in the order it ended; of one method only, if named."""
        with self._lock:
            return [call for call in self._calls if nsid in (None, call.nsid)]

    def statuses(self, nsid: str) -> list[int | None]:
        """What the client saw of each call to a method."""
        return [call.status for call in self.calls(nsid)]

    def _next_fault(self, nsid: str, has_token: bool, has_body: bool) -> Breakage | None:
        with self._lock:
            plans = self._plans[nsid]
            if plans:
                plan = plans[0]
                if plan.after:
                    plan.after -= 1
                    return None
                plan.times -= 1
                if not plan.times:
                    plans.popleft()
                return plan.fault
            fault = self._chance(nsid, has_token, has_body) if self._random else None
            self._in_a_row[nsid] = self._in_a_row[nsid] + 1 if fault else 0
            return fault

    def _chance(self, nsid: str, has_token: bool, has_body: bool) -> Breakage | None:
        dice = self._random
        if dice is None or dice.random() >= self._probability:
            return None
        fitting = [
            fault
            for fault in self._faults
            if (has_token or fault != Breakage.EXPIRED_TOKEN)
            and (has_body or fault != Breakage.CUT_BODY)
        ]
        if not fitting or self._in_a_row[nsid] >= self._at_most_in_a_row:
            return None
        return dice.choice(fitting)

    def _next_action(self, nsid: str) -> Callable[[], object] | None:
        with self._lock:
            actions = self._actions[nsid]
            return actions.popleft() if actions else None

    def _note(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)


class _Listener(Listener):
    """The listening socket; ends its threads by ending their connections."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, proxy: BreakingProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep alive."""
        with self._open_lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class _Gone(Exception):
    """One side hung up in the middle."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_GET(self) -> None:
        proxy = self.server.proxy
        path = urlsplit(self.path)
        nsid = path.path.removeprefix("/xrpc/")
        parameters = {name: values[0] for name, values in parse_qs(path.query).items()}
        size = int(self.headers.get("Content-Length", 0))
        fault = proxy._next_fault(nsid, "Authorization" in self.headers, size > 0)
        answer: _Answer | None = None
        if fault in (Breakage.RESET, Breakage.CUT_BODY):
            if fault == Breakage.CUT_BODY:
                self._forward_half(size)
        elif fault in (None, Breakage.DROP_ANSWER, Breakage.CUT_ANSWER):
            action = proxy._next_action(nsid)
            if action:
                action()
            try:
                answer = self._forward(size)
            except (_Gone, OSError):
                answer = None
        else:
            self._read_away(size)
            answer = self._own_answer(fault)
        if fault == Breakage.DROP_ANSWER:
            answer = None
        headers = {name.lower(): value for name, value in self.headers.items()}
        proxy._note(Call(nsid, fault, answer.status if answer else None, headers, parameters))
        if answer:
            self._give(answer, half=fault == Breakage.CUT_ANSWER)
        else:
            self._reset()

    do_POST = do_GET  # noqa: N815  http.server looks for this name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the parent's name
        """Say nothing."""

    def _forward(self, size: int) -> _Answer:
        upstream = self._connect_upstream()
        try:
            self._send_head(upstream)
            try:
                self._send_body(upstream, size)
            except OSError:
                # The server would not hear it all; what it said before it left still counts.
                self.close_connection = True
            try:
                response = upstream.getresponse()
                body = response.read()
            except (http.client.HTTPException, OSError) as error:
                raise _Gone from error
            headers = [
                (name, value)
                for name, value in response.getheaders()
                if name.lower() not in _FRAMING
            ]
            return _Answer(response.status, headers, body)
        finally:
            upstream.close()

    def _forward_half(self, size: int) -> None:
        upstream = self._connect_upstream()
        try:
            self._send_head(upstream)
            self._send_body(upstream, size // 2)
        finally:
            if upstream.sock:
                _linger(upstream.sock)
            upstream.close()

    def _connect_upstream(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(
            urlsplit(self.server.proxy.upstream).netloc, timeout=_TIMEOUT
        )

    def _send_head(self, upstream: http.client.HTTPConnection) -> None:
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders()

    def _send_body(self, upstream: http.client.HTTPConnection, size: int) -> None:
        while size:
            chunk = self.rfile.read(min(_CHUNK, size))
            if not chunk:
                raise _Gone("the client left")
            upstream.send(chunk)
            size -= len(chunk)

    def _read_away(self, size: int) -> None:
        while size and (chunk := self.rfile.read(min(_CHUNK, size))):
            size -= len(chunk)

    def _own_answer(self, fault: Breakage) -> _Answer:
        if fault == Breakage.RATE_LIMIT:
            seconds = self.server.proxy.rate_limit_seconds
            limits = {
                **_AS_JSON,
                "RateLimit-Limit": "1000",
                "RateLimit-Remaining": "0",
                "RateLimit-Reset": str(int(time.time()) + seconds),
                "RateLimit-Policy": "1000;w=86400",
                "Retry-After": str(seconds),
            }
            body = b'{"error":"RateLimitExceeded","message":"Rate Limit Exceeded"}'
            return _Answer(429, list(limits.items()), body)
        if fault == Breakage.BAD_GATEWAY:
            body = b"<html><head><title>502 Bad Gateway</title></head></html>"
            return _Answer(502, [("Content-Type", "text/html")], body)
        if fault == Breakage.UNAVAILABLE:
            return _Answer(503, [("Content-Type", "text/plain")], b"")
        body = b'{"error":"ExpiredToken","message":"Token has expired"}'
        return _Answer(400, list(_AS_JSON.items()), body)

    def _give(self, answer: _Answer, *, half: bool) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if half else answer.body)
        if half:
            self._reset()

    def _reset(self) -> None:
        """Have the connection end with a TCP reset when its files are closed."""
        self.close_connection = True
        _linger(self.connection)
        self.connection.close()


def _linger(connection: socket.socket) -> None:
    """Make closing a socket throw away what is unsent and reset the connection."""
    on_for_0_seconds = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, on_for_0_seconds)

"""XRPC over HTTP: one call to one server, with typed errors and a few quick retries.

Our own layer rather than the SDK's: it streams uploads, sends `null`s, keeps records as the
JSON they were, and shows every header (facts behind each rule: the reference PDS 0.5.35).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import httpx
import tenacity

from importer import __version__
from importer.certificates import trusted
from importer.clock import utc_now
from importer.errors import SignInNeeded, Stopped, TryLater
from importer.pds.authorization import NONCE_WANTED, PROOF_REFUSED, Authorization
from importer.pds.budget import Budget
from importer.pds.resets import retry_in
from importer.step import Step

# A record that refers to a 300 MB blob takes the server seconds; an upload must arrive within
# its 300 seconds, and the answer comes after the last byte.
CALL_TIMEOUT = httpx.Timeout(60, connect=10)
UPLOAD_TIMEOUT = httpx.Timeout(300, connect=10, write=60)
CHUNK_BYTES = 256 * 1024
TRIES = 3
_CLOSED = frozenset(
    {"AccountDeactivated", "AccountTakedown", "RepoDeactivated", "RepoSuspended", "RepoTakendown"}
)
_TIMED_OUT, _NOT_IMPLEMENTED = 408, 501
# What stands before a server, and from 520 on Cloudflare, says when the server does not answer.
_AWAY = frozenset({502, 503, 504, *range(520, 600)})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to: the JSON object of the body and the headers."""

    body: dict[str, Any]
    headers: Mapping[str, str]


class XrpcError(Exception):
    """The server refused a call. `error` is the name the lexicon gives, `status` HTTP's."""

    def __init__(
        self,
        status: int,
        error: str,
        message: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{error}: {message}" if message else error)
        self.status = status
        self.error = error
        self.message = message
        self.headers = headers
        self.body = body or {}


class Server:
    """One server that speaks XRPC. May be used from several threads.

    Every call is counted in `budget`, and none is made that has no room there.
    """

    def __init__(self, url: str, stop: threading.Event) -> None:
        self.budget = Budget()
        self.url = url.rstrip("/")
        self.host = urlsplit(self.url).netloc
        self._stop = stop
        self._client = httpx.Client(
            base_url=f"{self.url}/xrpc/",
            timeout=CALL_TIMEOUT,
            headers={"User-Agent": f"tokaway/{__version__}"},
            verify=trusted(),
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def query(
        self,
        method: str,
        parameters: Mapping[str, str | int | bool | list[str]],
        authorization: Authorization | None = None,
    ) -> Answer:
        """Call a query (GET).

        Raises:
            XrpcError: the server refused it.
            TryLater: the server is busy, broken or out of reach after some tries.
        """
        return self._retrying(
            lambda: self._send(
                method,
                self._client.build_request("GET", method, params=dict(parameters)),
                authorization,
            )
        )

    def procedure(
        self,
        method: str,
        body: Mapping[str, Any] | None,
        authorization: Authorization | None = None,
    ) -> Answer:
        """Call a procedure (POST) that may be repeated without harm.

        Raises:
            XrpcError: the server refused it.
            TryLater: the server is busy, broken or out of reach after some tries.
        """
        return self._retrying(
            lambda: self._send(
                method,
                self._client.build_request("POST", method, json=body),
                authorization,
                body,
            )
        )

    def upload(
        self,
        method: str,
        path: Path,
        content_type: str,
        authorization: Authorization,
        step: Step,
        on_chunk: Callable[[bytes], None],
        on_start: Callable[[], None],
        *,
        parameters: Mapping[str, str | int] | None = None,
        stretch: tuple[int, int] | None = None,
    ) -> Answer:
        """Stream a file to a procedure. Each try calls `on_start`, then `on_chunk` in order.

        Of the file goes a `stretch` (start and length in bytes), or all of it.

        Raises:
            XrpcError: the server refused it.
            TryLater: the server is busy, broken or out of reach after some tries, or the file
                became shorter under way.
            Stopped: the step was told to stop.
        """

        def attempt() -> Answer:
            with path.open("rb") as file:
                start, size = stretch or (0, os.fstat(file.fileno()).st_size)
                file.seek(start)
                on_start()
                step.unit, step.done, step.total = "bytes", 0, size
                request = self._client.build_request(
                    "POST",
                    method,
                    params=dict(parameters or {}),
                    content=_chunks(file, size, step, on_chunk),
                    headers={
                        "Content-Type": content_type,
                        "Content-Length": str(size),
                        # A refused upload leaves a kept-alive connection hanging for 91 s.
                        "Connection": "close",
                    },
                    timeout=UPLOAD_TIMEOUT,
                )
                return self._send(method, request, authorization)

        if not authorization.is_current(self._client.base_url):
            # A call without a body learns the nonce, or that the token has expired.
            self.query("com.atproto.server.getSession", {}, authorization)
        return self._retrying(attempt)

    def download(
        self,
        method: str,
        parameters: Mapping[str, str],
        on_chunk: Callable[[bytes], None],
        on_start: Callable[[], None],
    ) -> None:
        """Stream the body of a query's answer. Each try calls `on_start`, then `on_chunk`.

        Raises:
            XrpcError: the server refused it.
            TryLater: the server is busy, broken or out of reach after some tries.
        """

        def attempt() -> Answer:
            on_start()
            request = self._client.build_request("GET", method, params=dict(parameters))
            self.budget.before(method, None)
            with closing(self._client.send(request, stream=True)) as response:
                self.budget.after(method, response.headers)
                if response.is_error:
                    response.read()
                    raise _refusal(response)
                for chunk in response.iter_bytes(CHUNK_BYTES):
                    on_chunk(chunk)
            return Answer({}, response.headers)

        self._retrying(attempt)

    def _send(
        self,
        method: str,
        request: httpx.Request,
        authorization: Authorization | None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        self.budget.before(method, body)
        if authorization:
            request.headers.update(authorization.headers(request.method, request.url))
        response = self._client.send(request)
        if authorization:
            authorization.heard(request.url, response.headers)
        self.budget.after(method, response.headers)
        if response.is_error:
            raise _refusal(response)
        if not response.content:
            return Answer({}, response.headers)
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise XrpcError(502, "NotXrpc", "the answer is not a JSON object", response.headers)
        return Answer(answer, response.headers)

    def _retrying(self, attempt: Callable[[], Answer]) -> Answer:
        def is_blip(error: BaseException) -> bool:
            return isinstance(error, httpx.TransportError) or (
                isinstance(error, XrpcError) and _is_servers_own(error.status)
            )

        def pause(seconds: float) -> None:
            if self._stop.wait(seconds):
                raise Stopped

        def proved() -> Answer:
            try:
                return attempt()
            except XrpcError as error:
                if error.error not in PROOF_REFUSED:
                    raise
            return attempt()

        retry = tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_blip),
            stop=tenacity.stop_after_attempt(TRIES),
            wait=tenacity.wait_exponential(multiplier=0.2, max=4) + tenacity.wait_random(0, 1),
            sleep=pause,
            reraise=True,
        )
        try:
            return retry(proved)
        except httpx.TransportError as error:
            raise self._out_of_reach(error) from error
        except XrpcError as error:
            if error.error in _CLOSED:
                raise SignInNeeded(
                    f"{self.host} says that the account is closed or suspended ({error}).",
                    hint="Sign in with its app to see why; then give the same command again.",
                    code="account_closed",
                ) from error
            if error.status == 429:
                raise TryLater(
                    f"{self.host} has had enough requests for now.",
                    hint="Tokaway goes on by itself when the server allows it.",
                    code="rate_limited",
                    at=_reset(error.headers),
                    whole_stage=True,
                ) from error
            if error.status in _AWAY:
                raise TryLater(
                    f"{self.host} is not well ({error.status} {error.error}).",
                    hint="Tokaway tries again by itself.",
                    code="server_down",
                    whole_stage=True,
                    unreachable=True,
                ) from error
            if _is_servers_own(error.status):
                raise TryLater(
                    f"{self.host} failed at this post ({error.status} {error}).",
                    hint="Tokaway tries again by itself.",
                    code="server_error",
                ) from error
            raise

    def _out_of_reach(self, error: httpx.TransportError) -> TryLater:
        return TryLater(
            f"{self.host} does not answer ({type(error).__name__}).",
            hint="Check the network; Tokaway tries again by itself.",
            code="unreachable",
            whole_stage=True,
            unreachable=True,
        )


def _is_servers_own(status: int) -> bool:
    """Whether a status tells of trouble that the server has, whatever it was asked."""
    return status == _TIMED_OUT or (status >= 500 and status != _NOT_IMPLEMENTED)


def _chunks(
    file: BinaryIO, size: int, step: Step, on_chunk: Callable[[bytes], None]
) -> Iterator[bytes]:
    left = size
    while left:
        step.check()
        chunk = file.read(min(CHUNK_BYTES, left))
        if not chunk:
            raise TryLater(
                "The file became shorter while it was being sent.",
                hint="Tokaway looks at it again by itself.",
                code="file_changed",
            )
        on_chunk(chunk)
        yield chunk
        left -= len(chunk)
        step.done += len(chunk)


def _refusal(response: httpx.Response) -> XrpcError:
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {}
    error, message = body.get("error"), body.get("message")
    if f'error="{NONCE_WANTED}"' in response.headers.get("www-authenticate", ""):
        error = NONCE_WANTED
    return XrpcError(
        response.status_code,
        str(error or response.reason_phrase or "Error"),
        str(message or ""),
        response.headers,
        body,
    )


def _reset(headers: Mapping[str, str]) -> datetime | None:
    """When a rate limit ends, by our clock."""
    left = retry_in(headers)
    return utc_now() + left if left else None

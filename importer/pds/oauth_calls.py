"""Calls to OAuth servers: JSON documents, and forms with the proof of a key; typed errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import tenacity

from importer import __version__
from importer.certificates import trusted
from importer.errors import TryLater
from importer.pds.authorization import PROOF_REFUSED, ProofKey

_TRIES = 3
_TIMEOUT = httpx.Timeout(30, connect=10)


class OAuthError(Exception):
    """A server refused what OAuth asked of it. `error` is the code that OAuth gives."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}" if message else error)
        self.error = error


def open_client() -> httpx.Client:
    """Connections to OAuth servers."""
    headers = {"User-Agent": f"tokaway/{__version__}"}
    return httpx.Client(timeout=_TIMEOUT, headers=headers, verify=trusted())


def document(client: httpx.Client, url: str) -> dict[str, Any]:
    """A JSON object that a server shows everybody.

    Raises:
        OAuthError: there is none.
        TryLater: the server does not answer.
    """
    return _retrying(url, lambda: _answer(client.get(url)))


def post(client: httpx.Client, url: str, form: Mapping[str, str], key: ProofKey) -> dict[str, Any]:
    """Send a form, once more if the proof was refused for what can only be learnt by that.

    Raises:
        OAuthError: the server refuses.
        TryLater: it does not answer.
    """

    def once() -> dict[str, Any]:
        proof = key.proof("POST", httpx.URL(url))
        response = client.post(url, data=dict(form), headers={"DPoP": proof})
        key.heard(response.request.url, response.headers)
        return _answer(response)

    def proved() -> dict[str, Any]:
        try:
            return once()
        except OAuthError as error:
            if error.error not in PROOF_REFUSED:
                raise
        return once()

    return _retrying(url, proved)


def _retrying(url: str, attempt: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    retry = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(httpx.TransportError),
        stop=tenacity.stop_after_attempt(_TRIES),
        wait=tenacity.wait_random(0, 1),
        reraise=True,
    )
    try:
        return retry(attempt)
    except httpx.TransportError as error:
        raise TryLater(
            f"{urlsplit(url).netloc} does not answer ({type(error).__name__}).",
            hint="Check the network, then try again.",
            code="unreachable",
            whole_stage=True,
            unreachable=True,
        ) from error


def _answer(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        body = None
    if response.status_code in (408, 429) or response.status_code >= 500:
        raise TryLater(
            f"{response.request.url.host} is not well ({response.status_code}).",
            hint="Try again later.",
            code="server_down",
            whole_stage=True,
            unreachable=True,
        )
    told = body if isinstance(body, dict) else {}
    if response.is_success and (body is told or not response.content):
        return told
    error = str(told.get("error") or f"HTTP {response.status_code}")
    raise OAuthError(error, str(told.get("error_description") or ""))

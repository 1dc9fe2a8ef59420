"""Signs in through the account's own server in a browser: OAuth as the AT Protocol has it.

A public native client (facts: AT Protocol OAuth specification): its requests are pushed (PAR),
guarded by PKCE, and its tokens bound to a key (DPoP).
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import tenacity

from importer import __version__
from importer.errors import SignInNeeded, TryLater
from importer.pds.authorization import NONCE_WANTED, ProofKey
from importer.pds.kept_sessions import Grant, Tokens
from importer.pds.scopes import TRANSITION

LIFE = timedelta(weeks=2)
"""How long the sign-in of a public client lasts, whatever it does meanwhile."""
_TRIES = 3
_TIMEOUT = httpx.Timeout(30, connect=10)
_NOT_KNOWN = frozenset({"invalid_scope", "invalid_client", "invalid_client_metadata"})
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class OAuthError(Exception):
    """A server refused what OAuth asked of it. `error` is the code that OAuth gives."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}" if message else error)
        self.error = error


@dataclass(frozen=True, slots=True)
class _Endpoints:
    """Where an authorization server listens."""

    issuer: str
    push: str
    authorize: str
    token: str
    revoke: str = ""


class AuthorizationServer:
    """The server that may sign an account in, found through the one that holds the account.

    Raises:
        SignInNeeded: the account's server offers no OAuth, or says impossible things about it.
        TryLater: it does not answer.
    """

    def __init__(self, pds: str) -> None:
        self._client = httpx.Client(
            timeout=_TIMEOUT, headers={"User-Agent": f"tokaway/{__version__}"}
        )
        self.pds = pds
        self._host = urlsplit(pds).netloc
        try:
            told = self._document(f"{pds.rstrip('/')}/.well-known/oauth-protected-resource")
            servers = told.get("authorization_servers")
            issuer = str(servers[0]) if isinstance(servers, list) and servers else ""
            self._host = urlsplit(issuer).netloc or self._host
            found = f"{issuer.rstrip('/')}/.well-known/oauth-authorization-server"
            told = self._document(found) if issuer else {}
            self._at = _endpoints(issuer, told)
        except OAuthError as error:
            self.close()
            raise SignInNeeded(
                f"{self._host} offers no sign-in through a browser ({error}).",
                hint="Sign in with an app password: tokaway login HANDLE",
                code="no_oauth",
            ) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, scope: str, came_back_to: str, name: str) -> Consent:
        """Prepare the page on which a person consents, with coarse permissions if it must be.

        Args:
            scope: what is asked for.
            came_back_to: where the browser goes then, on this machine.
            name: the handle or DID that is to sign in.

        Raises:
            SignInNeeded: the server refuses to ask for this.
            TryLater: it does not answer.
        """
        try:
            return self._ask(scope, came_back_to, name)
        except OAuthError as error:
            if error.error not in _NOT_KNOWN or scope == TRANSITION:
                raise self._refused(error) from error
        try:
            return self._ask(TRANSITION, came_back_to, name)
        except OAuthError as error:
            raise self._refused(error) from error

    def _ask(self, scope: str, came_back_to: str, name: str) -> Consent:
        client = "http://localhost?" + urlencode(
            # Ports may differ from one sign-in to the next, and are not compared.
            {"redirect_uri": _without_port(came_back_to), "scope": scope}
        )
        key, verifier, state = ProofKey.made(), secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        digest = hashlib.sha256(verifier.encode()).digest()
        told = self._post(
            self._at.push,
            {
                "client_id": client,
                "response_type": "code",
                "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
                "code_challenge_method": "S256",
                "redirect_uri": came_back_to,
                "scope": scope,
                "state": state,
                "login_hint": name,
            },
            key,
        )
        query = urlencode({"client_id": client, "request_uri": str(told.get("request_uri"))})
        return Consent(
            f"{self._at.authorize}?{query}", client, came_back_to, scope, key, verifier, state
        )

    def finish(self, consent: Consent, brought: Mapping[str, str], did: str) -> Tokens:
        """Exchange what the browser brought back for a session of the account.

        Raises:
            SignInNeeded: the person said no, signed in as somebody else, or the server refuses.
            TryLater: it does not answer.
        """
        if brought.get("state") != consent.state or brought.get("iss") != self._at.issuer:
            raise SignInNeeded(
                "What the browser brought back does not belong to this sign-in. Nothing was sent.",
                hint="Try again, in one browser window.",
                code="foreign_answer",
            )
        if brought.get("error") or not brought.get("code"):
            why = brought.get("error_description") or brought.get("error") or "no code"
            raise SignInNeeded(
                f"{self._host} did not sign you in ({why}). Nothing was sent.",
                hint="Try again, and allow what Tokaway asks for.",
                code="not_allowed",
            )
        try:
            told = self._post(
                self._at.token,
                {
                    "client_id": consent.client,
                    "grant_type": "authorization_code",
                    "code": brought["code"],
                    "code_verifier": consent.verifier,
                    "redirect_uri": consent.came_back_to,
                },
                consent.key,
            )
        except OAuthError as error:
            raise self._refused(error) from error
        if told.get("sub") != did:
            raise SignInNeeded(
                f"You signed in as another account ({told.get('sub')}, not {did}). "
                "Nothing was sent.",
                hint="Sign out of that account in the browser, or name it to tokaway login.",
                code="other_account",
            )
        now = datetime.now(UTC)
        grant = Grant(
            self._at.issuer,
            consent.client,
            str(told.get("scope") or consent.scope),
            (now + LIFE).isoformat(timespec="seconds"),
            consent.key.kept(),
        )
        return _held(Tokens(did, did, self.pds, "", "", grant=grant), told)

    def renew(self, tokens: Tokens) -> Tokens:
        """New tokens for the ones of a session; the old ones are used up.

        Raises:
            OAuthError: the server refuses: the session was taken back, or its time is over.
            TryLater: it does not answer.
        """
        grant = _grant(tokens)
        form = {
            "client_id": grant.client,
            "grant_type": "refresh_token",
            "refresh_token": tokens.refresh,
        }
        return _held(tokens, self._post(self._at.token, form, ProofKey.read(grant.key)))

    def revoke(self, tokens: Tokens) -> None:
        """End a session.

        Raises:
            OAuthError: the server does not know it any more.
            TryLater: it does not answer.
        """
        grant = _grant(tokens)
        if self._at.revoke:
            form = {"client_id": grant.client, "token": tokens.refresh}
            self._post(self._at.revoke, form, ProofKey.read(grant.key))

    def _post(self, url: str, form: Mapping[str, str], key: ProofKey) -> dict[str, Any]:
        def once() -> dict[str, Any]:
            proof = key.proof("POST", httpx.URL(url))
            response = self._client.post(url, data=dict(form), headers={"DPoP": proof})
            key.heard(response.request.url, response.headers)
            return _answer(response)

        def with_nonce() -> dict[str, Any]:
            try:
                return once()
            except OAuthError as error:
                if error.error != NONCE_WANTED:
                    raise
            return once()

        return self._retrying(with_nonce)

    def _document(self, url: str) -> dict[str, Any]:
        return self._retrying(lambda: _answer(self._client.get(url, follow_redirects=False)))

    def _retrying(self, attempt: Any) -> dict[str, Any]:
        retry = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(httpx.TransportError),
            stop=tenacity.stop_after_attempt(_TRIES),
            wait=tenacity.wait_random(0, 1),
            reraise=True,
        )
        try:
            told: dict[str, Any] = retry(attempt)
        except httpx.TransportError as error:
            raise TryLater(
                f"{self._host} does not answer ({type(error).__name__}).",
                hint="Check the network, then try again.",
                code="unreachable",
                whole_stage=True,
                unreachable=True,
            ) from error
        return told

    def _refused(self, error: OAuthError) -> SignInNeeded:
        return SignInNeeded(
            f"{self._host} refused the sign-in ({error}). Nothing was sent.",
            hint="Try again; or sign in with an app password: tokaway login HANDLE",
            code="sign_in_refused",
        )


@dataclass(frozen=True, slots=True)
class Consent:
    """A page that waits for a person's consent, and what finishes the sign-in then."""

    url: str
    client: str
    came_back_to: str
    scope: str
    key: ProofKey = field(repr=False)
    verifier: str = field(repr=False)
    state: str = field(repr=False)


def _grant(tokens: Tokens) -> Grant:
    if tokens.grant is None:
        raise ValueError("the session was opened with a password")
    return tokens.grant


def _held(tokens: Tokens, told: Mapping[str, Any]) -> Tokens:
    access, refresh = told.get("access_token"), told.get("refresh_token")
    if not (isinstance(access, str) and isinstance(refresh, str)):
        raise TryLater(
            "The server answered the sign-in without a session.",
            whole_stage=True,
            unreachable=True,
        )
    grant = _grant(tokens)
    scope = told.get("scope")
    if isinstance(scope, str):
        grant = replace(grant, scope=scope)
    return replace(tokens, access=access, refresh=refresh, grant=grant)


def _endpoints(issuer: str, told: Mapping[str, Any]) -> _Endpoints:
    """Where the server of an issuer listens.

    Raises:
        OAuthError: it does not say, or says it of somebody else.
    """
    if told.get("issuer") != issuer:
        raise OAuthError("server_metadata", "it does not say where to sign in")
    at = _Endpoints(
        issuer,
        str(told.get("pushed_authorization_request_endpoint") or ""),
        str(told.get("authorization_endpoint") or ""),
        str(told.get("token_endpoint") or ""),
        str(told.get("revocation_endpoint") or ""),
    )
    for url in (at.issuer, at.push, at.authorize, at.token, at.revoke or at.token):
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOCAL:
            raise OAuthError("server_metadata", f"{url or 'an address'} is not safe")
    return at


def _answer(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer.

    Raises:
        OAuthError: it is a refusal, or no JSON object.
        TryLater: the server is busy or broken.
    """
    try:
        body = response.json()
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    if response.status_code in (408, 429) or response.status_code >= 500:
        raise TryLater(
            f"{response.request.url.host} is not well ({response.status_code}).",
            hint="Try again later.",
            code="server_down",
            whole_stage=True,
            unreachable=True,
        )
    if not response.is_success or (response.content and not body and response.content != b"{}"):
        error = str(body.get("error") or f"HTTP {response.status_code}")
        raise OAuthError(error, str(body.get("error_description") or ""))
    return body


def _without_port(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"

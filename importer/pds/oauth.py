"""Signs in through the account's own server in a browser: OAuth as the AT Protocol has it.

A public native client (facts: AT Protocol OAuth specification): its requests are pushed (PAR),
guarded by PKCE, and its tokens bound to a key (DPoP).
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from importer.errors import SignInNeeded, TryLater
from importer.pds.authorization import ProofKey
from importer.pds.kept_sessions import Grant, Tokens
from importer.pds.oauth_calls import OAuthError, document, open_client, post
from importer.pds.scopes import TRANSITION

LIFE = timedelta(weeks=2)
"""How long the sign-in of a public client lasts, whatever it does meanwhile."""
_NOT_KNOWN = frozenset({"invalid_scope", "invalid_client", "invalid_client_metadata"})
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Consent:
    """A page that waits for a person's consent, and what finishes the sign-in then."""

    url: str
    client: str
    redirect: str
    scope: str
    key: ProofKey = field(repr=False)
    verifier: str = field(repr=False)
    state: str = field(repr=False)


def issuer_for(pds: str) -> str:
    """The server that signs in the accounts of a PDS: itself, or another (an entryway).

    Raises:
        OAuthError: it names none.
        TryLater: it does not answer.
    """
    with closing(open_client()) as client:
        told = document(client, f"{pds.rstrip('/')}/.well-known/oauth-protected-resource")
    servers = told.get("authorization_servers")
    if not (isinstance(servers, list) and servers):
        raise OAuthError("server_metadata", "no server is named for it")
    return str(servers[0])


class AuthorizationServer:
    """A server that signs accounts in, by its name as an issuer.

    Raises:
        OAuthError: it offers no OAuth, or says impossible things about it.
        TryLater: it does not answer.
    """

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._client = open_client()
        try:
            found = f"{issuer.rstrip('/')}/.well-known/oauth-authorization-server"
            self._at = _endpoints(issuer, document(self._client, found))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, scope: str, redirect: str, name: str) -> Consent:
        """Prepare the page on which a person consents, with coarse permissions if it must be.

        Args:
            scope: what is asked for.
            redirect: where the browser goes then, on this machine.
            name: the handle or DID that is to sign in.

        Raises:
            SignInNeeded: the server refuses to ask for this.
            TryLater: it does not answer.
        """
        try:
            try:
                return self._ask(scope, redirect, name)
            except OAuthError as error:
                if error.error not in _NOT_KNOWN:
                    raise
            return self._ask(TRANSITION, redirect, name)
        except OAuthError as error:
            raise self._refused(error) from error

    def _ask(self, scope: str, redirect: str, name: str) -> Consent:
        client = "http://localhost?" + urlencode(
            # Ports may differ from one sign-in to the next, and are not compared.
            {"redirect_uri": _without_port(redirect), "scope": scope}
        )
        key, verifier, state = ProofKey.made(), secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        digest = hashlib.sha256(verifier.encode()).digest()
        form = {
            "client_id": client,
            "response_type": "code",
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "redirect_uri": redirect,
            "scope": scope,
            "state": state,
            "login_hint": name,
        }
        told = post(self._client, self._at.push, form, key)
        query = urlencode({"client_id": client, "request_uri": str(told.get("request_uri"))})
        url = f"{self._at.authorize}?{query}"
        return Consent(url, client, redirect, scope, key, verifier, state)

    def finish(self, consent: Consent, brought: Mapping[str, str], account: Tokens) -> Tokens:
        """Exchange what the browser brought back for the session of an account.

        Raises:
            SignInNeeded: the person said no, signed in as somebody else, or the server refuses.
            TryLater: it does not answer.
        """
        if brought.get("state") != consent.state or brought.get("iss") != self._issuer:
            raise SignInNeeded(
                "What the browser brought back does not belong to this sign-in. Nothing was sent.",
                hint="Try again, in one browser window.",
                code="foreign_answer",
            )
        if "code" not in brought:
            why = brought.get("error_description") or brought.get("error") or "no code"
            raise SignInNeeded(
                f"{self._host} did not sign you in ({why}). Nothing was sent.",
                hint="Try again, and allow what Tokaway asks for.",
                code="not_allowed",
            )
        form = {
            "client_id": consent.client,
            "grant_type": "authorization_code",
            "code": brought["code"],
            "code_verifier": consent.verifier,
            "redirect_uri": consent.redirect,
        }
        try:
            told = post(self._client, self._at.token, form, consent.key)
        except OAuthError as error:
            raise self._refused(error) from error
        if told.get("sub") != account.did:
            raise SignInNeeded(
                f"You signed in as another account ({told.get('sub')}, not {account.did}). "
                "Nothing was sent.",
                hint="Sign out of that account in the browser, or name it to tokaway login.",
                code="other_account",
            )
        ends = (datetime.now(UTC) + LIFE).isoformat(timespec="seconds")
        grant = Grant(self._issuer, consent.client, consent.scope, ends, consent.key.kept())
        return _held(replace(account, grant=grant), told)

    def renew(self, tokens: Tokens, key: ProofKey) -> Tokens:
        """New tokens for the ones of a session; the old ones are used up.

        Raises:
            OAuthError: the server refuses: the session was taken back, or its time is over.
            TryLater: it does not answer.
        """
        form = {
            "client_id": _grant(tokens).client,
            "grant_type": "refresh_token",
            "refresh_token": tokens.refresh,
        }
        return _held(tokens, post(self._client, self._at.token, form, key))

    def revoke(self, tokens: Tokens, key: ProofKey) -> None:
        """End a session.

        Raises:
            OAuthError: the server does not know it any more.
            TryLater: it does not answer.
        """
        form = {"client_id": _grant(tokens).client, "token": tokens.refresh}
        post(self._client, self._at.revoke, form, key)

    @property
    def _host(self) -> str:
        return urlsplit(self._issuer).netloc

    def _refused(self, error: OAuthError) -> SignInNeeded:
        return SignInNeeded(
            f"{self._host} refused the sign-in ({error}). Nothing was sent.",
            hint="Try again; or sign in with an app password: tokaway login HANDLE",
            code="sign_in_refused",
        )


@dataclass(frozen=True, slots=True)
class _Endpoints:
    """Where an authorization server listens."""

    push: str
    authorize: str
    token: str
    revoke: str


def _endpoints(issuer: str, told: Mapping[str, Any]) -> _Endpoints:
    """Where the server of an issuer listens.

    Raises:
        OAuthError: it does not say, or says it of somebody else.
    """
    if told.get("issuer") != issuer:
        raise OAuthError("server_metadata", f"it calls itself {told.get('issuer')}, not {issuer}")
    urls = {
        name: str(told.get(f"{name}_endpoint") or "")
        for name in ("pushed_authorization_request", "authorization", "token", "revocation")
    }
    for name, url in urls.items():
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOCAL:
            raise OAuthError("server_metadata", f"{url or f'no {name}_endpoint'} is not safe")
    return _Endpoints(*urls.values())


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
    scope = str(told.get("scope") or grant.scope)
    return replace(tokens, access=access, refresh=refresh, grant=replace(grant, scope=scope))


def _without_port(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"

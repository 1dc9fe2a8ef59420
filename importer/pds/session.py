"""A signed-in account: its tokens, and calls that renew them when the server asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from importer.clock import utc_now
from importer.errors import BudgetEmpty, SignInNeeded, TryLater, Unreachable
from importer.model import Account
from importer.pds.authorization import Authorization, Bearer, Bound, ProofKey
from importer.pds.credentials import Password
from importer.pds.kept_sessions import Grant, KeptSessions, Tokens, is_app_password
from importer.pds.xrpc import Answer, Server, XrpcError

_TOKEN_TROUBLE = frozenset({"ExpiredToken", "InvalidToken", "AuthMissing", "invalid_token"})
_GRANT_LOST = frozenset({"invalid_grant", "invalid_client", "unauthorized_client"})
CODE_NEEDED = "code_needed"
# The shortest of the windows in which a server takes so many sign-ins.
_SIGN_INS = timedelta(minutes=5)


class Keeper(Protocol):
    """Where a session is that outlives a run."""

    def load(self, did: str) -> Tokens | None:
        """The session of a DID; `None` if there is none."""

    def save(self, tokens: Tokens) -> object:
        """Keep a session instead of the one before."""

    def locked(self, did: str) -> AbstractContextManager[None]:
        """Let one at a time renew it."""


class Session:
    """One account on its server. May be used from several threads.

    It is opened with a password, or goes on with tokens that were kept, from a password or from a
    sign-in in a browser. Access tokens last an hour or two; a run of days renews them with the
    refresh token, and with the password should that be refused. With `kept` each renewal is kept
    too, and only one process at a time renews.
    """

    def __init__(
        self,
        server: Server,
        identifier: str,
        password: Password | None,
        *,
        tokens: Tokens | None = None,
        kept: Keeper | None = None,
    ) -> None:
        self.server = server
        self._identifier = identifier
        self._password = password
        self._kept = kept
        self._proofs: ProofKey | None = None
        self._tokens: Tokens
        self._hold(tokens or Tokens("", identifier, server.url, "", ""))
        self._renewing = threading.Lock()
        self._lost: SignInNeeded | None = None
        self.email_confirmed: bool | None = None
        """Whether the account's e-mail address is; `None` if the server does not say."""

    def __repr__(self) -> str:
        return f"Session({self._identifier!r} at {self.server.host})"

    @property
    def _authorization(self) -> Authorization:
        if self._tokens.grant and self._proofs:
            return Bound(self._tokens.access, self._proofs)
        return Bearer(self._tokens.access)

    @property
    def grant(self) -> Grant | None:
        """What a person consented to in a browser, if this session comes from that."""
        return self._tokens.grant

    def sign_in(self) -> Account:
        """Open a session, or make sure that the one that was kept still holds.

        Raises:
            SignInNeeded: the server refuses the name, the password, or the kept session.
            BudgetEmpty: it takes no more sign-ins for now.
            Unreachable: it does not answer.
        """
        try:
            answer = self._look() if self._tokens.refresh else self._open()
        except TryLater as trouble:
            if trouble.code == "rate_limited":
                until = trouble.at or utc_now() + _SIGN_INS
                raise BudgetEmpty(
                    f"{self.server.host} accepts no more sign-ins for this account until "
                    f"{until:%H:%M:%S} UTC. Nothing was sent.",
                    until=until,
                    hint="Wait until then and give the same command again.",
                    code="sign_in_rate_limited",
                ) from trouble
            raise Unreachable(
                f"{trouble.text} Nothing was sent.",
                hint="Check the network and the server's address (--pds), then try again.",
            ) from trouble
        except XrpcError as refusal:
            raise self._not_taken(str(refusal)) from refusal
        did = answer.body.get("did")
        if not (isinstance(did, str) and did.startswith("did:")):
            raise self._not_taken("it names no account")
        told = answer.body.get("emailConfirmed")
        self.email_confirmed = told if isinstance(told, bool) else None
        account = Account(
            did,
            str(answer.body.get("handle") or self._identifier),
            self.server.url,
        )
        if answer.body.get("active") is False:
            raise SignInNeeded(
                f"{account.handle} is not active on {self.server.host} "
                f"({answer.body.get('status') or 'no reason given'}). Nothing was sent.",
                hint="Activate the account there, or name the server it has moved to with --pds.",
                code="account_closed",
            )
        return account

    def keep(self, kept: KeptSessions) -> Path | None:
        """Keep this session for the runs to come, and an app password to open the next one with.

        Returns:
            The file it is in; `None` if it is in the keyring.

        Raises:
            OSError: it cannot be written.
        """
        self._kept = kept
        given = self._password.value if self._password else ""
        if given and is_app_password(given):
            self._tokens = replace(self._tokens, password=given)
        return kept.save(self._tokens)

    def close(self) -> None:
        """End the session at the server.

        Raises:
            XrpcError, OAuthError: the server does not know it any more.
            TryLater: the server cannot.
        """
        grant, key = self._tokens.grant, self._proofs
        if grant and key:
            from importer.pds.oauth import AuthorizationServer

            with closing(AuthorizationServer(grant.issuer)) as authority:
                authority.revoke(self._tokens, key)
            return
        refresh = Bearer(self._tokens.refresh)
        self.server.procedure("com.atproto.server.deleteSession", None, refresh)

    def call(self, attempt: Callable[[Authorization], Answer]) -> Answer:
        """Make a call that needs the access token, once more with a new one if it is refused.

        Raises:
            XrpcError: the server refused the call for another reason.
            SignInNeeded: the server refuses to renew the session, or it does not permit this.
            TryLater: the server cannot renew it now, or refuses even what it renewed.
        """
        authorization = self._authorization
        try:
            return attempt(authorization)
        except XrpcError as refusal:
            if refusal.error == "ScopeMissingError":
                name = self._tokens.handle
                raise SignInNeeded(
                    f"The sign-in as {name} does not permit this ({refusal.message}).",
                    hint=f"Sign in again and allow all: tokaway login {name} --browser",
                    code="not_permitted",
                ) from refusal
            if refusal.error not in _TOKEN_TROUBLE:
                raise
        self._renew(authorization.token)
        try:
            return attempt(self._authorization)
        except XrpcError as refusal:
            if refusal.error in _TOKEN_TROUBLE:
                # It took the renewal, so another password would not help: its parts disagree.
                raise TryLater(
                    f"{self.server.host} does not accept the session it has just given.",
                    whole_stage=True,
                    unreachable=True,
                ) from refusal
            raise

    def _look(self) -> Answer:
        return self.call(
            lambda token: self.server.query("com.atproto.server.getSession", {}, token)
        )

    def _open(self) -> Answer:
        if self._password is None:
            raise SignInNeeded(
                f"The session of {self._identifier} at {self.server.host} has ended. "
                "Nothing was sent, nothing is lost.",
                hint=f"Sign in again: tokaway login {self._identifier}",
                code="session_ended",
            )
        body = {"identifier": self._identifier, "password": self._password.value}
        if self._password.code:
            body["authFactorToken"] = self._password.code
        try:
            answer = self.server.procedure("com.atproto.server.createSession", body)
        except XrpcError as refusal:
            raise self._refused(refusal) from refusal
        self._take(answer)
        return answer

    def _renew(self, refused: str) -> None:
        with self._renewing:
            if self._tokens.access != refused:
                return
            if self._lost:  # every further try would count against the account's sign-ins
                raise self._lost
            did, kept = self._tokens.did, self._kept
            try:
                with kept.locked(did) if kept else nullcontext():
                    known = kept.load(did) if kept else None
                    if known and known.pds == self._tokens.pds and known.access != refused:
                        # Another process was faster, and what we hold is used up.
                        self._hold(known)
                        return
                    self._renew_alone()
            except TimeoutError as error:
                raise TryLater(
                    f"Another program of yours is renewing the session of {self._identifier}.",
                    whole_stage=True,
                ) from error

    def _renew_alone(self) -> None:
        if self._tokens.grant and self._proofs:
            self._renew_grant(self._tokens.grant, self._proofs)
            return
        try:
            self._take(
                self.server.procedure(
                    "com.atproto.server.refreshSession", None, Bearer(self._tokens.refresh)
                )
            )
        except XrpcError:
            try:
                self._open()
            except SignInNeeded as refusal:
                self._lost = refusal
                raise

    def _renew_grant(self, grant: Grant, key: ProofKey) -> None:
        # Imported here: a session that a password opened needs none of it.
        from importer.pds.oauth import AuthorizationServer
        from importer.pds.oauth_calls import OAuthError

        try:
            with closing(AuthorizationServer(grant.issuer)) as authority:
                self._hold(authority.renew(self._tokens, key))
        except OAuthError as error:
            if error.error not in _GRANT_LOST:
                raise TryLater(
                    f"{urlsplit(grant.issuer).netloc} does not renew the sign-in now ({error}).",
                    hint="Tokaway tries again by itself.",
                    whole_stage=True,
                    unreachable=True,
                ) from error
            self._lost = _ended(self._tokens.handle, grant, error)
            raise self._lost from error
        self._save()

    def _hold(self, tokens: Tokens) -> None:
        if tokens.grant and not (self._proofs and self._proofs.kept() == tokens.grant.key):
            self._proofs = ProofKey.read(tokens.grant.key)
        self._tokens = tokens

    def _save(self) -> None:
        if self._kept:
            # Without room for it this run goes on all the same; a later one may ask to sign in.
            with suppress(OSError):
                self._kept.save(self._tokens)

    def _take(self, answer: Answer) -> None:
        access, refresh = answer.body.get("accessJwt"), answer.body.get("refreshJwt")
        if not (isinstance(access, str) and isinstance(refresh, str)):
            raise SignInNeeded(
                f"{self.server.host} answered the sign-in without a session.",
                hint="Is the address given with --pds that of an AT Protocol server?",
            )
        self._hold(
            replace(
                self._tokens,
                did=str(answer.body.get("did")),
                handle=str(answer.body.get("handle") or self._tokens.handle),
                access=access,
                refresh=refresh,
            )
        )
        self._save()

    def _refused(self, refusal: XrpcError) -> SignInNeeded:
        if refusal.error == "AuthFactorTokenRequired":
            return SignInNeeded(
                f"{self._identifier} asks for a code by e-mail when signing in with this password.",
                hint=f"Give it once: tokaway login {self._identifier}. Or make an app password in "
                "the account's settings (Privacy and security): it needs no code.",
                code=CODE_NEEDED,
            )
        if refusal.status == 401:
            return SignInNeeded(
                f"{self.server.host} does not accept this password for {self._identifier}. "
                "Nothing was sent.",
                hint="Check the handle and the password; an app password has the form "
                "xxxx-xxxx-xxxx-xxxx.",
            )
        return self._not_taken(str(refusal))

    def _not_taken(self, why: str) -> SignInNeeded:
        """A server that answers as no server of the account would."""
        return SignInNeeded(
            f"{self.server.host} refused to sign in {self._identifier} ({why}).",
            hint="Is the address given with --pds that of the account's server?",
        )


def _ended(name: str, grant: Grant, error: Exception) -> SignInNeeded:
    """Why a sign-in in a browser cannot be renewed, and what to do."""
    if grant.ends <= datetime.now(UTC):
        why = "its two weeks are over"
    elif "replay" in str(error).lower():
        # The reference PDS ends a session whose refresh token comes a second time.
        why = "the answer to its last renewal was lost, and a server renews only once"
    else:
        why = "it was taken back, in the account's settings perhaps"
    return SignInNeeded(
        f"The sign-in of {name} in a browser has ended: {why} ({error}). Nothing is lost.",
        hint=f"Sign in again: tokaway login {name} --browser. Then the same command goes on where "
        "this one ended.",
        code="session_ended",
    )

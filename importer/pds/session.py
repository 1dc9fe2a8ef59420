"""A signed-in account: its tokens, and calls that renew them when the server asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from importer.errors import SignInNeeded, TryLater, Unreachable
from importer.model import Account
from importer.pds.xrpc import Answer, Server, XrpcError

_TOKEN_TROUBLE = frozenset({"ExpiredToken", "InvalidToken", "AuthMissing"})


@dataclass(frozen=True, slots=True)
class Password:
    """A password that no log, traceback or event can show by accident."""

    value: str = field(repr=False)


class Session:
    """One account on its server. May be used from several threads.

    Tokens live in memory only. Access tokens last two hours; a run of days renews them with
    the refresh token, and with the password should that be refused.
    """

    def __init__(self, server: Server, identifier: str, password: Password) -> None:
        self.server = server
        self._identifier = identifier
        self._password = password
        self._access = ""
        self._refresh = ""
        self._renewing = threading.Lock()
        self._lost: SignInNeeded | None = None
        self.email_confirmed: bool | None = None
        """Whether the account's e-mail address is; `None` if the server does not say."""

    def __repr__(self) -> str:
        return f"Session({self._identifier!r} at {self.server.host})"

    def sign_in(self) -> Account:
        """Open a session with the password.

        Raises:
            SignInNeeded: the server refuses the name or the password.
            Unreachable: the server does not answer.
        """
        try:
            answer = self._open()
        except TryLater as trouble:
            if trouble.code == "rate_limited":
                when = f" until {trouble.at:%H:%M:%S} UTC" if trouble.at else ""
                raise SignInNeeded(
                    f"{self.server.host} accepts no more sign-ins for this account{when}. "
                    "Nothing was sent.",
                    hint="Wait until then and give the same command again.",
                    code="sign_in_rate_limited",
                ) from trouble
            raise Unreachable(
                f"{trouble.text} Nothing was sent.",
                hint="Check the network and the server's address (--pds), then try again.",
            ) from trouble
        return Account(
            str(answer.body.get("did")),
            str(answer.body.get("handle") or self._identifier),
            self.server.url,
        )

    def _open(self) -> Answer:
        try:
            answer = self.server.procedure(
                "com.atproto.server.createSession",
                {"identifier": self._identifier, "password": self._password.value},
            )
        except XrpcError as refusal:
            raise self._refused(refusal) from refusal
        self._keep(answer)
        told = answer.body.get("emailConfirmed")
        self.email_confirmed = told if isinstance(told, bool) else None
        return answer

    def call(self, attempt: Callable[[str], Answer]) -> Answer:
        """Make a call that needs the access token, once more with a new one if it is refused.

        Raises:
            XrpcError: the server refused the call for another reason.
            SignInNeeded: the server refuses to renew the session.
            TryLater: the server cannot renew it now, or refuses even what it renewed.
        """
        token = self._access
        try:
            return attempt(token)
        except XrpcError as refusal:
            if refusal.error not in _TOKEN_TROUBLE:
                raise
        self._renew(token)
        try:
            return attempt(self._access)
        except XrpcError as refusal:
            if refusal.error in _TOKEN_TROUBLE:
                # It took the renewal, so another password would not help: its parts disagree.
                raise TryLater(
                    f"{self.server.host} does not accept the session it has just given.",
                    whole_stage=True,
                    unreachable=True,
                ) from refusal
            raise

    def _renew(self, refused: str) -> None:
        with self._renewing:
            if self._access != refused:
                return
            if self._lost:  # every further try would count against the account's sign-ins
                raise self._lost
            try:
                self._keep(
                    self.server.procedure(
                        "com.atproto.server.refreshSession", None, token=self._refresh
                    )
                )
            except XrpcError:
                try:
                    self._open()
                except SignInNeeded as refusal:
                    self._lost = refusal
                    raise

    def _keep(self, answer: Answer) -> None:
        access, refresh = answer.body.get("accessJwt"), answer.body.get("refreshJwt")
        if not (isinstance(access, str) and isinstance(refresh, str)):
            raise SignInNeeded(
                f"{self.server.host} answered the sign-in without a session.",
                hint="Is the address given with --pds that of an AT Protocol server?",
            )
        self._access, self._refresh = access, refresh

    def _refused(self, refusal: XrpcError) -> SignInNeeded:
        if refusal.error == "AuthFactorTokenRequired":
            return SignInNeeded(
                f"{self._identifier} asks for a code by e-mail when signing in with this password.",
                hint="Make an app password in the account's settings (Privacy and security) and "
                "use that: it needs no code.",
                code="code_needed",
            )
        if refusal.status == 401:
            return SignInNeeded(
                f"{self.server.host} does not accept this password for {self._identifier}. "
                "Nothing was sent.",
                hint="Check the handle and the password file; an app password has the form "
                "xxxx-xxxx-xxxx-xxxx.",
            )
        return SignInNeeded(
            f"{self.server.host} refused to sign in {self._identifier} ({refusal}).",
            hint="Is the address given with --pds that of the account's server?",
        )

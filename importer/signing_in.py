"""The session that runs of an account go on with: opened by password or in a browser, and ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from importer.archive.ledger import default_folder
from importer.engine.stop import Stop
from importer.errors import SignInNeeded, Stopped, TryLater, Unreachable, UserError
from importer.model import Account
from importer.pds.credentials import Password
from importer.pds.identity import find_account, find_pds
from importer.pds.kept_sessions import KeptSessions, Tokens, is_app_password
from importer.pds.loopback import Loopback, brought_by
from importer.pds.oauth import AuthorizationServer, issuer_for
from importer.pds.oauth_calls import OAuthError
from importer.pds.scopes import asked_for
from importer.pds.session import CODE_NEEDED, Session
from importer.pds.xrpc import Server, XrpcError
from importer.preflight import check_permissions
from importer.records.profile import COLLECTION as PROFILE
from importer.settings import Settings
from importer.toolbox import POST_COLLECTIONS

__all__ = [
    "CODE_NEEDED",
    "Password",
    "SignedIn",
    "SignedOut",
    "Visit",
    "sign_in",
    "sign_in_in_browser",
    "sign_out",
]

# A server forgets a sign-in that nobody touches for five minutes.
_CONSENT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was opened, and kept for the runs to come.

    `kept_in` is the file it is in, `None` for the keyring. `keeps_password` tells that the app
    password is there too, `ends` (UTC) until when a sign-in in a browser lasts.
    """

    account: Account
    kept_in: Path | None
    keeps_password: bool = False
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignedOut:
    """A session that is no longer kept; unless `ended`, its server did not answer."""

    account: Account
    ended: bool


def sign_in(
    settings: Settings,
    identifier: str,
    password: Password | Callable[[], Password],
    stop: Stop,
    ask_code: Callable[[], str | None] = lambda: None,
) -> SignedIn:
    """Sign in, with the code from the e-mail if the server asks for one, and keep the session.

    A password may be asked for: it is once the account's server is found, and not for a name that
    is nobody's. An app password is kept with the session, to open the next one with; no other is.

    Raises:
        UserError: no account has this name.
        SignInNeeded: the server refuses the password, or asks for a code that is not given
            (`CODE_NEEDED`).
        BudgetEmpty: it takes no more sign-ins for now.
        Unreachable: it does not answer.
    """
    url = settings.pds or find_pds(identifier, plc=settings.plc)
    if callable(password):
        password = password()
    with closing(Server(url, stop.at_once)) as server:
        session, account = _open(server, identifier, password, ask_code)
        where = session.keep(KeptSessions(default_folder(), keyring=settings.keyring))
    return SignedIn(account, where, keeps_password=is_app_password(password.value))


def _open(
    server: Server, identifier: str, password: Password, ask_code: Callable[[], str | None]
) -> tuple[Session, Account]:
    session = Session(server, identifier, password)
    try:
        return session, session.sign_in()
    except SignInNeeded as refusal:
        if refusal.code != CODE_NEEDED:
            raise
        given = ask_code()
        if not given:
            raise
    session = Session(server, identifier, replace(password, code=given))
    return session, session.sign_in()


class Visit:
    """A person at the page of a server, who comes back by the browser or brings its address.

    Args:
        show: shows the person the page with this address, which signs in this account.
        stop: how the wait is broken off.
    """

    def __init__(self, show: Callable[[Account, str], object], stop: Stop) -> None:
        self.show = show
        self.stop = stop
        self._brought: dict[str, str] | None = None

    def bring(self, address: str) -> None:
        """The browser runs on another machine, and ended at this address."""
        self._brought = brought_by(address)
        self.stop.draining.set()

    def outcome(self, loopback: Loopback) -> dict[str, str]:
        """What the browser brings back; nothing if nobody came.

        Raises:
            Stopped: the wait was broken off.
        """
        came = loopback.wait(_CONSENT_SECONDS, self.stop.draining)
        if self._brought is None and self.stop.draining.is_set():
            raise Stopped
        return self._brought or came or {}


def sign_in_in_browser(settings: Settings, identifier: str, visit: Visit) -> SignedIn:
    """Sign in on a page of the account's own server, and keep the session.

    Raises:
        UserError: no account has this name.
        SignInNeeded: the person allowed less than is needed, or nobody came back.
        Unreachable: the server does not answer.
        Stopped: the wait was broken off.
    """
    url = settings.pds or find_pds(identifier, plc=settings.plc)
    with closing(Server(url, visit.stop.at_once)) as server:
        account = find_account(server, identifier)
        if not settings.pds and find_pds(account.did, plc=settings.plc).rstrip("/") != server.url:
            raise SignInNeeded(
                f"{server.host} says that it holds {identifier}, but the account's document names "
                "another server. Nothing was sent.",
                hint="If you know that this server is the right one, name it with --pds.",
                code="foreign_account",
            )
        try:
            with closing(AuthorizationServer(issuer_for(account.pds))) as authority:
                tokens = _consented(authority, account, visit)
            session = Session(server, account.did, None, tokens=tokens)
            account = session.sign_in()
        except OAuthError as error:
            raise SignInNeeded(
                f"{server.host} offers no sign-in through a browser ({error}). Nothing was sent.",
                hint=f"Sign in with an app password: tokaway login {account.handle}",
                code="no_oauth",
            ) from error
        except TryLater as trouble:
            raise Unreachable(f"{trouble.text} Nothing was sent.", hint=trouble.hint) from trouble
        check_permissions(session.grant, account, POST_COLLECTIONS, service=False)
        where = session.keep(KeptSessions(default_folder(), keyring=settings.keyring))
    return SignedIn(account, where, ends=session.grant.ends if session.grant else None)


def _consented(authority: AuthorizationServer, account: Account, visit: Visit) -> Tokens:
    """What the server gives once the person has consented."""
    with Loopback() as loopback:
        scope = asked_for((*POST_COLLECTIONS, PROFILE))
        consent = authority.ask(scope, loopback.url, account.handle)
        visit.show(account, consent.url)
        brought = visit.outcome(loopback)
        if not brought:
            raise SignInNeeded(
                "Nobody came back from the browser. Nothing was sent.",
                hint="Try again. If the browser runs on another machine, add --paste.",
                code="not_allowed",
            )
        signing = Tokens(account.did, account.handle, account.pds, "", "")
        return authority.finish(consent, brought, signing)


def sign_out(settings: Settings, handle: str | None = None) -> SignedOut | None:
    """End the session of an account, or of the only one, at its server and here.

    Returns:
        Whose it was; `None` if there was none.

    Raises:
        UserError: no account is named, and there are several.
    """
    kept = KeptSessions(default_folder(), keyring=settings.keyring)
    accounts = kept.accounts()
    if handle is None and len(accounts) > 1:
        raise UserError(
            f"You are signed in to several accounts: {', '.join(sorted(accounts.values()))}.",
            hint="Name one: tokaway logout HANDLE",
            code="which_account",
        )
    identifier = handle or next(iter(accounts), None)
    tokens = kept.find(identifier) if identifier else None
    if tokens is None:
        return None
    ended = False
    with (
        closing(Server(tokens.pds, Stop().at_once)) as server,
        suppress(XrpcError, OAuthError, TryLater),
    ):
        Session(server, tokens.did, None, tokens=tokens).close()
        ended = True
    kept.remove(tokens.did)
    return SignedOut(Account(tokens.did, tokens.handle, tokens.pds), ended)

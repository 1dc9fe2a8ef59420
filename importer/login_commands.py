"""What `login` and `logout` do: open a session that later runs go on with, and end it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from importer.archive.ledger import default_folder
from importer.commands import signals
from importer.console import Console
from importer.engine.stop import Stop
from importer.errors import SignInNeeded, Stopped, TryLater, Unreachable, UserError
from importer.model import Account
from importer.pds.identity import find_account, find_pds
from importer.pds.kept_sessions import KeptSessions, Tokens, is_app_password
from importer.pds.loopback import Loopback, brought_by
from importer.pds.oauth import AuthorizationServer, issuer_for
from importer.pds.oauth_calls import OAuthError
from importer.pds.scopes import asked_for
from importer.pds.session import CODE_NEEDED, Credentials, Password, Session
from importer.pds.xrpc import Server, XrpcError
from importer.preflight import check_permissions
from importer.records.profile import COLLECTION as PROFILE
from importer.settings import load
from importer.toolbox import POST_COLLECTIONS
from importer.wording import local

# A server forgets a sign-in that nobody touches for five minutes.
_CONSENT_SECONDS = 600.0


def login(
    console: Console,
    handle: str,
    flags: dict[str, Any],
    credentials: Credentials,
    ask_code: Callable[[], str | None],
) -> int:
    """Sign in, with the code from the e-mail if the server asks for one, and keep the session.

    Returns:
        The exit code.
    """
    settings = load(flags)
    identifier = handle.removeprefix("@")
    url = settings.pds or find_pds(identifier, plc=settings.plc)
    password = credentials.given() or credentials.typed()
    if password is None:
        raise SignInNeeded(
            f"Signing in as {identifier} needs a password.",
            hint="Put an app password into a file that only you can read, and name it with "
            "--password-file FILE (- for standard input).",
            code="password_needed",
        )
    with closing(Server(url, Stop().at_once)) as server:
        session, account = _open(server, identifier, password, ask_code)
        where = session.keep(KeptSessions(default_folder()))
    _tell_signed_in(console, account, where)
    if is_app_password(password.value):
        console.line("So is the app password: an import of months goes on by itself.")
    else:
        console.line(
            "Your password is not kept. When the session ends, in 90 days or so, sign in again; an "
            "app password (settings, Privacy and security) would go on by itself and can be "
            "taken back."
        )
    return 0


def login_in_browser(
    console: Console,
    handle: str,
    flags: dict[str, Any],
    open_page: Callable[[str], object],
    ask_address: Callable[[], str | None] | None = None,
) -> int:
    """Sign in on a page of the account's own server, and keep the session.

    `open_page` shows the page to the person. With `ask_address` the browser runs on another
    machine, and the person brings the address at which it ended.

    Returns:
        The exit code.
    """
    settings = load(flags)
    identifier = handle.removeprefix("@")
    url = settings.pds or find_pds(identifier, plc=settings.plc)
    with closing(Server(url, Stop().at_once)) as server:
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
                tokens = _consented(console, authority, account, open_page, ask_address)
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
        where = session.keep(KeptSessions(default_folder()))
    ends = session.grant.ends if session.grant else None
    _tell_signed_in(console, account, where, ends)
    if ends:
        console.line(
            f"This sign-in lasts until {local(ends)}, two weeks at most. An import that takes "
            "longer stops then and asks you to sign in again; an app password lasts as long as it "
            f"takes (tokaway login {account.handle})."
        )
    return 0


def _consented(
    console: Console,
    authority: AuthorizationServer,
    account: Account,
    open_page: Callable[[str], object],
    ask_address: Callable[[], str | None] | None,
) -> Tokens:
    """What the server gives once the person has consented."""
    with Loopback() as loopback:
        scope = asked_for((*POST_COLLECTIONS, PROFILE))
        consent = authority.ask(scope, loopback.url, account.handle)
        console.result("sign_in_page", {"handle": account.handle, "url": consent.url})
        console.line(
            "Sign in on this page, and allow what Tokaway asks for (servers call it an application "
            f"on your device):\n  {consent.url}"
        )
        if ask_address:
            brought = brought_by(ask_address() or "")
        else:
            brought = _came_back(loopback, lambda: open_page(consent.url))
        if not brought:
            raise SignInNeeded(
                "Nobody came back from the browser. Nothing was sent.",
                hint="Try again. If the browser runs on another machine, add --paste.",
                code="not_allowed",
            )
        signing = Tokens(account.did, account.handle, account.pds, "", "")
        return authority.finish(consent, brought, signing)


def _came_back(loopback: Loopback, open_page: Callable[[], object]) -> dict[str, str]:
    """What the browser of this machine brings; Ctrl-C ends the waiting."""
    stop = Stop()
    with signals(stop):
        open_page()
        brought = loopback.wait(_CONSENT_SECONDS, stop.draining)
    if stop.draining.is_set():
        raise Stopped
    return brought or {}


def logout(console: Console, handle: str | None) -> int:
    """End the session of an account, or of the only one, at its server and here.

    Returns:
        The exit code.
    """
    kept = KeptSessions(default_folder())
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
        console.line(f"Nobody is signed in{f' as {handle}' if handle else ''}.")
        return 0
    ended = False
    with (
        closing(Server(tokens.pds, Stop().at_once)) as server,
        suppress(XrpcError, OAuthError, TryLater),
    ):
        Session(server, tokens.did, None, tokens=tokens).close()
        ended = True
    kept.remove(tokens.did)
    console.result("logout", {"handle": tokens.handle, "did": tokens.did, "ended": ended})
    console.line(f"Signed out of {tokens.handle}.")
    if not ended:
        console.line(
            f"{tokens.pds} did not answer: there the session ends by itself. An app password can "
            "be taken back in the account's settings."
        )
    return 0


def _tell_signed_in(
    console: Console, account: Account, where: Path | None, ends: datetime | None = None
) -> None:
    console.result(
        "login",
        {
            "handle": account.handle,
            "did": account.did,
            "pds": account.pds,
            "kept_in": str(where) if where else "keyring",
            "ends_at": ends.isoformat() if ends else None,
        },
    )
    console.line(f"Signed in as {account.handle} on {account.pds}.")
    console.line(
        f"The session is kept in {where}, which only you can read."
        if where
        else "The session is kept in the keyring of this system."
    )


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

"""What `login` and `logout` do: open a session that later runs go on with, and end it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

from importer.archive.ledger import default_folder
from importer.console import Console
from importer.engine.stop import Stop
from importer.errors import SignInNeeded, TryLater, UserError
from importer.model import Account
from importer.pds.identity import find_pds
from importer.pds.kept_sessions import KeptSessions, is_app_password
from importer.pds.session import CODE_NEEDED, Credentials, Password, Session
from importer.pds.xrpc import Server, XrpcError
from importer.settings import load


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
    console.result(
        "login",
        {
            "handle": account.handle,
            "did": account.did,
            "pds": account.pds,
            "kept_in": str(where) if where else "keyring",
        },
    )
    console.line(f"Signed in as {account.handle} on {account.pds}.")
    console.line(
        f"The session is kept in {where}, which only you can read."
        if where
        else "The session is kept in the keyring of this system."
    )
    if is_app_password(password.value):
        console.line("So is the app password: an import of months goes on by itself.")
    else:
        console.line(
            "Your password is not kept. When the session ends, in 90 days or so, sign in again; an "
            "app password (settings, Privacy and security) would go on by itself and can be "
            "taken back."
        )
    return 0


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
    with closing(Server(tokens.pds, Stop().at_once)) as server, suppress(XrpcError, TryLater):
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

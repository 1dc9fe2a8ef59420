"""What `login` and `logout` do: open a session that later runs go on with, and end it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from importer.addresses import handle_in
from importer.commands import signals
from importer.console import Console
from importer.engine.stop import Stop
from importer.errors import SignInNeeded
from importer.model import Account
from importer.pds.credentials import Credentials
from importer.settings import load
from importer.signing_in import (
    Password,
    SignedIn,
    Visit,
    sign_in,
    sign_in_in_browser,
    sign_out,
)
from importer.wording import local


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
    identifier = handle_in(handle)

    def ask() -> Password:
        password = credentials.given() or credentials.typed()
        if password is None:
            raise SignInNeeded(
                f"Signing in as {identifier} needs a password.",
                hint="Put an app password into a file that only you can read, and name it with "
                "--password-file FILE (- for standard input).",
                code="password_needed",
            )
        return password

    signed_in = sign_in(load(flags), identifier, ask, Stop(), ask_code)
    _tell_signed_in(console, signed_in)
    if signed_in.keeps_password:
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
    stop = Stop()

    def show(account: Account, url: str) -> None:
        console.result("sign_in_page", {"handle": account.handle, "url": url})
        console.line(
            "Sign in on this page, and allow what Tokaway asks for (servers call it an application "
            f"on your device):\n  {url}"
        )
        if ask_address:
            visit.bring(ask_address() or "")
        else:
            open_page(url)

    visit = Visit(show, stop)
    # A person who is asked for the address ends that with Ctrl-C as any question.
    with nullcontext() if ask_address else signals(stop):
        signed_in = sign_in_in_browser(load(flags), handle_in(handle), visit)
    _tell_signed_in(console, signed_in)
    if signed_in.ends:
        console.line(
            f"This sign-in lasts until {local(signed_in.ends)}, two weeks at most. An import that "
            "takes longer stops then and asks you to sign in again; an app password lasts as long "
            f"as it takes (tokaway login {signed_in.account.handle})."
        )
    return 0


def logout(console: Console, handle: str | None, config: Path | None = None) -> int:
    """End the session of an account, or of the only one, at its server and here.

    Returns:
        The exit code.
    """
    signed_out = sign_out(load({}, config=config), handle)
    if signed_out is None:
        console.line(f"Nobody is signed in{f' as {handle}' if handle else ''}.")
        return 0
    account = signed_out.account
    console.result(
        "logout", {"handle": account.handle, "did": account.did, "ended": signed_out.ended}
    )
    console.line(f"Signed out of {account.handle}.")
    if not signed_out.ended:
        console.line(
            f"{account.pds} did not answer: there the session ends by itself. An app password can "
            "be taken back in the account's settings."
        )
    return 0


def _tell_signed_in(console: Console, signed_in: SignedIn) -> None:
    account, where, ends = signed_in.account, signed_in.kept_in, signed_in.ends
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

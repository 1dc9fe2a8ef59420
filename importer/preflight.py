"""What must hold before anything is uploaded: the account's state, and what its sign-in permits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from importer.errors import SignInNeeded
from importer.model import Account, Notice
from importer.pds.kept_sessions import Grant
from importer.pds.repo import Repo
from importer.pds.scopes import not_permitted

_SOON = timedelta(days=3)


def check_account(repo: Repo, account: Account) -> None:
    """Refuse an account whose videos nobody would ever see.

    Raises:
        SignInNeeded: the account's e-mail address is not confirmed.
    """
    if repo.email_confirmed is False:
        # Bluesky's video service never shows videos of such accounts, and says nothing.
        raise SignInNeeded(
            f"The e-mail address of {account.handle} is not confirmed, and videos of such "
            "accounts are never shown. Nothing was sent.",
            hint="Confirm it in the account's settings, then give the same command again.",
            code="email_unconfirmed",
        )


def check_permissions(
    grant: Grant | None, account: Account, collections: Collection[str], *, service: bool
) -> None:
    """Refuse a sign-in in a browser that does not permit all that an import needs.

    Raises:
        SignInNeeded: the person, or the server, allowed less.
    """
    # A password permits all of it, an app password too.
    lacking = not_permitted(grant.scope, collections, service=service) if grant else []
    if lacking:
        raise SignInNeeded(
            f"The sign-in as {account.handle} does not permit: {', '.join(lacking)}. "
            "Nothing was sent.",
            hint=f"Sign in again and allow all that is asked: tokaway login {account.handle} "
            "--browser. Or use an app password.",
            code="not_permitted",
        )


def sign_in_notices(grant: Grant | None, account: Account, now: datetime) -> tuple[Notice, ...]:
    """What is to be known about a sign-in that will soon have to be renewed by hand."""
    if grant is None or grant.ends - now > _SOON:
        return ()
    return (
        Notice(
            "sign_in_ends",
            f"The sign-in in the browser ends on {grant.ends:%Y-%m-%d at %H:%M} UTC, after its two "
            "weeks. The import stops then; nothing is lost.",
            f"To go on without a break, sign in again: tokaway login {account.handle} --browser",
        ),
    )

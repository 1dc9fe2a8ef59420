"""Asking the person at the terminal: for a password, and for leave to do what cannot be undone."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from importer.errors import UserError
from importer.pds.session import Password
from importer.wording import plural


def may_be_public(private: int) -> bool:
    """Ask whether to publish so many posts that not everyone could see; nobody there means no."""
    if not sys.stdin.isatty():
        return False
    return click.confirm(
        f"Everything on the AT Protocol is public. Publish {plural(private, 'post')} that not "
        "everyone could see on TikTok?",
        err=True,
    )


def agreed(question: str) -> bool:
    """Ask before something that cannot be taken back; nobody there means no.

    Raises:
        UserError: nobody can answer.
    """
    if not sys.stdin.isatty():
        raise UserError(
            "Nobody is here to answer a question, so nothing was changed.",
            hint="To answer yes beforehand, add --yes.",
            code="nobody_to_ask",
        )
    return click.confirm(question, err=True)


def password(file: Path | None) -> Password | None:
    """The (app) password: from a file, from standard input for `-`, or typed; `None` for none.

    Raises:
        UserError: the file cannot be read, or is empty.
    """
    if file is None:
        if not sys.stdin.isatty():
            return None
        return Password(click.prompt("App password", hide_input=True, err=True))
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"The password file {file} cannot be read: {getattr(error, 'strerror', error)}.",
            hint="Put the app password on its first line.",
            code="password_file",
        ) from error
    password = text.strip().splitlines()[0].strip() if text.strip() else ""
    if not password:
        raise UserError(
            f"The password file {file} is empty.",
            hint="Put the app password on its first line.",
            code="password_file",
        )
    return Password(password)

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


class Passwords:
    """The (app) password: from a file, from standard input for `-`, or typed."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def given(self) -> Password | None:
        """What the file says; `None` if none was named.

        Raises:
            UserError: the file cannot be read, or is empty.
        """
        return None if self._file is None else _read(self._file)

    def typed(self) -> Password | None:
        """What the person at the terminal types; `None` if nobody is there."""
        if not sys.stdin.isatty():
            return None
        return Password(click.prompt("App password", hide_input=True, err=True))


def code() -> str | None:
    """The code that the server has sent by e-mail; `None` if nobody is there to type it."""
    if not sys.stdin.isatty():
        return None
    return str(click.prompt("Code from the e-mail", err=True)).strip()


def address() -> str | None:
    """The address at which a browser elsewhere ended; `None` if nobody is there to paste it."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip() or None
    asked = "The page it ends at cannot be shown there. Paste its whole address"
    return str(click.prompt(asked, err=True)).strip()


def _read(file: Path) -> Password:
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

"""Asking the person at the terminal: for a password, and for leave to do what cannot be undone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from importer.errors import UserError
from importer.pds.credentials import Password
from importer.wording import plural


def is_someone_there() -> bool:
    """Whether a person sits at a terminal; under cron standard input may even be closed."""
    return sys.stdin is not None and sys.stdin.isatty()


def confirmed(question: str) -> None:
    """Ask, and take what is piped for an answer too.

    Raises:
        UserError: there is nothing to read an answer from.
        Abort: the answer is not yes.
    """
    if is_someone_there():
        click.confirm(question, abort=True, err=True)
        return
    answer = sys.stdin.readline() if sys.stdin else ""
    if not answer:
        raise _nobody()
    if answer.strip().lower() not in ("y", "yes"):
        raise click.Abort


def may_be_public(private: int) -> bool:
    """Ask whether to publish so many posts that not everyone could see; nobody there means no."""
    if not is_someone_there():
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
    if not is_someone_there():
        raise _nobody()
    return click.confirm(question, err=True)


def _nobody() -> UserError:
    return UserError(
        "Nobody is here to answer a question, so nothing was changed.",
        hint="To answer yes beforehand, add --yes.",
        code="nobody_to_ask",
    )


class Passwords:
    """The (app) password: from a file, from standard input for `-`, or typed.

    Args:
        file: where it is, if one is named.
        say: hears that others may read it there.
    """

    def __init__(self, file: Path | None, say: Callable[[str], None]) -> None:
        self._file = file
        self._say = say

    def given(self) -> Password | None:
        """What the file says; `None` if none was named.

        Raises:
            UserError: the file cannot be read, or is empty.
        """
        if self._file is None:
            return None
        password = _read(self._file)
        if _is_open_to_others(self._file):
            self._say(
                f"! Others on this computer may read {self._file}. To keep them out: "
                f"chmod 600 {self._file}"
            )
        return password

    def typed(self) -> Password | None:
        """What the person at the terminal types; `None` if nobody is there."""
        if not is_someone_there():
            return None
        return Password(click.prompt("App password", hide_input=True, err=True))


def code() -> str | None:
    """The code that the server has sent by e-mail; `None` if nobody is there to type it."""
    if not is_someone_there():
        return None
    return str(click.prompt("Code from the e-mail", err=True)).strip()


def address() -> str | None:
    """The address at which a browser elsewhere ended; `None` if nobody is there to paste it."""
    if not is_someone_there():
        return (sys.stdin.readline().strip() or None) if sys.stdin else None
    asked = "The page it ends at cannot be shown there. Paste its whole address"
    return str(click.prompt(asked, err=True)).strip()


def _is_open_to_others(file: Path) -> bool:
    # On Windows these bits tell nothing of others.
    return os.name == "posix" and file.is_file() and bool(file.stat().st_mode & 0o077)


def _read(file: Path) -> Password:
    if str(file) == "-" and sys.stdin is None:
        raise UserError(
            "There is no standard input to read the password from.",
            hint="Put the app password into a file and name it: --password-file FILE",
            code="password_file",
        )
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

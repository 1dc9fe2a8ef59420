"""One account's session in memory: for a program that works for it again and again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from importer.pds.credentials import Password
from importer.pds.kept_sessions import Tokens


class HeldSession:
    """What was opened with a password that may not be kept. Nothing is written anywhere.

    Servers count how often an account signs in. Runs that hold it follow each other; they are not
    at work at the same time.
    """

    def __init__(self) -> None:
        self._tokens: Tokens | None = None
        self._opened_with = ("", "")

    def find(self, url: str, password: Password) -> Tokens | None:
        """The session that was opened there with this password; another one begins anew."""
        if self._opened_with != (url, password.value):
            self._tokens, self._opened_with = None, (url, password.value)
        return self._tokens

    def load(self, did: str) -> Tokens | None:
        """The session as it is now."""
        return self._tokens if self._tokens and self._tokens.did == did else None

    def save(self, tokens: Tokens) -> None:
        """Hold a session instead of the one before."""
        self._tokens = tokens

    @contextmanager
    def locked(self, did: str) -> Iterator[None]:
        """Nobody else renews it."""
        yield

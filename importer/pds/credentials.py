"""A password, and where one may come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Password:
    """A password that no log, traceback or event can show by accident.

    `code` is what the server has sent by e-mail, if it asked for that.
    """

    value: str = field(repr=False)
    code: str = field(default="", repr=False)


class Credentials(Protocol):
    """Where a password may come from."""

    def given(self) -> Password | None:
        """What the user named for this very run."""

    def typed(self) -> Password | None:
        """What the person at the terminal types when asked; `None` if nobody is there."""


@dataclass(frozen=True, slots=True)
class Given:
    """A password that is at hand, or none at all; nobody is asked."""

    password: Password | None

    def given(self) -> Password | None:
        """The password."""
        return self.password

    def typed(self) -> Password | None:
        """Nobody is there to type."""
        return None

"""Messages to people by Apprise: addresses are looked at before anything begins."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from importer.errors import UserError

if TYPE_CHECKING:
    from apprise import Apprise

# What Apprise itself cannot do without, by the beginning of an address.
_NEEDS = {
    "dbus": "the Python package dbus-python (pip install dbus-python)",
    "gnome": "the Python package PyGObject (pip install PyGObject)",
    "macosx": "macOS and its program terminal-notifier (brew install terminal-notifier)",
    "windows": "Windows and the Python package pywin32 (pip install pywin32)",
}


class Messenger:
    """Takes messages to some addresses.

    Each address has a mark, by which is remembered what was sent there. It does not tell the
    address, and is too short to be sure of a guess.

    Args:
        urls: where to. They are secrets and shown to nobody.
        say: hears that a message could not be sent.

    Raises:
        UserError: Apprise is not installed, or cannot send to one of these addresses.
    """

    def __init__(self, urls: Sequence[str], say: Callable[[str], None]) -> None:
        self._posts = {_mark(url): post for url, post in zip(urls, _posts_to(urls), strict=True)}
        self._numbers = {_mark(url): number for number, url in enumerate(urls, 1)}
        self._say = say

    @property
    def marks(self) -> Collection[str]:
        """The marks of all addresses."""
        return self._posts.keys()

    def send(self, mark: str, title: str, text: str) -> bool:
        """Send a message to one of the addresses; whether it went there."""
        try:
            is_sent = bool(self._posts[mark].notify(body=text, title=title))
        except Exception:  # noqa: BLE001  whatever a service does, the import goes on
            is_sent = False
        if not is_sent:
            self._say(
                f"! Word of this could not be sent to address {self._numbers[mark]} of notify; "
                "the next run tries again."
            )
        return is_sent


def _mark(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:6]


def _posts_to(urls: Sequence[str]) -> list[Apprise]:
    # Some of its many services import what Python deprecates.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            from apprise import Apprise
        except ImportError as error:
            raise UserError(
                "The setting notify needs Apprise, which is not installed. Nothing was sent.",
                hint="Install it with: pip install 'tokaway[notify]'. Or take notify away.",
                code="no_apprise",
            ) from error
        posts = [Apprise() for _ in urls]
        for number, (post, url) in enumerate(zip(posts, urls, strict=True), 1):
            if not post.add(url):
                raise _unusable(number, url)
    return posts


def _unusable(number: int, url: str) -> UserError:
    needs = _NEEDS.get(url.partition(":")[0].strip().lower())
    if needs:
        return UserError(
            f"Address {number} of the setting notify cannot be used on this computer. Nothing "
            "was sent.",
            hint=f"It needs {needs}.",
            code="settings",
        )
    return UserError(
        f"Address {number} of the setting notify is none that Apprise knows. Nothing was sent.",
        hint="It looks like jsons://host/path. See docs/unattended.md.",
        code="settings",
    )

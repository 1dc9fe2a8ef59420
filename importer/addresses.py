"""What a person types or pastes to name an account or a server, as the protocol writes it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from importer.errors import UserError

# What is copied off a page brings marks along that nobody sees.
_UNSEEN = re.compile(r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def handle_in(text: str) -> str:
    """The handle or DID in what a person typed or pasted: `@name`, or the link of a profile."""
    text = _UNSEEN.sub("", text)
    if "/profile/" in text:
        text = text.partition("/profile/")[2].partition("/")[0].partition("?")[0]
    text = text.removeprefix("at://").removeprefix("@")
    return text if text.startswith("did:") else text.lower()


def server_in(text: str) -> str | None:
    """The URL of a server as a person types it, with or without https; `None` for nothing.

    Raises:
        UserError: it cannot be the address of a server.
    """
    text = _UNSEEN.sub("", text)
    if not text:
        return None
    url = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right:
        raise UserError(
            f"{text} is not the address of a server.",
            hint="It looks like https://pds.example.com. Left out, it is looked up.",
            code="server_url",
        )
    return url.rstrip("/")

"""Web addresses out of the links of a TikTok profile, and how to know one again in a text."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# What is meant by a bare name. Exports hold whole addresses or names, as their owners wrote them;
# of Lemon8 no address of a name is known.
_OF_A_NAME = {
    "instagram": "https://www.instagram.com/{}",
    "youtube": "https://www.youtube.com/@{}",
}
_OF_A_CHANNEL = "https://www.youtube.com/channel/{}"
_CHANNEL = re.compile(r"UC[\w-]{22}", re.ASCII)
_NAME = re.compile(r"@?([\w.-]{1,64})", re.ASCII)
_HOSTS = {
    "instagram": ("instagram.com", "instagr.am"),
    "youtube": ("youtube.com", "youtu.be"),
    "lemon8": ("lemon8-app.com",),
}
_HOST = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,}")
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
# What may stand around an address in a sentence.
_AROUND = ".,;:!?()[]{}<>\"'*"


def web_address(platform: str, link: str) -> str | None:
    """The address that a link of the profile means; `None` if it means none for certain.

    `platform` is its name in the export: `instagram`, `youtube`, `lemon8` … A name on a platform
    may look like a domain (`ada.bakes`), so there only the platform's own hosts are taken for one.
    """
    link = link.strip()
    if not link or link.split() != [link]:
        return None
    if _SCHEME.match(link):
        return link if _is_web(link) else None
    host = link.partition("/")[0].casefold()
    hosts = _HOSTS.get(platform)
    if hosts is None or any(host == own or host.endswith(f".{own}") for own in hosts):
        return f"https://{link}" if _is_web(f"https://{link}") else None
    name = _NAME.fullmatch(link)
    if name is None or platform not in _OF_A_NAME:
        return None
    is_channel = platform == "youtube" and _CHANNEL.fullmatch(name[1])
    return (_OF_A_CHANNEL if is_channel else _OF_A_NAME[platform]).format(name[1])


def plain_address(text: str) -> str:
    """An address without what makes no difference: scheme, `www.`, the case of its host."""
    bare = _SCHEME.sub("", text.strip(_AROUND), count=1)
    host, _, rest = bare.partition("/")
    return f"{host.casefold().removeprefix('www.')}/{rest.rstrip('/')}"


def addresses_in(text: str) -> set[str]:
    """Every word of a text as `plain_address` would write it, were it an address."""
    return {plain_address(word) for word in text.split()}


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.username is None and _HOST.fullmatch(host) is not None

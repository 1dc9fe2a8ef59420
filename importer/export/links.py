"""What a link of the export leads to, and until when: read from the URL alone.

Forms measured on real exports (2025): own videos are signed CDN URLs on `video-*` hosts with
`mime_type=video_mp4` and `x-tos-expires`; images of photo posts are on `ibyteimg.com` hosts with
`x-expires`; page links (`/share/video/<id>/`, `/@user/video/<id>`) carry the post's ID and stand
in some exports where the signed link is missing. Both expiry values are unix seconds.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit, urlunsplit

from importer.model import Link, LinkKind

# Looks back past its own first two letters: a search that begins with plain letters is fast.
_EXPIRES = re.compile(r"x-(?<![^&;]x-)((?:tos-)?expires)=([0-9]{9,10})(?![^&;])")
_USUAL_HOST = re.compile(r"[a-z0-9.-]+")
_PAGE = re.compile(r"/(?:share|embed|v|@[^/]*)(?:/(?:video|photo|v2))?/(\d{15,20})(?:\.html)?/?$")
_PAGE_HOSTS = ("tiktok.com", "tiktokv.com", "tiktokv.us")
_BELOW_PAGE_HOSTS = tuple(f".{host}" for host in _PAGE_HOSTS)
_SHORT_HOSTS = frozenset({"vm.tiktok.com", "vt.tiktok.com"})
_IMAGE_ENDINGS = frozenset({".jpeg", ".jpg", ".png", ".webp", ".heic", ".avif", ".image"})


class _Parts(NamedTuple):
    host: str
    path: str
    query: str


def split(text: str) -> tuple[Link, ...]:
    """The links of one `Link` value: a photo post holds one URL per image, a line each.

    Words that are no http(s) URL are left out.
    """
    return tuple(link for word in text.split() if (link := classify(word)) is not None)


def classify(url: str) -> Link | None:
    """What a URL leads to; `None` if it is no http(s) URL.

    A URL that only wraps another one (`redirect_url=`) is unwrapped. What cannot be told is
    called a video: the answer's own bytes have the last word when it is fetched.
    """
    parts = _parse(url)
    if parts is None:
        return None
    if "redirect_url=" in parts.query:
        for inner in parse_qs(parts.query).get("redirect_url", ()):
            unwrapped = _parse(inner)
            if unwrapped is not None:
                url, parts = inner, unwrapped
    page = _PAGE.search(parts.path) if _is_page_host(parts.host) else None
    if page:
        return Link(url, LinkKind.PAGE, f"page:{page[1]}", video_id=page[1])
    kind = LinkKind.PAGE if parts.host in _SHORT_HOSTS else _kind(parts)
    return Link(url, kind, _key(parts), _expiry(parts))


def expiry(url: str) -> datetime | None:
    """When a signed URL stops to work, in UTC; `None` if it does not say."""
    parts = _parse(url)
    return _expiry(parts) if parts else None


def rehost(url: str, base_url: str, expires_at: datetime) -> str:
    """The same object on another server and with another expiry; the rest of the query stays.

    Only the last segment of the path is kept, below `base_url`.
    """
    base, parts = urlsplit(base_url), urlsplit(url)
    path = f"{base.path.rstrip('/')}/{PurePosixPath(parts.path).name}"
    query = _EXPIRES.sub(lambda m: f"x-{m[1]}={int(expires_at.timestamp())}", parts.query)
    return urlunsplit((base.scheme, base.netloc, path, query, ""))


def _parse(url: str) -> _Parts | None:
    # Nearly every link of an export: no port, no user, no fragment. Several times as fast.
    before, _, query = url.partition("?")
    host, _, path = before.removeprefix("https://").partition("/")
    if _USUAL_HOST.fullmatch(host) and before[:8] == "https://" and "#" not in url:
        return _Parts(host, f"/{path}", query)
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        # Brackets that are no address, or a port that is none.
        return None
    return _Parts(parts.hostname or "", parts.path, parts.query) if usable else None


def _expiry(parts: _Parts) -> datetime | None:
    found = _EXPIRES.search(parts.query)
    return datetime.fromtimestamp(int(found[2]), UTC) if found else None


def _is_page_host(host: str) -> bool:
    return host.endswith(_BELOW_PAGE_HOSTS) or host in _PAGE_HOSTS


def _kind(parts: _Parts) -> LinkKind:
    if "mime_type=video" in parts.query or parts.host.startswith("video-"):
        return LinkKind.VIDEO
    path = parts.path.casefold()
    if "photomode" in path or parts.host.endswith("ibyteimg.com"):
        return LinkKind.IMAGE
    return LinkKind.IMAGE if PurePosixPath(path).suffix in _IMAGE_ENDINGS else LinkKind.VIDEO


def _key(parts: _Parts) -> str:
    # The path names the object; host and signature differ from one export to the next. A bare
    # host names nothing, so there the query must tell objects apart.
    name = parts.path if parts.path.strip("/") else parts.query
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]

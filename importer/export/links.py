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
from urllib.parse import SplitResult, parse_qs, urlsplit, urlunsplit

from importer.model import Link, LinkKind

_EXPIRES = re.compile(r"(?<![^&;])(x-tos-expires|x-expires)=([0-9]{9,10})(?![^&;])")
_PAGE = re.compile(r"/(?:share|embed|v|@[^/]*)(?:/(?:video|photo|v2))?/(\d{15,20})(?:\.html)?/?$")
_PAGE_HOSTS = ("tiktok.com", "tiktokv.com", "tiktokv.us")
_SHORT_HOSTS = frozenset({"vm.tiktok.com", "vt.tiktok.com"})
_IMAGE_ENDINGS = frozenset({".jpeg", ".jpg", ".png", ".webp", ".heic", ".avif", ".image"})


def split(text: str) -> tuple[Link, ...]:
    """The links of one `Link` value: a photo post holds one URL per image, a line each.

    Words that are no http(s) URL are left out.
    """
    found = (classify(word) for word in text.split())
    return tuple(link for link in found if link is not None)


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
    host = parts.hostname or ""
    page = _PAGE.search(parts.path) if _is_page_host(host) else None
    if page:
        return Link(url, LinkKind.PAGE, f"page:{page[1]}", video_id=page[1])
    kind = LinkKind.PAGE if host in _SHORT_HOSTS else _kind(host, parts)
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
    query = _EXPIRES.sub(lambda m: f"{m[1]}={int(expires_at.timestamp())}", parts.query)
    return urlunsplit((base.scheme, base.netloc, path, query, ""))


def _parse(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        # Brackets that are no address, or a port that is none.
        return None
    return parts if usable else None


def _expiry(parts: SplitResult) -> datetime | None:
    found = _EXPIRES.search(parts.query)
    return datetime.fromtimestamp(int(found[2]), UTC) if found else None


def _is_page_host(host: str) -> bool:
    return any(host == name or host.endswith("." + name) for name in _PAGE_HOSTS)


def _kind(host: str, parts: SplitResult) -> LinkKind:
    if "mime_type=video" in parts.query or host.startswith("video-"):
        return LinkKind.VIDEO
    path = parts.path.casefold()
    if "photomode" in path or host.endswith("ibyteimg.com"):
        return LinkKind.IMAGE
    return LinkKind.IMAGE if PurePosixPath(path).suffix in _IMAGE_ENDINGS else LinkKind.VIDEO


def _key(parts: SplitResult) -> str:
    # The path names the object; host and signature differ from one export to the next. A bare
    # host names nothing, so there the query must tell objects apart.
    name = parts.path if parts.path.strip("/") else parts.query
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]

"""What an app view shows of published posts: whether they are there, and whether videos play."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from importer.certificates import trusted
from importer.pds.standing import Standing
from importer.pds.xrpc import Server

SHOWN = "app.bsky.feed.post"
"""The collection of the posts it shows."""
AT_ONCE = 25
"""How many posts `getPosts` takes (app.bsky.feed.getPosts)."""
_PLAYLIST = b"#EXTM3U"
_LOCAL = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A post as it shows it: the CID of its record, and the playlist of its video if it has one."""

    cid: str | None
    playlist: str | None


class AppView:
    """One app view, asked without signing in."""

    def __init__(self, server: Server, http: httpx.Client) -> None:
        self._server = server
        self._http = http

    @property
    def host(self) -> str:
        """Its name."""
        return self._server.host

    def shown(self, uris: Sequence[str]) -> dict[str, Shown]:
        """Which of up to 25 posts it shows, and how.

        Raises:
            XrpcError: it refused the call.
            TryLater: it could not answer.
        """
        body = self._server.query("app.bsky.feed.getPosts", {"uris": list(uris)}).body
        posts = body.get("posts")
        return {
            str(post.get("uri")): Shown(post.get("cid"), _playlist(post.get("embed")))
            for post in (posts if isinstance(posts, list) else ())
            if isinstance(post, dict)
        }

    def standing(self, did: str) -> Standing:
        """What it tells of an account.

        Raises:
            XrpcError: it refused the call, or does not know the account.
            TryLater: it could not answer.
        """
        body = self._server.query("app.bsky.actor.getProfile", {"actor": did}).body
        followers = body.get("followersCount")
        return Standing(
            created_at=_instant(body.get("createdAt")),
            followers=followers if isinstance(followers, int) else None,
        )

    def plays(self, playlist: str) -> bool | None:
        """Whether a video's playlist is there; `None` if that could not be told."""
        if urlsplit(playlist).scheme not in {"http", "https"}:
            return None
        try:
            answer = self._http.get(playlist)
        except httpx.HTTPError:
            return None
        if answer.is_success:
            return answer.content.startswith(_PLAYLIST)
        # Measured: what the video service could not take in answers 404 for ever.
        return False if answer.status_code == httpx.codes.NOT_FOUND else None


@contextmanager
def open_appview(url: str, account_server: str, stop: threading.Event) -> Iterator[AppView | None]:
    """The app view to ask; none if no URL is set, or for a server that no app view can see."""
    if not can_see(url, account_server):
        yield None
        return
    asked = Server(url, stop)
    try:
        with httpx.Client(timeout=20, follow_redirects=True, verify=trusted()) as http:
            yield AppView(asked, http)
    finally:
        asked.close()


def can_see(url: str, account_server: str) -> bool:
    """Whether there is an app view at all that could know the accounts of a server."""
    return bool(url) and (_is_local(url) or not _is_local(account_server))


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in _LOCAL


def _instant(told: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(told)).astimezone(UTC)
    except ValueError:
        return None


def _playlist(embed: Any) -> str | None:
    found = embed.get("playlist") if isinstance(embed, dict) else None
    return found if isinstance(found, str) else None

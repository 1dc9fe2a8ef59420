"""A stand-in of Bluesky's app view: shows what stands on a PDS, late, and plays what it can.

As the real one it takes 25 posts at once, names the record and the playlist of each, and answers
404 for a playlist that is not there yet as for one that never will be. How late it is, is counted
in questions: time belongs to the tests.
"""

from __future__ import annotations

import json
from collections import Counter
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from importer.demo.local_pds import LocalPds
from importer.pds.appview import AT_ONCE
from importer.records.bluesky import COLLECTION
from tests.loopback import Loopback


class AppViewStandIn(Loopback):
    """Use it with `with`. Posts are named by their record keys, in tests' own order of things.

    `hidden` is in how many questions a post is not shown yet, `slow` in how many its video does
    not play yet, `refused` how many of the files it shows are never taken in.
    """

    def __init__(self, pds: LocalPds) -> None:
        self.hidden: Counter[str] = Counter()
        self.slow: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.is_down = False
        self.visits = True
        """Whether it knows the accounts of this server at all."""
        self.asked: list[list[str]] = []
        """The record keys of each question."""
        self._pds = pds
        self._blobs: dict[str, list[str]] = {}
        view = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = view._answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        super().__init__(Handler, "app view")

    def shows(self, rkey: str) -> list[str]:
        """The CIDs of the files that it has seen a post show."""
        return self._blobs[rkey]

    def _answer(self, path: str) -> tuple[int, bytes]:
        parts = urlsplit(path)
        if self.is_down:
            return 500, b"{}"
        if parts.path.endswith("/app.bsky.feed.getPosts"):
            uris = parse_qs(parts.query)["uris"]
            if len(uris) > AT_ONCE:
                return 400, b'{"error": "InvalidRequest"}'
            self.asked.append([uri.rpartition("/")[2] for uri in uris])
            dids = {uri.split("/")[2] for uri in uris}
            stands = {
                one["uri"]: one for did in dids for one in self._pds.list_records(did, COLLECTION)
            }
            posts = [post for uri in uris if (post := self._post(uri, stands.get(uri)))]
            return 200, json.dumps({"posts": posts}).encode()
        if parts.path.endswith("/app.bsky.actor.getProfile"):
            if not self.visits:
                return 400, b'{"error": "InvalidRequest", "message": "Profile not found"}'
            return 200, b'{"followersCount": 0, "createdAt": "2023-05-01T10:00:00.000Z"}'
        if parts.path.startswith("/watch/"):
            _, _, _did, cid, _ = parts.path.split("/")
            return (200, b"#EXTM3U\n") if self._plays(cid) else (404, b"")
        return 404, b"{}"

    def _post(self, uri: str, found: dict[str, Any] | None) -> dict[str, Any] | None:
        did, rkey = uri.split("/")[2], uri.rpartition("/")[2]
        if found is None or self.hidden[rkey]:
            self.hidden[rkey] = max(0, self.hidden[rkey] - 1)
            return None
        blob = found["value"]["embed"]["video"]["ref"]["$link"]
        seen = self._blobs.setdefault(rkey, [])
        if blob not in seen:
            seen.append(blob)
        return {
            "uri": uri,
            "cid": found["cid"],
            "record": found["value"],
            "embed": {
                "$type": "app.bsky.embed.video#view",
                "cid": blob,
                "playlist": f"{self.url}/watch/{did}/{blob}/playlist.m3u8",
            },
        }

    def _plays(self, cid: str) -> bool:
        rkey = next(rkey for rkey, blobs in self._blobs.items() if cid in blobs)
        if self._blobs[rkey].index(cid) < self.refused[rkey]:
            return False
        self.slow[rkey] -= 1
        return self.slow[rkey] < 0

"""An app view that answers as none should is one that shows nothing."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from importer.pds.appview import open_appview
from tests.stand_in import StandIn

URI = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3jzfcijpj2z2a"


@pytest.mark.parametrize("answer", [{}, {"posts": None}, {"posts": "none"}, {"posts": [None, 1]}])
def test_an_answer_without_posts_shows_none(answer: dict[str, Any]) -> None:
    with (
        StandIn({}, (200, answer)) as server,
        open_appview(server.url, server.url, threading.Event()) as appview,
    ):
        assert appview and appview.shown([URI]) == {}

"""What is known of an account without asking anybody."""

from __future__ import annotations

import pytest

from importer.known import BLUESKY_VIDEO, service_url
from importer.model import Account, Route
from importer.settings import Settings

OWN = "https://video.example.com"


@pytest.mark.parametrize(
    ("pds", "auto"),
    [
        ("https://morel.us-east.host.bsky.network", BLUESKY_VIDEO),
        ("https://MOREL.us-east.Host.Bsky.Network/", BLUESKY_VIDEO),
        ("https://morel.us-east.host.bsky.network:443", BLUESKY_VIDEO),
        ("https://host.bsky.network", BLUESKY_VIDEO),
        ("https://bsky.social", BLUESKY_VIDEO),
        ("https://pds.bsky.social", BLUESKY_VIDEO),
        ("https://pds.example.com", None),
        ("https://bsky.network", None),
        ("https://notbsky.social", None),
        ("https://xhost.bsky.network", None),
        ("https://bsky.social.example.com", None),
        ("https://pds.example.com/bsky.social", None),
        ("https://bsky.social@pds.example.com", None),
        ("http://localhost:2583", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("route", [*Route])
@pytest.mark.parametrize("named", [None, OWN])
def test_which_way_videos_go(pds: str, auto: str | None, route: Route, named: str | None) -> None:
    """By the service that is named; else by Bluesky's: for its own accounts, or if forced."""
    ways = {Route.DIRECT: None, Route.SERVICE: named or BLUESKY_VIDEO, Route.AUTO: named or auto}
    account = Account("did:plc:ewvi7nxzyoun6zhxrhs64oiz", "maker.test", pds)
    assert service_url(Settings(upload=route, video_service=named), account) == ways[route]

"""What a server accepts, by its own words or by its age."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from importer.demo.local_pds import LocalPds
from importer.errors import Unreachable
from importer.known import ASSUMED
from importer.model import ServerLimits
from importer.pds.limits import UNTOLD_BLOB_BYTES, read_limits
from importer.pds.xrpc import TRIES, Server
from importer.records.destinations import USUAL, limits, named
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.stand_in import PAGE, StandIn

Connect = Callable[[str], Server]

DESCRIBE = "com.atproto.server.describeServer"
HEALTH = "/xrpc/_health"
# The lexicon of Bluesky's videos, since August 2026 and before.
VIDEO_BYTES, OLD_VIDEO_BYTES = 300_000_000, 100_000_000
SAYS_NOTHING: dict[str, Any] = {"did": "did:web:example.org", "availableUserDomains": []}


def told(limit: int | None, health: tuple[int, dict[str, Any] | str]) -> StandIn:
    described = SAYS_NOTHING if limit is None else {**SAYS_NOTHING, "blobUploadLimit": limit}
    return StandIn({f"/xrpc/{DESCRIBE}": (200, described), HEALTH: health})


def test_what_a_server_says_counts(pds: LocalPds, small_pds: LocalPds, connect: Connect) -> None:
    said = read_limits(connect(pds.url))
    host = pds.url.removeprefix("http://")
    assert said.version
    assert said == ServerLimits(314_572_800, said.version, f"{host} says")
    assert read_limits(connect(small_pds.url)).blob_bytes == 1_000_000


def test_a_server_that_does_not_say_gets_a_careful_guess(connect: Connect) -> None:
    with told(None, (200, {"version": "0.5.35"})) as server:
        said = read_limits(connect(server.url))
    assert said.blob_bytes == UNTOLD_BLOB_BYTES
    assert "does not say" in said.source


@pytest.mark.parametrize(
    ("version", "video_bytes"),
    [
        ("0.4.219", OLD_VIDEO_BYTES),
        ("0.5.28", OLD_VIDEO_BYTES),
        ("0.5.29", VIDEO_BYTES),
        ("0.10.0", VIDEO_BYTES),
        ("1.0.0", VIDEO_BYTES),
        ("a fork of ours", VIDEO_BYTES),
    ],
)
def test_old_servers_check_posts_with_an_old_lexicon(
    connect: Connect, version: str, video_bytes: int
) -> None:
    with told(314_572_800, (200, {"version": version})) as server:
        taken = limits(read_limits(connect(server.url)), named(USUAL))
    assert taken.video_bytes == video_bytes
    old = video_bytes == OLD_VIDEO_BYTES
    assert taken.image_bytes == (1_000_000 if old else 2_000_000)


def test_what_is_assumed_before_anybody_was_asked_says_so() -> None:
    taken = limits(ASSUMED, named(USUAL))
    assert taken.bytes == VIDEO_BYTES
    assert taken.photo_bytes == 2_000_000
    assert "assumed" in taken.source


@pytest.mark.parametrize("health", [(404, PAGE), (200, PAGE), (200, {}), (500, {}), (503, PAGE)])
def test_a_server_need_not_tell_its_version(
    connect: Connect, health: tuple[int, dict[str, Any] | str]
) -> None:
    with told(50_000_000, health) as server:
        assert read_limits(connect(server.url)).blob_bytes == 50_000_000


@pytest.mark.parametrize("answer", [(404, PAGE), (200, PAGE), (403, PAGE)])
def test_a_web_site_is_told_from_a_server(connect: Connect, answer: tuple[int, str]) -> None:
    with StandIn({}, otherwise=answer) as site, pytest.raises(Unreachable) as caught:
        read_limits(connect(site.url))
    assert caught.value.exit_code == 6
    assert "--pds" in caught.value.hint


def test_a_server_that_is_down(proxy: BreakingProxy, connect: Connect) -> None:
    proxy.breakage(DESCRIBE, Breakage.BAD_GATEWAY, times=TRIES)
    with pytest.raises(Unreachable, match="Nothing was sent"):
        read_limits(connect(proxy.url))

"""`tokaway demo`: what a newcomer tries first."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from importer.demo.node_packages import default_cache
from tests.end_to_end.command_line import CommandLine

# The server that the other tests have installed already.
CACHE = {"TOKAWAY_CACHE": str(default_cache())}


@pytest.fixture
def tokaway(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


def test_it_publishes_its_sample_and_checks_it(tokaway: CommandLine, tmp_path: Path) -> None:
    ended = tokaway("demo", "--folder", tmp_path / "demo", variables=CACHE)
    assert ended.code == 0, ended.err
    assert "6 of 6 chosen posts published." in ended.out
    assert "record, files and date are right" in ended.out
    assert "tokaway demo --keep" in ended.out
    (report,) = (tmp_path / "demo").rglob("report.html")
    assert "Nobody may reply" in report.read_text(encoding="utf-8")


def test_it_tells_programs_where_the_posts_are(tokaway: CommandLine) -> None:
    ended = tokaway("demo", "--json", variables=CACHE)
    assert ended.code == 0, ended.err
    posts = ended.named("demo_post")
    assert len(posts) == 6
    assert all("/app.bsky.feed.post/" in post["uri"] and post["files"] for post in posts)
    # The server has ended with the command.
    with pytest.raises(httpx.TransportError):
        httpx.get(posts[0]["record"], trust_env=False, verify=False)

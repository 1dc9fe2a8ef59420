"""Scanning a source folder: our time as a share of a plain walk that loads every sidecar.

    python benchmarks/source_scan.py

The folder is made in a temporary place: 10,000 videos, each with an `info.json` of yt-dlp of some
40 KB. Joining is to 10,000 posts.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from importer.captions.join import join
from importer.captions.scan import Scan, scan
from importer.model import Kind, Milestone, Post, Privacy, post_id

VIDEOS = 10_000
FIRST = datetime(2021, 1, 1, tzinfo=UTC)
BETWEEN = timedelta(hours=4)
Result = TypeVar("Result")


def make(folder: Path) -> None:
    """Write the videos and their sidecars, a hundred a folder."""
    formats = [
        {
            "format_id": f"h264_540p_{number}",
            "url": "https://example.com/" + "x" * 900,
            "vcodec": "h264",
            "width": 576,
            "height": 1024,
            "http_headers": {"User-Agent": "Mozilla/5.0 " * 8, "Cookie": "y" * 300},
        }
        for number in range(22)
    ]
    for number in range(VIDEOS):
        at = int((FIRST + BETWEEN * number).timestamp())
        name = str((at - 9 << 32) + number)
        place = folder / str(number // 100)
        place.mkdir(exist_ok=True)
        (place / f"Title [{name}].mp4").touch()
        info = {
            "id": name,
            "formats": formats,
            "description": f"Words {number} #tag",
            "timestamp": at,
            "uploader": "ada",
            "extractor_key": "TikTok",
        }
        (place / f"Title [{name}].info.json").write_text(json.dumps(info), encoding="utf-8")


def posts() -> list[Post]:
    """The posts that the videos are of."""
    return [
        Post(
            id=post_id(at, 0),
            ordinal=0,
            posted_at=at,
            kind=Kind.VIDEO,
            privacy=Privacy.EVERYONE,
            links=(),
            chosen=True,
            milestone=Milestone.FOUND,
        )
        for at in (FIRST + BETWEEN * number for number in range(VIDEOS))
    ]


def plain(folder: Path) -> int:
    """What a simple script does: walk, and load each sidecar."""
    read = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".info.json"):
                read += bool(json.loads(Path(parent, name).read_bytes())["description"])
    return read


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What a call gives, and how long it takes in seconds."""
    begin = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begin


def main() -> None:
    """Make the folder, scan it in each way and print the ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        read, theirs = timed(lambda: plain(folder))  # first: it warms the disk's cache for all
        read, theirs = timed(lambda: plain(folder))
        first, ours = timed(lambda: scan(folder))
        second, again = timed(lambda: scan(folder, first.seen))
        joined, joining = timed(lambda: _join(first))
    print(f"folder    {first.files:,} files, {read:,} sidecars")
    print(f"scan      {ours:8.2f} s  of {theirs:.2f} s = {ours / theirs:.3f}")
    print(f"again     {again:8.2f} s  of {theirs:.2f} s = {again / theirs:.3f}", end="")
    print(f", {second.read} files opened")
    print(f"join      {joining:8.2f} s, {joined:,} posts matched")


def _join(found: Scan) -> int:
    return len(join(posts(), found.findings, owner="ada", size=lambda _: 1).matches)


if __name__ == "__main__":
    main()

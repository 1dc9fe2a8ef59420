"""Reads lists of posts: yt-dlp's download archive, or a text file with a page link on each line.

A download archive (`--download-archive`) has lines of an extractor and an ID: `tiktok 7329…`. It
says which posts were downloaded and nothing about them.
"""

from __future__ import annotations

import re
from pathlib import Path

from importer.errors import UserError

LARGEST = 16 << 20
"""Bytes: half a million posts."""

_DOWNLOADED = re.compile(r"tiktok (\d{15,20})", re.ASCII | re.IGNORECASE)


def downloaded(text: str) -> tuple[str, ...]:
    """TikTok's IDs in a download archive, which may list other sites too; empty for other texts."""
    found = map(_DOWNLOADED.fullmatch, map(str.strip, text.splitlines()))
    return tuple(dict.fromkeys(line[1] for line in found if line))


def read_list(path: Path) -> tuple[str, ...]:
    """The page links of a list, each once and in its order.

    Raises:
        UserError: `post_list`, it cannot be read or lists no post.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise _no_list(path, "is far larger than any list of posts")
        text = path.read_text("utf-8-sig", errors="replace")
    except OSError as error:
        raise _no_list(path, f"cannot be read ({error.strerror or error})") from error
    pages = [f"https://www.tiktokv.com/share/video/{post}/" for post in downloaded(text)]
    links = [word for word in text.split() if word.startswith(("http://", "https://"))]
    if not pages and not links:
        raise _no_list(path, "lists no TikTok post")
    return tuple(dict.fromkeys([*pages, *links]))


def _no_list(path: Path, what: str) -> UserError:
    return UserError(
        f"{path} {what}, so no captions were read.",
        hint="Give a download archive of yt-dlp, or a text file with the link of a post on each "
        "line.",
        code="post_list",
    )

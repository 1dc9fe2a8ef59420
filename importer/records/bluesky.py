"""A video post as an `app.bsky.feed.post` record, and how to know it again."""

from __future__ import annotations

from typing import Any

from importer.model import Post
from importer.records.keys import created_at
from importer.records.text import alt_text, compose

DESTINATION = "bluesky"
COLLECTION = "app.bsky.feed.post"
VIDEO_EMBED = "app.bsky.embed.video"
# Lexicon app.bsky.embed.video since 2026-08-11; the official app allows ten minutes.
VIDEO_BYTES = 300_000_000
VIDEO_SECONDS = 600.0


def video_record(post: Post, blob: dict[str, Any], width: int, height: int) -> dict[str, Any]:
    """The record of a video post, as JSON.

    Args:
        post: the TikTok post.
        blob: the blob reference as `uploadBlob` answered it.
        width: displayed width in pixels.
        height: displayed height in pixels.
    """
    text = compose(post.caption)
    embed: dict[str, Any] = {
        "$type": VIDEO_EMBED,
        "video": blob,
        "aspectRatio": {"width": width, "height": height},
    }
    alt = alt_text(post.alt or (post.caption if text.cut else ""))
    if alt:
        embed["alt"] = alt
    record: dict[str, Any] = {
        "$type": COLLECTION,
        "text": text.text,
        "createdAt": created_at(post.posted_at, post.ordinal),
        "embed": embed,
    }
    if text.facets:
        record["facets"] = list(text.facets)
    return record


def is_record_of(record: dict[str, Any], post: Post) -> bool:
    """Whether a record found under the post's key stands for the post.

    Key, date to the millisecond and kind of embed must agree. The text and the blob may differ:
    the caption may have been edited, and another FFmpeg writes other bytes.
    """
    embed = record.get("embed")
    return (
        isinstance(embed, dict)
        and embed.get("$type") == VIDEO_EMBED
        and record.get("createdAt") == created_at(post.posted_at, post.ordinal)
    )


def blob_cids(record: dict[str, Any]) -> tuple[str, ...]:
    """The CIDs of the blobs a video record refers to."""
    embed = record.get("embed")
    video = embed.get("video") if isinstance(embed, dict) else None
    ref = video.get("ref") if isinstance(video, dict) else None
    link = ref.get("$link") if isinstance(ref, dict) else None
    return (link,) if isinstance(link, str) else ()

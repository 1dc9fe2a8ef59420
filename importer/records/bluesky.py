"""A post as `app.bsky.feed.post` records, and how to know them again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from importer.model import Kind, Post
from importer.records.cid import record_cid
from importer.records.keys import created_at, record_key
from importer.records.text import alt_text, compose

DESTINATION = "bluesky"
COLLECTION = "app.bsky.feed.post"
VIDEO_EMBED = "app.bsky.embed.video"
IMAGES_EMBED = "app.bsky.embed.images"
GALLERY_EMBED = "app.bsky.embed.gallery"
# Lexicon app.bsky.embed.video since 2026-08-11; the official app allows ten minutes.
VIDEO_BYTES = 300_000_000
VIDEO_SECONDS = 600.0
# Lexicon app.bsky.embed.images since 2026-04-08.
IMAGE_BYTES = 2_000_000
# Every app shows four; a gallery may hold twenty, but no more than ten are ever shown.
MOST_IMAGES = 4
MOST_IN_GALLERY = 10
MOST_CAPTIONS = 20

_EMBEDS = {
    Kind.VIDEO: {VIDEO_EMBED},
    Kind.PHOTO: {IMAGES_EMBED, GALLERY_EMBED, VIDEO_EMBED},
}


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A video or photo on the server: its blob reference as `uploadBlob` answered it.

    `width` and `height` are the displayed size in pixels; `captions` are languages (BCP 47) with
    the blobs of their WebVTT files.
    """

    blob: dict[str, Any]
    width: int
    height: int
    captions: tuple[tuple[str, dict[str, Any]], ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A record to be written: its key, and its content as JSON."""

    rkey: str
    value: dict[str, Any] = field(repr=False)


def video_embed(video: Uploaded, alt: str = "") -> dict[str, Any]:
    """A video with its captions; those beyond what a record may hold are left out."""
    embed: dict[str, Any] = {
        "$type": VIDEO_EMBED,
        "video": video.blob,
        "aspectRatio": _aspect_ratio(video),
    }
    if alt:
        embed["alt"] = alt
    if video.captions:
        embed["captions"] = [
            {"lang": lang, "file": blob} for lang, blob in video.captions[:MOST_CAPTIONS]
        ]
    return embed


def photos_embed(photos: Sequence[Uploaded], alts: Sequence[str]) -> dict[str, Any]:
    """Up to four photos as images, which every app shows, more as a gallery.

    Raises:
        ValueError: none, or more than are ever shown.
    """
    if not 0 < len(photos) <= MOST_IN_GALLERY:
        raise ValueError(f"a post shows 1 to {MOST_IN_GALLERY} photos, not {len(photos)}")
    items = [
        {"image": photo.blob, "alt": alt, "aspectRatio": _aspect_ratio(photo)}
        for photo, alt in zip(photos, alts, strict=True)
    ]
    if len(photos) <= MOST_IMAGES:
        return {"$type": IMAGES_EMBED, "images": items}
    image = f"{GALLERY_EMBED}#image"
    return {"$type": GALLERY_EMBED, "items": [{"$type": image, **item} for item in items]}


def drafts(
    post: Post,
    parts: Sequence[Sequence[Uploaded]],
    did: str,
    *,
    is_video: bool,
    attempt: int = 0,
) -> list[Draft]:
    """The records of a post: one for each part, later ones replies to the one before.

    Args:
        post: the TikTok post.
        parts: one video each if `is_video`, up to ten photos each if not.
        did: the account, whose records replies point to.
        is_video: whether videos or photos are shown.
        attempt: which of the post's keys to use.
    """
    text = compose(post.caption)
    alt = alt_text(post.alt or (post.caption if text.cut else ""))
    photos = sum(map(len, parts))
    written: list[Draft] = []
    shown = 0
    for number, part in enumerate(parts):
        alts = [_numbered(alt, shown + at, photos) for at in range(1, len(part) + 1)]
        shown += len(part)
        record: dict[str, Any] = {
            "$type": COLLECTION,
            "text": text.text if number == 0 else f"{number + 1}/{len(parts)}",
            "createdAt": created_at(post.posted_at, post.ordinal, number),
            "embed": video_embed(part[0], alt) if is_video else photos_embed(part, alts),
        }
        if number == 0 and text.facets:
            record["facets"] = list(text.facets)
        if written:
            record["reply"] = {"root": _link(written[0], did), "parent": _link(written[-1], did)}
        rkey = record_key(post.posted_at, post.ordinal, DESTINATION, part=number, attempt=attempt)
        written.append(Draft(rkey, record))
    return written


def is_record_of(record: dict[str, Any], post: Post, part: int = 0) -> bool:
    """Whether a record found under the post's key stands for the post, or a part of it.

    Key, date to the millisecond and kind of embed must agree. The text and the blobs may differ:
    the caption may have been edited, and another FFmpeg writes other bytes.
    """
    embed = record.get("embed")
    return (
        isinstance(embed, dict)
        and embed.get("$type") in _EMBEDS[post.kind]
        and record.get("createdAt") == created_at(post.posted_at, post.ordinal, part)
        and ("reply" in record) == (part > 0)
    )


def blob_cids(record: dict[str, Any]) -> tuple[str, ...]:
    """The CIDs of the blobs a record refers to, in their order."""
    return tuple(_cids(record.get("embed")))


def _cids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        ref = value.get("ref")
        link = ref.get("$link") if isinstance(ref, dict) else None
        if isinstance(link, str):
            yield link
            return
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _cids(inner)


def _aspect_ratio(media: Uploaded) -> dict[str, int]:
    return {"width": media.width, "height": media.height}


def _numbered(alt: str, number: int, of: int) -> str:
    """One description for all photos of a set, told apart by their place in it."""
    return f"{alt} ({number}/{of})" if alt and of > 1 else alt


def _link(draft: Draft, did: str) -> dict[str, str]:
    return {"uri": f"at://{did}/{COLLECTION}/{draft.rkey}", "cid": record_cid(draft.value)}

"""A post as `app.bsky.feed.post` records with their gates, and how to know them again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from importer.model import Kind, Post
from importer.records.cid import record_cid
from importer.records.keys import created_at, record_key
from importer.records.language import languages
from importer.records.style import MOST_LABELS, MOST_LANGS, USUAL, Overflow, Style
from importer.records.text import alt_text, compose

DESTINATION = "bluesky"
COLLECTION = "app.bsky.feed.post"
THREADGATE = "app.bsky.feed.threadgate"
POSTGATE = "app.bsky.feed.postgate"
PROVENANCE = "org.tokaway.source"
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
    """A record to be written: where, which part of its post it is for, and its content as JSON."""

    collection: str
    rkey: str
    part: int
    value: dict[str, Any] = field(repr=False)

    def uri(self, did: str) -> str:
        """Its address in the repo of an account."""
        return f"at://{did}/{self.collection}/{self.rkey}"


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
    style: Style = USUAL,
    *,
    is_video: bool,
    attempt: int = 0,
) -> list[Draft]:
    """The records of a post: one for each part, later ones replies to the one before; then gates.

    What is left of a long caption goes on in the replies, beside their media or alone. A gate
    shares the key of its post, as its lexicon wants it.

    Args:
        post: the TikTok post.
        parts: one video each if `is_video`, up to ten photos each if not.
        did: the account, whose records replies point to.
        style: what the user chose.
        is_video: whether videos or photos are shown.
        attempt: which of the post's keys to use.
    """
    is_thread = style.overflow is Overflow.THREAD
    composed = compose(post.caption, thread=is_thread, name=style.name, note=style.note(post))
    alt = alt_text(post.alt or (post.caption if composed.cut else ""))
    photos = sum(map(len, parts))
    number = max(len(parts), len(composed.texts))
    langs, labels = _langs(post, style), _labels(post, style)
    written: list[Draft] = []
    shown = 0
    for part in range(number):
        record: dict[str, Any] = {
            "$type": COLLECTION,
            "text": f"{part + 1}/{number}",
            "createdAt": created_at(post.posted_at, post.ordinal, part),
        }
        if part < len(composed.texts):
            record["text"] = composed.texts[part].text
            if composed.texts[part].facets:
                record["facets"] = list(composed.texts[part].facets)
            if langs and record["text"]:
                record["langs"] = langs
        if part < len(parts):
            alts = [_numbered(alt, shown + at, photos) for at in range(1, len(parts[part]) + 1)]
            shown += len(parts[part])
            record["embed"] = (
                video_embed(parts[part][0], alt) if is_video else photos_embed(parts[part], alts)
            )
            if labels:
                values = [{"val": label} for label in labels]
                record["labels"] = {"$type": "com.atproto.label.defs#selfLabels", "values": values}
        if part == 0:
            record |= _of_the_first(post, composed.tags, style)
        else:
            record["reply"] = {"root": _link(written[0], did), "parent": _link(written[-1], did)}
        rkey = record_key(post.posted_at, post.ordinal, DESTINATION, part=part, attempt=attempt)
        written.append(Draft(COLLECTION, rkey, part, record))
    return [*written, *_gates(post, written, did, style)]


@dataclass(frozen=True, slots=True)
class Worded:
    """How a post will read, as far as its files do not matter; field by field of its records."""

    texts: tuple[str, ...]
    tags: tuple[str, ...]
    langs: tuple[str, ...]
    labels: tuple[str, ...]
    closed_replies: bool
    closed_quotes: bool


def worded(post: Post, style: Style) -> Worded:
    """What will be written for a post beside its files."""
    is_thread = style.overflow is Overflow.THREAD
    composed = compose(post.caption, thread=is_thread, name=style.name, note=style.note(post))
    return Worded(
        tuple(text.text for text in composed.texts),
        composed.tags,
        tuple(_langs(post, style)),
        tuple(_labels(post, style)),
        style.closes_replies(post),
        style.closes_quotes(post),
    )


def _langs(post: Post, style: Style) -> list[str]:
    return list(post.langs or style.langs or languages(post.caption))[:MOST_LANGS]


def _labels(post: Post, style: Style) -> list[str]:
    return list(post.labels or style.labels)[:MOST_LABELS]


def _of_the_first(post: Post, tags: Sequence[str], style: Style) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if tags:
        more["tags"] = list(tags)
    if style.provenance:
        source = {"platform": "tiktok", "createdAt": created_at(post.posted_at, 0)}
        video_id = next((link.video_id for link in post.links if link.video_id), None)
        if video_id:
            # TikTok finds the post by its number, whatever the name is.
            source["uri"] = f"https://www.tiktok.com/@{style.user_name}/video/{video_id}"
        more[PROVENANCE] = source
    return more


def _gates(post: Post, written: Sequence[Draft], did: str, style: Style) -> Iterator[Draft]:
    """Who may reply, for the whole thread; who may quote, for each of its records."""
    if style.closes_replies(post):
        yield _gate(THREADGATE, written[0], did, allow=[])
    if style.closes_quotes(post):
        rule = {"$type": f"{POSTGATE}#disableRule"}
        for draft in written:
            yield _gate(POSTGATE, draft, did, embeddingRules=[rule])


def _gate(collection: str, draft: Draft, did: str, **rules: Any) -> Draft:
    # The gate's lexicon: same repo, same record key as the post.
    value = {
        "$type": collection,
        "post": draft.uri(did),
        "createdAt": draft.value["createdAt"],
        **rules,
    }
    return Draft(collection, draft.rkey, draft.part, value)


def is_record_of(record: dict[str, Any], post: Post, part: int = 0) -> bool:
    """Whether a record found under the post's key stands for the post, or a part of it.

    Key, date to the millisecond and kind of embed must agree. The text and the blobs may differ:
    the caption may have been edited, and another FFmpeg writes other bytes.
    """
    embed = record.get("embed")
    # A caption may be longer than the media: then a reply is words alone.
    shows = embed.get("$type") in _EMBEDS[post.kind] if isinstance(embed, dict) else part > 0
    return (
        shows
        and record.get("createdAt") == created_at(post.posted_at, post.ordinal, part)
        and ("reply" in record) == (part > 0)
    )


def is_gate_of(gate: dict[str, Any], collection: str, uri: str) -> bool:
    """Whether a record found under the key of the post `uri` is its gate."""
    return gate.get("$type") == collection and gate.get("post") == uri


def shown_in(record: dict[str, Any]) -> list[Uploaded]:
    """The video or the photos that a record of ours shows; none if it is words alone."""
    embed = record.get("embed")
    if not isinstance(embed, dict):
        return []
    if embed["$type"] == VIDEO_EMBED:
        captions = tuple((one["lang"], one["file"]) for one in embed.get("captions", ()))
        return [_uploaded(embed["video"], embed, captions)]
    items = embed.get("images") or embed.get("items") or []
    return [_uploaded(item["image"], item) for item in items]


def _uploaded(
    blob: dict[str, Any],
    shown: dict[str, Any],
    captions: tuple[tuple[str, dict[str, Any]], ...] = (),
) -> Uploaded:
    ratio = shown["aspectRatio"]
    return Uploaded(blob, ratio["width"], ratio["height"], captions)


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
    return {"uri": draft.uri(did), "cid": record_cid(draft.value)}

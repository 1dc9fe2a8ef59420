"""Bluesky: a post as `app.bsky.feed.post` records with their gates, seen by apps like it too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from importer.model import Kind, Notice, Post
from importer.records.about import langs_of, numbered, self_labels, source, worded_as
from importer.records.cid import record_cid
from importer.records.destination import (
    Bounds,
    Draft,
    Twin,
    Uploaded,
    Version,
    Worded,
    in_parts,
)
from importer.records.keys import created_at, record_key
from importer.records.style import USUAL, Overflow, Style
from importer.records.text import Composed, alt_text, compose, fits

NAME = "bluesky"
TITLE = "Bluesky"
COLLECTION = "app.bsky.feed.post"
THREADGATE = "app.bsky.feed.threadgate"
POSTGATE = "app.bsky.feed.postgate"
GATES: Mapping[str, str] = {POSTGATE: "Nobody may quote", THREADGATE: "Nobody may reply"}
# `feed_item.sortAt` of its app view is the earlier of createdAt and arrival.
BY_ARRIVAL = False
NOTICE: Notice | None = None
VIDEO_EMBED = "app.bsky.embed.video"
IMAGES_EMBED = "app.bsky.embed.images"
GALLERY_EMBED = "app.bsky.embed.gallery"
# Every app shows four; a gallery may hold twenty, but no more than ten are ever shown.
MOST_IMAGES = 4
MOST_IN_GALLERY = 10
MOST_CAPTIONS = 20
# Lexicons app.bsky.embed.video since 2026-08-11 and app.bsky.embed.images since 2026-04-08; the
# official app allows ten minutes.
_BOUNDS = Bounds(300_000_000, 600.0, 2_000_000, MOST_IN_GALLERY)
# Servers check records with the lexicon they came with: 0.5.29 is the first with 300 MB.
_OLD_BOUNDS = Bounds(100_000_000, 600.0, 1_000_000, MOST_IN_GALLERY)
_FIRST_WITH_300_MB = (0, 5, 29)
_EMBEDS = {
    Kind.VIDEO: {VIDEO_EMBED},
    Kind.PHOTO: {IMAGES_EMBED, GALLERY_EMBED, VIDEO_EMBED},
}


def bounds(pds: Version | None) -> Bounds:
    """What a post may hold; servers of unknown versions are taken for new ones."""
    return _OLD_BOUNDS if pds is not None and pds < _FIRST_WITH_300_MB else _BOUNDS


def photos_embed(photos: Sequence[Uploaded], alts: Sequence[str]) -> dict[str, Any]:
    """Up to four photos as images, which every app shows, more as a gallery.

    Raises:
        ValueError: none, or more than are ever shown.
    """
    if not 0 < len(photos) <= MOST_IN_GALLERY:
        raise ValueError(f"a post shows 1 to {MOST_IN_GALLERY} photos, not {len(photos)}")
    items = [
        {"image": photo.blob, "alt": alt, "aspectRatio": photo.aspect_ratio}
        for photo, alt in zip(photos, alts, strict=True)
    ]
    if len(photos) <= MOST_IMAGES:
        return {"$type": IMAGES_EMBED, "images": items}
    image = f"{GALLERY_EMBED}#image"
    return {"$type": GALLERY_EMBED, "items": [{"$type": image, **item} for item in items]}


def drafts(
    post: Post,
    media: Sequence[Uploaded],
    did: str,
    style: Style = USUAL,
    *,
    is_video: bool,
    attempt: int = 0,
    twins: Sequence[Twin] = (),
) -> list[Draft]:
    """The records of a post: one for each part, later ones replies to the one before; then gates.

    A part is one video, or up to ten photos. What is left of a long caption goes on in the
    replies, beside their media or alone; the first text ends with the pages of the twins that
    want it. A gate shares the key of its post, as its lexicon wants it.
    """
    composed = _composed(post, style, [twin.link for twin in twins if twin.link])
    alt = alt_text(post.alt or (post.caption if composed.cut else ""))
    parts = in_parts(media, 1 if is_video else MOST_IN_GALLERY)
    number = max(len(parts), len(composed.texts))
    langs = langs_of(post, style)
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
                record["langs"] = list(langs)
        if part < len(parts):
            places = range(shown + 1, shown + len(parts[part]) + 1)
            shown += len(parts[part])
            record["embed"] = (
                parts[part][0].as_video(VIDEO_EMBED, alt, MOST_CAPTIONS)
                if is_video
                else photos_embed(parts[part], [numbered(alt, at, len(media)) for at in places])
            )
            record |= self_labels(post, style)
        if part == 0:
            record |= {"tags": list(composed.tags)} if composed.tags else {}
            record |= source(post, style)
        else:
            record["reply"] = {"root": _link(written[0], did), "parent": _link(written[-1], did)}
        rkey = record_key(post.posted_at, post.ordinal, part=part, attempt=attempt)
        written.append(Draft(NAME, COLLECTION, rkey, part, record))
    return [*written, *_gates(post, written, did, style)]


def worded(post: Post, style: Style) -> Worded:
    """What will be written for a post beside its files."""
    return worded_as(post, _composed(post, style), style, closes_quotes=True)


def number(post: Post, files: int, style: Style, *, is_video: bool) -> int:
    """How many records a post of so many files becomes: its thread and the gates of it."""
    parts = files if is_video else -(-files // MOST_IN_GALLERY)
    if style.overflow is Overflow.THREAD and not fits(post.caption):
        parts = max(parts, len(_composed(post, style).texts))
    return parts + style.closes_replies(post) + parts * style.closes_quotes(post)


def is_ours(value: dict[str, Any], uri: str, post: Post, part: int) -> bool:
    """Whether what was found at the address of a record of ours is that of the post."""
    collection = uri.split("/")[3]
    if collection == COLLECTION:
        return is_record_of(value, post, part)
    return is_gate_of(value, collection, uri.replace(collection, COLLECTION))


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


def shown_in(value: dict[str, Any]) -> list[Uploaded]:
    """The video or the photos that a record of ours shows; none if it is words alone."""
    embed = value.get("embed")
    if not isinstance(embed, dict):
        return []
    if embed["$type"] == VIDEO_EMBED:
        captions = tuple((one["lang"], one["file"]) for one in embed.get("captions", ()))
        return [Uploaded.shaped(embed["video"], embed, captions)]
    items = embed.get("images") or embed.get("items") or []
    return [Uploaded.shaped(item["image"], item) for item in items]


def texts_of(value: dict[str, Any]) -> list[str]:
    """The words of a record of ours; none if it is a gate."""
    return [value["text"]] if "text" in value else []


def page(did: str, handle: str, rkey: str) -> str:
    """Where people see a post in a browser."""
    return f"{profile_page(did, handle)}/post/{rkey}"


def profile_page(did: str, handle: str) -> str:
    """Where people see an account in a browser."""
    return f"https://bsky.app/profile/{handle or did}"


def link(did: str, rkey: str) -> str | None:
    """None: apps show a record of Bluesky where it is referred to."""
    return None


def _composed(post: Post, style: Style, links: Sequence[str] = ()) -> Composed:
    return compose(
        post.caption,
        thread=style.overflow is Overflow.THREAD,
        name=style.name,
        note=style.note(post),
        links=links,
    )


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
    return Draft(NAME, collection, draft.rkey, draft.part, value)


def _link(draft: Draft, did: str) -> dict[str, str]:
    return {"uri": draft.uri(did), "cid": record_cid(draft.value)}

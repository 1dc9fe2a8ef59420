"""Spark: a post as `so.sprk.feed.post` records, beside their twins at Bluesky or alone.

Lexicons of sprksocial/poptart_lexicons and the ways of sprksocial/client, July and August 2026.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from importer.model import Kind, Notice, Post
from importer.records.about import langs_of, numbered, self_labels, source, worded_as
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
from importer.records.style import Style
from importer.records.text import Composed, Text, alt_text, compose

NAME = "spark"
TITLE = "Spark"
COLLECTION = "so.sprk.feed.post"
THREADGATE = "so.sprk.feed.threadgate"
GATES: Mapping[str, str] = {THREADGATE: "Nobody may reply"}
# `TimeCidKeyset` of its app view is the moment of arrival (sprksocial/server, pagination.ts).
BY_ARRIVAL = True
NOTICE: Notice | None = Notice(
    "spark_shows_as_new",
    "Spark shows imported posts as new: it sorts by the day a post arrives, not by its date. "
    "Whoever follows you there sees the whole import go by, oldest posts first.",
    "Publish slowly (--pace N an hour), or leave Spark out.",
)
VIDEO = "so.sprk.media.video"
IMAGES = "so.sprk.media.images"
MOST_IMAGES = 12
MOST_CAPTIONS = 20
# The lexicons so.sprk.media.video and so.sprk.media.image; Spark's own app records three minutes.
# No server knows these lexicons yet, so its version does not matter.
_BOUNDS = Bounds(314_572_800, 180.0, 5_242_880, MOST_IMAGES)
_FACET, _OWN_FACET = "app.bsky.richtext.facet#", "so.sprk.richtext.facet#"
_MEDIA = {Kind.VIDEO: {VIDEO}, Kind.PHOTO: {IMAGES, VIDEO}}


def bounds(pds: Version | None) -> Bounds:
    """What a post may hold, on any server."""
    return _BOUNDS


def drafts(
    post: Post,
    media: Sequence[Uploaded],
    did: str,
    style: Style,
    *,
    is_video: bool,
    attempt: int = 0,
    twins: Sequence[Twin] = (),
) -> list[Draft]:
    """The records of a post: one for each video or twelve photos, and the gate of each.

    There are no threads of posts at Spark: the parts are posts of their own that follow each
    other, and a long caption is cut; the alternative text then has all of it. As in Spark's own
    app, the first post names its twins as crossposts.
    """
    composed = _composed(post, style)
    alt = alt_text(post.alt or (post.caption if composed.cut else ""))
    parts = in_parts(media, 1 if is_video else MOST_IMAGES)
    written: list[Draft] = []
    for part, shown in enumerate(parts):
        record: dict[str, Any] = {
            "$type": COLLECTION,
            "media": shown[0].as_video(VIDEO, alt, MOST_CAPTIONS)
            if is_video
            else _images(shown, alt, part * MOST_IMAGES + 1, len(media)),
            "createdAt": created_at(post.posted_at, post.ordinal, part),
            **self_labels(post, style),
        }
        text = composed.texts[0] if part == 0 else Text(f"{part + 1}/{len(parts)}")
        if text.text:
            record["caption"] = _caption(text)
        if part == 0:
            record |= _of_the_first(post, composed, style, twins)
        rkey = record_key(post.posted_at, post.ordinal, part=part, attempt=attempt)
        written.append(Draft(NAME, COLLECTION, rkey, part, record))
    gates = [_gate(draft, did) for draft in written] if style.closes_replies(post) else []
    return [*written, *gates]


def worded(post: Post, style: Style) -> Worded:
    """What will be written for a post beside its files; nobody can close quotes."""
    return worded_as(post, _composed(post, style), style, closes_quotes=False)


def number(post: Post, files: int, style: Style, *, is_video: bool) -> int:
    """How many records a post of so many files becomes."""
    parts = files if is_video else -(-files // MOST_IMAGES)
    return parts * (1 + style.closes_replies(post))


def is_ours(value: dict[str, Any], uri: str, post: Post, part: int) -> bool:
    """Whether what was found at the address of a record of ours is that of the post.

    Its date and what kind of media it shows must agree; its words may have been edited.
    """
    if value.get("$type") == THREADGATE:
        return bool(value.get("post") == uri.replace(THREADGATE, COLLECTION))
    media = value.get("media")
    return (
        isinstance(media, dict)
        and media.get("$type") in _MEDIA[post.kind]
        and value.get("createdAt") == created_at(post.posted_at, post.ordinal, part)
    )


def shown_in(value: dict[str, Any]) -> list[Uploaded]:
    """The video or the photos that a record of ours shows; none if it is a gate."""
    media = value.get("media")
    if not isinstance(media, dict):
        return []
    if media["$type"] == VIDEO:
        captions = tuple((one["lang"], one["file"]) for one in media.get("captions", ()))
        return [Uploaded.shaped(media["video"], media, captions)]
    return [Uploaded.shaped(item["image"], item) for item in media["images"]]


def texts_of(value: dict[str, Any]) -> list[str]:
    """The words of a record of ours; none if it is a gate."""
    return [value.get("caption", {}).get("text", "")] if "media" in value else []


def page(did: str, handle: str, rkey: str) -> str:
    """Where people see a post in a browser."""
    return f"https://sprk.so/post/{did}/{rkey}"


def profile_page(did: str, handle: str) -> str:
    """Where people see an account in a browser."""
    return f"https://sprk.so/profile/{handle or did}"


def link(did: str, rkey: str) -> str | None:
    """The page that Spark's own app names in the texts of its crossposts."""
    return page(did, "", rkey)


def _composed(post: Post, style: Style) -> Composed:
    return compose(post.caption, name=style.name, note=style.note(post))


def _caption(text: Text) -> dict[str, Any]:
    caption: dict[str, Any] = {"text": text.text}
    if text.facets:
        caption["facets"] = [
            facet
            | {
                "features": [
                    feature | {"$type": feature["$type"].replace(_FACET, _OWN_FACET)}
                    for feature in facet["features"]
                ]
            }
            for facet in text.facets
        ]
    return caption


def _images(photos: Sequence[Uploaded], alt: str, first: int, of: int) -> dict[str, Any]:
    images = [
        {
            "image": photo.blob,
            "alt": numbered(alt, at, of),
            "aspectRatio": photo.aspect_ratio,
        }
        for at, photo in enumerate(photos, first)
    ]
    return {"$type": IMAGES, "images": images}


def _of_the_first(
    post: Post, composed: Composed, style: Style, twins: Sequence[Twin]
) -> dict[str, Any]:
    more: dict[str, Any] = {}
    langs = langs_of(post, style)
    if langs and composed.texts[0].text:
        more["langs"] = list(langs)
    if composed.tags:
        more["tags"] = list(composed.tags)
    crossposts = [{"uri": twin.uri, "cid": twin.cid} for twin in twins if twin.cid]
    if crossposts:
        more["crossposts"] = crossposts
    return more | source(post, style)


def _gate(draft: Draft, did: str) -> Draft:
    # The gate's lexicon: same repo, same record key as the post.
    value = {
        "$type": THREADGATE,
        "post": draft.uri(did),
        "allow": [],
        "createdAt": draft.value["createdAt"],
    }
    return Draft(NAME, THREADGATE, draft.rkey, draft.part, value)

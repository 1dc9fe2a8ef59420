"""What records of every destination say about a post besides its words and its media."""

from __future__ import annotations

from typing import Any

from importer.model import Post
from importer.records.destination import Worded
from importer.records.keys import created_at
from importer.records.language import languages
from importer.records.style import MOST_LABELS, MOST_LANGS, Style
from importer.records.text import Composed

PROVENANCE = "org.tokaway.source"


def langs_of(post: Post, style: Style) -> tuple[str, ...]:
    """The languages of a post: its own, those of all posts, or what its caption tells."""
    return tuple(post.langs or style.langs or languages(post.caption))[:MOST_LANGS]


def labels_of(post: Post, style: Style) -> tuple[str, ...]:
    """The content labels of a post: its own, or those of all posts."""
    return tuple(post.labels or style.labels)[:MOST_LABELS]


def self_labels(post: Post, style: Style) -> dict[str, Any]:
    """The field of a record that holds its content labels; none without any."""
    values = [{"val": label} for label in labels_of(post, style)]
    if not values:
        return {}
    return {"labels": {"$type": "com.atproto.label.defs#selfLabels", "values": values}}


def source(post: Post, style: Style) -> dict[str, Any]:
    """The field of a record that names the TikTok post, if the user wants it."""
    if not style.provenance:
        return {}
    told = {"platform": "tiktok", "createdAt": created_at(post.posted_at, 0)}
    video_id = next((link.video_id for link in post.links if link.video_id), None)
    if video_id:
        # TikTok finds the post by its number, whatever the name is.
        told["uri"] = f"https://www.tiktok.com/@{style.user_name}/video/{video_id}"
    return {PROVENANCE: told}


def worded_as(post: Post, composed: Composed, style: Style, *, closes_quotes: bool) -> Worded:
    """How a post will read, worded so; `closes_quotes` says whether its gates can do that."""
    return Worded(
        tuple(text.text for text in composed.texts),
        composed.tags,
        langs_of(post, style),
        labels_of(post, style),
        style.closes_replies(post),
        closes_quotes and style.closes_quotes(post),
    )


def numbered(alt: str, number: int, of: int) -> str:
    """One description for all photos of a set, told apart by their place in it."""
    return f"{alt} ({number}/{of})" if alt and of > 1 else alt

"""The record of a video post, and how it is known again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from importer.model import Kind, Milestone, Post, Privacy
from importer.records.bluesky import (
    COLLECTION,
    Uploaded,
    blob_cids,
    drafts,
    is_record_of,
)

DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
CID = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
BLOB: dict[str, Any] = {
    "$type": "blob",
    "ref": {"$link": CID},
    "mimeType": "video/mp4",
    "size": 11,
}
POST = Post(
    id="20240131T235959",
    ordinal=0,
    posted_at=datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC),
    kind=Kind.VIDEO,
    privacy=Privacy.EVERYONE,
    links=(),
    chosen=True,
    milestone=Milestone.PREPARED,
    caption="Hei \U0001f44b #dance https://tokaway.com/a",
)


def record_of(post: Post, blob: dict[str, Any] = BLOB, *size: int) -> dict[str, Any]:
    """The record of a video post."""
    width, height = size or (1, 1)
    (draft,) = drafts(post, [[Uploaded(blob, width, height)]], DID, is_video=True)
    return draft.value


def test_the_whole_record() -> None:
    assert json.dumps(record_of(POST, BLOB, 1080, 1920), indent=1, ensure_ascii=False) == (
        """{
 "$type": "app.bsky.feed.post",
 "text": "Hei 👋 #dance https://tokaway.com/a",
 "createdAt": "2024-01-31T23:59:59.000Z",
 "embed": {
  "$type": "app.bsky.embed.video",
  "video": {
   "$type": "blob",
   "ref": {
    "$link": "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
   },
   "mimeType": "video/mp4",
   "size": 11
  },
  "aspectRatio": {
   "width": 1080,
   "height": 1920
  }
 },
 "facets": [
  {
   "index": {
    "byteStart": 9,
    "byteEnd": 15
   },
   "features": [
    {
     "tag": "dance",
     "$type": "app.bsky.richtext.facet#tag"
    }
   ]
  },
  {
   "index": {
    "byteStart": 16,
    "byteEnd": 37
   },
   "features": [
    {
     "uri": "https://tokaway.com/a",
     "$type": "app.bsky.richtext.facet#link"
    }
   ]
  }
 ]
}"""
    )


def test_a_post_without_a_caption_has_empty_text_and_nothing_else() -> None:
    record = record_of(replace(POST, caption=""))
    assert record["text"] == ""
    assert "facets" not in record
    assert "alt" not in record["embed"]


def test_a_caption_that_was_cut_is_kept_whole_as_alt_text() -> None:
    caption = "word " * 100
    record = record_of(replace(POST, caption=caption))
    assert record["text"].endswith("…")
    assert record["embed"]["alt"] == caption.strip()


def test_alt_text_of_the_creator_comes_first() -> None:
    post = replace(POST, caption="word " * 100, alt="A cat jumps.")
    assert record_of(post)["embed"]["alt"] == "A cat jumps."


def test_the_record_is_known_again_whatever_its_text_and_blob() -> None:
    record = record_of(POST, BLOB, 1080, 1920)
    assert is_record_of(record, POST)
    assert is_record_of(record | {"text": "edited"}, POST)
    assert is_record_of(record_of(POST, BLOB | {"size": 12}, 1, 1), POST)
    # A text that TikTok shows in another way, or a caption that came later.
    assert is_record_of(record, replace(POST, caption="other"))


@pytest.mark.parametrize(
    "change",
    [
        {"createdAt": "2024-01-31T23:59:59.001Z"},
        {"createdAt": "2024-01-31T23:59:59Z"},
        {"createdAt": None},
        {"embed": None},
        {"embed": "app.bsky.embed.video"},
        {"embed": {}},
        {"embed": {"$type": "app.bsky.embed.images"}},
    ],
)
def test_a_record_of_somebody_else_is_not_taken_for_ours(change: dict[str, Any]) -> None:
    assert not is_record_of(record_of(POST, BLOB, 1080, 1920) | change, POST)


def test_the_record_of_a_neighbour_in_the_same_second_is_another() -> None:
    neighbour = replace(POST, ordinal=1)
    assert not is_record_of(record_of(neighbour), POST)
    assert is_record_of(record_of(neighbour), neighbour)


@pytest.mark.parametrize(
    ("record", "cids"),
    [
        (record_of(POST), (CID,)),
        ({}, ()),
        ({"embed": []}, ()),
        ({"embed": {"video": None}}, ()),
        ({"embed": {"video": {"ref": CID}}}, ()),
        ({"embed": {"video": {"ref": {"$link": 7}}}}, ()),
    ],
)
def test_blobs_of_a_record_from_anywhere(record: dict[str, Any], cids: tuple[str, ...]) -> None:
    assert blob_cids(record) == cids


def test_the_collection_is_that_of_bluesky_posts() -> None:
    assert COLLECTION == "app.bsky.feed.post"

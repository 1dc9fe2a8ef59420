"""The record of a video post, and how it is known again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from importer.model import Kind, Link, LinkKind, Milestone, Post, Privacy
from importer.records.about import PROVENANCE
from importer.records.bluesky import (
    COLLECTION,
    POSTGATE,
    THREADGATE,
    drafts,
    is_gate_of,
    is_record_of,
    shown_in,
)
from importer.records.destination import Uploaded, blob_cids
from importer.records.style import Names, Overflow, Style

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
    style = Style(overflow=Overflow.TRUNCATE)
    (draft,) = drafts(post, [Uploaded(blob, width, height)], DID, style, is_video=True)
    return draft.value


def test_the_whole_record() -> None:
    assert json.dumps(record_of(POST, BLOB, 1080, 1920), indent=1, ensure_ascii=False) == (
        """{
 "$type": "app.bsky.feed.post",
 "text": "Hei 👋 #dance https://tokaway.com/a",
 "createdAt": "2024-01-31T23:59:59.000Z",
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
 ],
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
 }
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


# threads, gates and what else the user may want


def written(post: Post, style: Style, videos: int = 1) -> list[dict[str, Any]]:
    shown = [Uploaded(BLOB, 1, 1)] * videos
    return [draft.value for draft in drafts(post, shown, DID, style, is_video=True)]


LONG = replace(POST, caption="One sentence of a long story. " * 25)


def test_a_long_caption_goes_on_in_replies() -> None:
    [first, *replies] = written(LONG, Style())
    assert len(replies) == 2
    assert "embed" in first
    assert not any("embed" in reply for reply in replies)
    assert all(is_record_of(reply, LONG, part) for part, reply in enumerate(replies, 1))
    assert not is_record_of(replies[0], LONG)
    assert "alt" not in first["embed"]


def test_parts_of_a_video_and_of_a_caption_share_a_thread() -> None:
    records = written(LONG, Style(), videos=2)
    assert ["embed" in record for record in records] == [True, True, False]
    assert [record["text"][:3] for record in records] == ["One"] * 3
    records = written(POST, Style(), videos=3)
    assert [record["text"] for record in records] == [POST.caption, "2/3", "3/3"]


def test_gates_are_those_of_tiktok() -> None:
    closed = replace(LONG, allow_comments=False, allow_stitches=False)
    made = drafts(closed, [Uploaded(BLOB, 1, 1)], DID, Style(quote_gates=True), is_video=True)
    posts = [draft for draft in made if draft.collection == COLLECTION]
    [threadgate] = [draft for draft in made if draft.collection == THREADGATE]
    postgates = [draft for draft in made if draft.collection == POSTGATE]
    assert threadgate.rkey == posts[0].rkey
    assert threadgate.value["allow"] == []
    assert [draft.rkey for draft in postgates] == [draft.rkey for draft in posts]
    for gate, post in zip([threadgate, *postgates], [posts[0], *posts], strict=True):
        assert is_gate_of(gate.value, gate.collection, post.uri(DID))
        assert not is_gate_of(gate.value, gate.collection, "at://did:plc:other/x/y")


@pytest.mark.parametrize(
    ("post", "style", "gates"),
    [
        ({"allow_comments": False}, Style(), [THREADGATE]),
        ({"allow_comments": False}, Style(gates=False), []),
        ({"allow_comments": True}, Style(), []),
        ({"allow_comments": None}, Style(), []),
        ({"allow_duets": False}, Style(), []),
        ({"allow_duets": False}, Style(quote_gates=True), [POSTGATE]),
        ({"allow_duets": True, "allow_stitches": None}, Style(quote_gates=True), []),
    ],
)
def test_a_gate_needs_a_word_of_tiktok_and_of_the_user(
    post: dict[str, Any], style: Style, gates: list[str]
) -> None:
    types = [record["$type"] for record in written(replace(POST, **post), style)]
    assert types == [COLLECTION, *gates]


def test_languages_and_labels_of_the_post_come_before_those_of_all() -> None:
    style = Style(langs=("nl",), labels=("graphic-media",))
    [record] = written(POST, style)
    assert record["langs"] == ["nl"]
    assert record["labels"]["values"] == [{"val": "graphic-media"}]
    [record] = written(replace(POST, langs=("de", "en"), labels=("nudity",)), style)
    assert record["langs"] == ["de", "en"]
    assert record["labels"]["values"] == [{"val": "nudity"}]
    [record] = written(replace(POST, caption="hoy hacemos pan con mi abuela"), Style())
    assert record["langs"] == ["es"]


def test_what_tiktok_showed_is_said_on_request() -> None:
    shown = replace(POST, caption="Hi", disclosure="Branded Content", ai_generated="Yes")
    [record] = written(shown, Style())
    assert record["text"] == "Hi"
    [record] = written(shown, Style(disclose=True))
    assert record["text"] == "Hi\n\nMade with AI. Advertising: Branded Content."
    [record] = written(replace(POST, caption="Hi", ai_generated="No"), Style(disclose=True))
    assert record["text"] == "Hi"


def test_the_source_is_named_on_request() -> None:
    page = Link("https://x", LinkKind.PAGE, "x", video_id="7012345678901234567")
    [record] = written(replace(POST, links=(page,)), Style(provenance=True, user_name="ada"))
    assert record[PROVENANCE] == {
        "platform": "tiktok",
        "createdAt": "2024-01-31T23:59:59.000Z",
        "uri": "https://www.tiktok.com/@ada/video/7012345678901234567",
    }
    [record] = written(POST, Style(provenance=True))
    assert "uri" not in record[PROVENANCE]


def test_names_are_text_links_or_people_of_the_users_own_table() -> None:
    post = replace(POST, caption="with @Ada and @bob")
    [record] = written(post, Style())
    assert "facets" not in record
    [record] = written(post, Style(names=Names.LINK))
    assert [facet["features"][0]["uri"] for facet in record["facets"]] == [
        "https://www.tiktok.com/@Ada",
        "https://www.tiktok.com/@bob",
    ]
    style = Style(names=Names.MENTION, accounts={"ada": "did:plc:ada"})
    [record] = written(post, style)
    [facet] = record["facets"]
    assert facet["features"] == [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:ada"}]


def test_hashtags_that_were_cut_away_become_tags() -> None:
    post = replace(POST, caption="word " * 70 + "#one #two")
    [record] = written(post, Style(overflow=Overflow.TRUNCATE))
    assert record["tags"] == ["one", "two"]


def test_what_a_record_shows_can_be_read_back() -> None:
    video = Uploaded(BLOB, 3, 4, (("en", BLOB | {"mimeType": "text/vtt"}),))
    [draft] = drafts(POST, [video], DID, Style(), is_video=True)
    assert shown_in(draft.value) == [video]
    photo = replace(POST, kind=Kind.PHOTO)
    photos = [Uploaded(BLOB, side, 4) for side in range(1, 8)]
    for number in (1, 4, 7):
        [draft] = drafts(photo, photos[:number], DID, Style(), is_video=False)
        assert shown_in(draft.value) == photos[:number]
    assert shown_in({"text": "words alone"}) == []

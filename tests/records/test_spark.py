"""The records of a post at Spark, and what holds for all destinations together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from importer.model import Kind, Limits, Post, Record, ServerLimits
from importer.records import bluesky, spark
from importer.records.cid import record_cid
from importer.records.destination import Draft, Twin, Uploaded, blob_cids
from importer.records.destinations import (
    DESTINATIONS,
    collections,
    draft_all,
    limits,
    named,
    too_much,
)
from importer.records.style import USUAL, Names, Style
from tests.posts import NOW
from tests.records.test_bluesky import BLOB, CID, DID, POST

PHOTO = replace(POST, kind=Kind.PHOTO)
VIDEO = Uploaded(BLOB, 1080, 1920)
KEY = "3kkcuqmgzi2b6"
PAGE = f"https://sprk.so/post/{DID}/{KEY}"
BOTH = {"bluesky": 0, "spark": 0}


def written(post: Post, style: Style = USUAL, number: int = 1, **more: Any) -> list[Draft]:
    """The records at Spark of a post of so many videos or photos."""
    is_video = post.kind is Kind.VIDEO
    return spark.drafts(post, [VIDEO] * number, DID, style, is_video=is_video, **more)


def at_both(post: Post, style: Style = USUAL, number: int = 1) -> list[Draft]:
    return draft_all(post, BOTH, [VIDEO] * number, DID, style, is_video=post.kind is Kind.VIDEO)


def test_the_whole_record() -> None:
    """Field by field as lexicon so.sprk.feed.post of sprksocial/poptart_lexicons has it."""
    captions = (("en", BLOB | {"mimeType": "text/vtt"}),)
    shown = replace(VIDEO, captions=captions)
    post = replace(POST, alt="A cat", langs=("en",), labels=("nudity",))
    (draft,) = spark.drafts(post, [shown], DID, USUAL, is_video=True)
    assert (draft.collection, draft.rkey, draft.part) == ("so.sprk.feed.post", KEY, 0)
    assert draft.value == {
        "$type": "so.sprk.feed.post",
        "caption": {
            "text": "Hei \U0001f44b #dance https://tokaway.com/a",
            "facets": [
                {
                    "index": {"byteStart": 9, "byteEnd": 15},
                    "features": [{"$type": "so.sprk.richtext.facet#tag", "tag": "dance"}],
                },
                {
                    "index": {"byteStart": 16, "byteEnd": 37},
                    "features": [
                        {"$type": "so.sprk.richtext.facet#link", "uri": "https://tokaway.com/a"}
                    ],
                },
            ],
        },
        "media": {
            "$type": "so.sprk.media.video",
            "video": BLOB,
            "alt": "A cat",
            "aspectRatio": {"width": 1080, "height": 1920},
            "captions": [{"lang": "en", "file": captions[0][1]}],
        },
        "langs": ["en"],
        "labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "nudity"}]},
        "createdAt": "2024-01-31T23:59:59.000Z",
    }


def test_without_words_there_is_no_caption() -> None:
    (draft,) = written(replace(POST, caption=""))
    assert draft.value.keys() == {"$type", "media", "createdAt"}


def test_a_long_caption_is_cut_and_the_rest_kept_in_the_description() -> None:
    post = replace(POST, caption="One sentence of a story. " * 20 + "#last")
    (draft,) = written(post)
    text = draft.value["caption"]["text"]
    assert len(text) <= 300
    assert text.endswith("…")
    assert draft.value["media"]["alt"] == post.caption
    assert draft.value["tags"] == ["last"]


@pytest.mark.parametrize(
    ("number", "each"), [(1, [1]), (12, [12]), (13, [12, 1]), (35, [12, 12, 11])]
)
def test_photos_come_twelve_at_a_time(number: int, each: list[int]) -> None:
    drafts = written(replace(PHOTO, alt="A cat"), number=number)
    assert [len(draft.value["media"]["images"]) for draft in drafts] == each
    assert {draft.value["media"]["$type"] for draft in drafts} == {"so.sprk.media.images"}
    images = [image for draft in drafts for image in draft.value["media"]["images"]]
    assert images[0].keys() == {"image", "alt", "aspectRatio"}
    alts = [image["alt"] for image in images]
    assert alts == [f"A cat ({at}/{number})" for at in range(1, number + 1)] or number == 1
    texts = [text for draft in drafts for text in spark.texts_of(draft.value)]
    assert texts[1:] == [f"{at}/{len(each)}" for at in range(2, len(each) + 1)]


def test_the_alternative_text_of_a_photo_may_be_empty_but_is_there() -> None:
    """Lexicon so.sprk.media.image: it is required."""
    (draft,) = written(replace(PHOTO, caption=""))
    assert draft.value["media"]["images"][0]["alt"] == ""


def test_parts_follow_each_other_and_only_the_first_names_its_twins() -> None:
    twins = [Twin("at://a/b/c", CID, None), Twin("at://a/b/d", None, "https://example.com")]
    first, second = written(POST, number=2, twins=twins)
    assert first.value["crossposts"] == [{"uri": "at://a/b/c", "cid": CID}]
    assert "crossposts" not in second.value
    assert (first.value["createdAt"], second.value["createdAt"]) == (
        "2024-01-31T23:59:59.000Z",
        "2024-01-31T23:59:59.001Z",
    )
    assert first.rkey < second.rkey


def test_closed_comments_stay_closed_on_each_part() -> None:
    drafts = written(replace(POST, allow_comments=False), number=2)
    posts, gates = drafts[:2], drafts[2:]
    for post, gate in zip(posts, gates, strict=True):
        assert gate.value == {
            "$type": "so.sprk.feed.threadgate",
            "post": post.uri(DID),
            "allow": [],
            "createdAt": post.value["createdAt"],
        }
        assert (gate.rkey, gate.part) == (post.rkey, post.part)
        assert spark.is_ours(gate.value, gate.uri(DID), POST, gate.part)
        assert not spark.is_ours(gate.value, posts[0].uri(DID) + "x", POST, 0)
    assert spark.number(replace(POST, allow_comments=False), 2, USUAL, is_video=True) == 4


def test_names_are_facets_of_sparks_own() -> None:
    style = Style(names=Names.MENTION, accounts={"ada": "did:plc:ada"})
    (draft,) = written(replace(POST, caption="with @Ada"), style)
    [facet] = draft.value["caption"]["facets"]
    assert facet["features"] == [{"$type": "so.sprk.richtext.facet#mention", "did": "did:plc:ada"}]


@pytest.mark.parametrize(
    "change",
    [{"createdAt": "2024-01-31T23:59:58.000Z"}, {"media": {"$type": spark.IMAGES}}, {"media": 1}],
)
def test_a_record_is_known_by_its_date_and_kind(change: dict[str, Any]) -> None:
    (draft,) = written(POST)
    uri = draft.uri(DID)
    assert spark.is_ours(draft.value, uri, POST, 0)
    assert spark.is_ours(draft.value, uri, replace(POST, caption="edited"), 0)
    assert not spark.is_ours(draft.value | change, uri, POST, 0)
    assert not spark.is_ours(draft.value, uri, POST, 1)


def test_what_a_record_shows_can_be_read_back() -> None:
    shown = replace(VIDEO, captions=(("en", BLOB),))
    (draft,) = spark.drafts(POST, [shown], DID, USUAL, is_video=True)
    assert spark.shown_in(draft.value) == [shown]
    (draft,) = written(PHOTO, number=7)
    assert spark.shown_in(draft.value) == [VIDEO] * 7
    (_, gate) = written(replace(POST, allow_comments=False))
    assert spark.shown_in(gate.value) == []
    assert spark.texts_of(gate.value) == []


def test_both_refer_to_each_other_as_in_sparks_own_app() -> None:
    there, here = at_both(POST)
    assert (there.destination, here.destination) == ("bluesky", "spark")
    assert there.rkey == here.rkey == KEY
    assert there.value["text"] == f"{POST.caption}\n\n{PAGE}"
    facet = there.value["facets"][-1]
    assert facet["features"] == [{"$type": "app.bsky.richtext.facet#link", "uri": PAGE}]
    index = facet["index"]
    text = there.value["text"].encode()
    assert text[index["byteStart"] : index["byteEnd"]].decode() == PAGE
    assert here.value["crossposts"] == [{"uri": there.uri(DID), "cid": record_cid(there.value)}]
    assert blob_cids(there.value) == blob_cids(here.value) == (CID,)


@pytest.mark.parametrize("caption", ["", "word " * 70, "\u00e9" * 300, PAGE])
def test_the_link_always_has_room(caption: str) -> None:
    for drafts in (at_both(replace(POST, caption=caption)),):
        text, facets = drafts[0].value["text"], drafts[0].value["facets"]
        assert len(text) <= 300
        assert text.endswith(PAGE)
        assert facets[-1]["index"]["byteEnd"] == len(text.encode())


def test_a_twin_that_stands_already_is_referred_to_where_it_is() -> None:
    standing = Record(
        post=POST.id,
        did=DID,
        destination="bluesky",
        collection=bluesky.COLLECTION,
        rkey="3kkcuqmgzi2b7",
        uri=f"at://{DID}/{bluesky.COLLECTION}/3kkcuqmgzi2b7",
        cid=CID,
        blob_cids=(),
        published_at=NOW,
    )
    gate = replace(standing, collection=bluesky.THREADGATE, cid="another")
    (draft,) = draft_all(
        POST, {"spark": 1}, [VIDEO], DID, USUAL, is_video=True, standing=[gate, standing]
    )
    assert draft.rkey == standing.rkey
    assert draft.value["crossposts"] == [{"uri": standing.uri, "cid": CID}]


def test_destinations_have_an_order_of_their_own_and_collections_of_their_own() -> None:
    assert list(DESTINATIONS) == ["bluesky", "spark"]
    assert [one.NAME for one in named(["spark", "bluesky"])] == ["bluesky", "spark"]
    every = collections(DESTINATIONS.values())
    assert len(set(every)) == len(every) == 5


def test_together_they_take_the_smallest_files_and_the_longest_videos() -> None:
    said = ServerLimits(400_000_000, None, "said")
    assert limits(said, named(["bluesky"])) == Limits(
        400_000_000, 300_000_000, 600.0, "said", 2_000_000, 10
    )
    assert limits(said, named(["spark"])) == Limits(
        400_000_000, 314_572_800, 180.0, "said", 5_242_880, 12
    )
    assert limits(said, named(["bluesky", "spark"])) == Limits(
        400_000_000, 300_000_000, 600.0, "said", 2_000_000, 10
    )
    old = limits(replace(said, version=(0, 5, 28)), named(["spark"]))
    assert old.video_bytes == 314_572_800


@pytest.mark.parametrize(
    ("seconds", "largest", "code"),
    [
        (180.4, 0, None),
        (181, 0, "too_long"),
        (181, 400_000_000, "too_long"),
        (10, 314_572_801, "too_large"),
        (0, 5_242_881, "too_large"),
        (0, 5_242_880, None),
    ],
)
def test_what_spark_does_not_take_is_left_out_with_a_reason(
    seconds: float, largest: int, code: str | None
) -> None:
    why = too_much(spark, seconds, largest)
    assert (why.code if why else None) == code
    assert why is None or ("Spark" in why.text and "--destination spark" in why.hint)

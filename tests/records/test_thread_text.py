"""A long caption goes on from text to text, and nothing of it is lost or torn."""

from __future__ import annotations

from typing import Any

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from importer.records.text import (
    ELLIPSIS,
    MAX_GRAPHEMES,
    MOST_TAGS,
    Composed,
    clean,
    compose,
    fits,
    graphemes,
)
from tests.records.test_text import FAMILY, SALAM, captions, selected

NAMES = ["@tokmaker", "@ada.bakes", "@under_score"]
SENTENCE = "This is a sentence of some length, and it ends here. "


def linked(name: str) -> dict[str, Any]:
    return {"$type": "app.bsky.richtext.facet#link", "uri": f"https://www.tiktok.com/@{name}"}


@st.composite
def long_captions(draw: st.DrawFn) -> str:
    """Captions of up to some 4,000 characters with everything in them."""
    pieces = [draw(captions())[0] for _ in range(draw(st.integers(1, 5)))]
    names = draw(st.lists(st.sampled_from(NAMES), max_size=4))
    return draw(st.sampled_from([" ", "\n\n", ". "])).join([*pieces, *names])


def squeezed(text: str) -> str:
    return regex.sub(r"\s+", "", text)


def shown(composed: Composed) -> list[str]:
    return [text.text for text in composed.texts]


@given(long_captions(), st.sampled_from(["", "Made with AI."]))
@example("a" * 4_000, "")
@example(FAMILY * 500, "Made with AI.")
@example("word " * 60 + "x" * 900 + " word" * 60, "")
@example((SALAM + " ") * 500, "")
def test_the_parts_are_the_caption(caption: str, note: str) -> None:
    composed = compose(caption, thread=True, name=linked, note=note)
    assert all(fits(text) for text in shown(composed))
    texts = shown(composed)
    assert texts[0].endswith(note)
    texts[0] = texts[0].removesuffix(note)
    whole = clean(caption)
    assert squeezed("".join(texts)) == squeezed(whole)
    assert not composed.cut
    at = 0
    for text in texts:
        # Each is a stretch of the caption, and only spaces lie between them.
        found = whole.find(text.strip(), at)
        assert whole[at:found].strip() == ""
        at = found + len(text.strip())
    assert whole[at:].strip() == ""


@given(long_captions())
def test_no_grapheme_is_torn(caption: str) -> None:
    clusters = [cluster for cluster in graphemes(clean(caption)) if not cluster.isspace()]
    parts = [
        cluster for text in shown(compose(caption, thread=True)) for cluster in graphemes(text)
    ]
    assert [cluster for cluster in parts if not cluster.isspace()] == clusters


@given(long_captions())
def test_facets_of_every_part_select_what_they_name(caption: str) -> None:
    composed = compose(caption, thread=True, name=linked)
    for text in composed.texts:
        end = 0
        for facet in text.facets:
            index = facet["index"]
            assert end <= index["byteStart"] < index["byteEnd"] <= len(text.text.encode())
            end = index["byteEnd"]
        for part, meaning in selected(text):
            if part.startswith("@"):
                assert meaning == f"https://www.tiktok.com/{part}"
            else:
                assert part[1:] == meaning or part == meaning or f"https://{part}" == meaning


@given(long_captions(), st.booleans())
def test_every_hashtag_is_shown_or_kept_aside(caption: str, thread: bool) -> None:
    whole = [tag for text in compose(f"{caption}", thread=True).texts for _, tag in selected(text)]
    composed = compose(caption, thread=thread)
    kept = [tag for text in composed.texts for _, tag in selected(text)]
    aside = {tag.casefold() for tag in composed.tags}
    missing = {tag.casefold() for tag in whole if "://" not in tag and "." not in tag}
    missing -= {tag.casefold() for tag in kept}
    assert missing == aside or (aside < missing and len(aside) == MOST_TAGS)


@given(long_captions())
def test_servers_take_every_part(caption: str) -> None:
    """By the lexicon's model of the published SDK, and by the limits that it does not check."""
    from atproto_client import models

    composed = compose(caption, thread=True, name=linked)
    for text in composed.texts:
        record = {
            "$type": "app.bsky.feed.post",
            "text": text.text,
            "facets": list(text.facets),
            "tags": list(composed.tags),
            "createdAt": "2024-01-31T23:59:59.000Z",
        }
        models.AppBskyFeedPost.Record.model_validate(record)
        assert fits(text.text)
        for facet in text.facets:
            tag = facet["features"][0].get("tag", "")
            assert fits(tag, 64, 640)


def test_it_is_cut_where_a_sentence_ends() -> None:
    texts = shown(compose(SENTENCE * 20, thread=True))
    assert len(texts) == 4
    assert all(text.endswith("here.") for text in texts)


def test_a_paragraph_comes_before_a_sentence() -> None:
    texts = shown(compose(SENTENCE * 3 + "\n\n" + SENTENCE * 4, thread=True))
    assert texts == [(SENTENCE * 3).strip(), (SENTENCE * 4).strip()]


def test_without_a_sentence_a_word_is_the_end() -> None:
    texts = shown(compose("word " * 100, thread=True))
    assert [len(graphemes(text)) for text in texts] == [299, 199]


@pytest.mark.parametrize("special", ["#hashtag", "https://example.com/a/long/way", "@tokmaker"])
@pytest.mark.parametrize("before", range(285, 302))
def test_tags_links_and_names_are_never_torn(special: str, before: int) -> None:
    caption = "a" * (before - 1) + " " + special + " and so on"
    texts = shown(compose(caption, thread=True))
    assert sum(special in text for text in texts) == 1


def test_a_text_without_spaces_is_torn_between_graphemes_only() -> None:
    texts = shown(compose("\u6d77\u8fb9" * 400, thread=True))
    assert [len(text) for text in texts] == [300, 300, 200]
    assert texts[0] + texts[1] + texts[2] == "\u6d77\u8fb9" * 400


def test_tags_that_were_cut_away_are_kept_aside_once() -> None:
    caption = "word " * 70 + "#One #two #one " + " ".join(f"#t{n}x" for n in range(9))
    composed = compose(f"#two {caption}")
    assert composed.texts[0].text.endswith(ELLIPSIS)
    assert composed.tags == ("One", *(f"t{n}x" for n in range(7)))


def test_words_of_ours_are_always_shown_whole() -> None:
    for thread in (False, True):
        composed = compose("word " * 100, thread=thread, note="Made with AI.")
        assert composed.texts[0].text.endswith("\n\nMade with AI.")
        assert len(graphemes(composed.texts[0].text)) <= MAX_GRAPHEMES
    assert shown(compose("", note="Made with AI.")) == ["Made with AI."]
    assert shown(compose("Hi", note="Made with AI.")) == ["Hi\n\nMade with AI."]


@pytest.mark.parametrize(
    ("caption", "names"),
    [
        ("with @ada.bakes and @me_2.", ["@ada.bakes", "@me_2"]),
        ("mail ada@example.com or @x", []),
        ("see https://www.tiktok.com/@ada", ["https://www.tiktok.com/@ada"]),
        ("(@ada) @bob!", ["@ada", "@bob"]),
    ],
)
def test_what_is_a_name(caption: str, names: list[str]) -> None:
    [text] = compose(caption, name=linked).texts
    assert [part for part, _ in selected(text)] == names


def test_glued_hashtags_are_two() -> None:
    [text] = compose("#dance#fyp see https://x.com/a#b").texts
    assert [tag for _, tag in selected(text)] == ["dance", "fyp", "https://x.com/a#b"]

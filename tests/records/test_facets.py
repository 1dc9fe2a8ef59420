"""A record's text cut at its facets."""

from __future__ import annotations

from atproto_client.utils.facet_detection import detect_facets
from hypothesis import given
from hypothesis import strategies as st

from importer.records.facets import LINK, TAG, facets, pieces, spans


def cut(text: str) -> list[tuple[str, str]]:
    found = facets(text, spans(text), 0, len(text))
    return [(words, (feature or {}).get("$type", "")) for words, feature in pieces(text, found)]


def test_each_piece_knows_where_it_leads() -> None:
    assert cut("Brot 🍞 #rye, see https://example.com now") == [
        ("Brot 🍞 ", ""),
        ("#rye", "app.bsky.richtext.facet#tag"),
        (", see ", ""),
        ("https://example.com", "app.bsky.richtext.facet#link"),
        (" now", ""),
    ]


def test_a_text_without_facets_is_one_piece() -> None:
    assert pieces("plain", ()) == [("plain", None)]
    assert pieces("", ()) == []


@given(st.text(alphabet="a #@é🍞.h:/tps\n", max_size=60))
def test_no_word_is_lost(text: str) -> None:
    assert "".join(words for words, _ in cut(text)) == text


@given(st.text(alphabet="a1 #\uff03@$é🍞.h:/tpscom\n(", max_size=30))
def test_what_the_sdk_finds_is_found(text: str) -> None:
    """None of its tags and links is lost by not asking it; it does not part tags that are glued."""
    found = [facet.features[0] for facet in detect_facets(text)]
    theirs = {one.uri if one.py_type == LINK else one.tag for one in found}
    if any(not told.startswith("$") for told in theirs):
        assert {span.feature["$type"] for span in spans(text) if span.feature} & {TAG, LINK}

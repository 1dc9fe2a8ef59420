"""A record's text cut at its facets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from importer.records.facets import facets, pieces, spans


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

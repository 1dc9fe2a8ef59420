"""Captions become text that servers accept, with facets that select just what they name."""

from __future__ import annotations

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from importer.records.text import (
    ELLIPSIS,
    MAX_ALT_BYTES,
    MAX_ALT_GRAPHEMES,
    MAX_BYTES,
    MAX_GRAPHEMES,
    Composed,
    Text,
    alt_text,
    clean,
    compose,
    fits,
    graphemes,
    truncate,
)

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
SALAM = "\u0633\u0644\u0627\u0645"
ODD_WORDS = [
    "dance",
    FAMILY,
    ENGLAND,
    "\U0001f1f3\U0001f1f1\U0001f1e9\U0001f1ea",  # two flags
    "\U0001f44b\U0001f3fd",  # a hand with a skin tone
    "cafe\u0301",
    "z\u0300\u0301\u0302\u0303\u0304\u0305\u0306",
    SALAM,
    "\u05e9\u05dc\u05d5\u05dd",
    "\u200f\u202e",
    "\u0e17\u0e35\u0e48",
    "\u1019\u102b",
    "\ud55c\uad6d",
    "\u1112\u1161\u11ab",  # the same, as jamo
    "\u0915\u094d\u0937\u093f",
    "@tokmaker",
    "@maker.bsky.social",
    "\u2764\ufe0f",
    "1\ufe0f\u20e3",
    "a" * 40,
]
words = st.one_of(
    st.sampled_from(ODD_WORDS),
    st.text(max_size=12),
    st.text(alphabet="abc\u0301\u200d\U0001f468\U0001f1e9\u0633 #\n", max_size=30),
)
tags = st.text("abcXYZ_09\u00e9\u0633\u4e2d", min_size=1, max_size=20).map(lambda word: f"#{word}t")
links = st.from_regex(r"https://[a-z]{1,8}\.com/[a-zA-Z0-9_/=&?-]{0,40}[a-z0-9]", fullmatch=True)
spaces = st.sampled_from([" ", " ", "  ", "\n", "\n\n", "\u3000"])


@st.composite
def captions(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A caption of any length, with the tags and links that were put into it as words."""
    pieces: list[str] = []
    put: list[str] = []
    for _ in range(draw(st.integers(0, 12))):
        special = draw(st.booleans())
        word = draw(st.one_of(tags, links) if special else words)
        if special:
            put.append(word)
        pieces += [word, draw(spaces)]
    filler = draw(st.sampled_from(["", "word ", f"{FAMILY} ", f"{SALAM} "]))
    return filler * draw(st.integers(0, 70)) + "".join(pieces), put


def only(caption: str) -> Text:
    """The text of a caption that is cut rather than continued."""
    [text] = compose(caption).texts
    return text


def selected(text: Text) -> list[tuple[str, str]]:
    """What each facet selects of the text, and what it says about it."""
    data = text.text.encode()
    found = []
    for facet in text.facets:
        index, feature = facet["index"], facet["features"][0]
        part = data[index["byteStart"] : index["byteEnd"]].decode()
        found.append((part, feature.get("tag") or feature["uri"]))
    return found


@given(st.text(), st.integers(1, 40), st.integers(3, 200))
@example("a\u0301" * 400, MAX_GRAPHEMES, MAX_BYTES)
@example(FAMILY * 121, MAX_GRAPHEMES, MAX_BYTES)
@example("#" + "\u0300" * 2000, MAX_GRAPHEMES, MAX_BYTES)
def test_truncated_text_keeps_both_limits(text: str, max_graphemes: int, max_bytes: int) -> None:
    short, cut = truncate(text, max_graphemes, max_bytes)
    assert fits(short, max_graphemes, max_bytes)
    assert cut == (short != text)


@given(captions(), st.integers(1, 320), st.integers(3, 3_000))
def test_truncation_ends_at_the_end_of_a_grapheme(
    caption: tuple[str, list[str]], max_graphemes: int, max_bytes: int
) -> None:
    text = clean(caption[0])
    short, cut = truncate(text, max_graphemes, max_bytes)
    if not cut:
        assert short == text
        return
    assert short.endswith(ELLIPSIS)
    head = graphemes(short.removesuffix(ELLIPSIS))
    assert [cluster.rstrip() for cluster in graphemes(text)[: len(head)]] == [
        cluster.rstrip() for cluster in head
    ]


@given(captions(), st.integers(3, 320), st.integers(3, 3_000))
def test_truncation_ends_at_the_end_of_a_word_unless_that_is_early(
    caption: tuple[str, list[str]], max_graphemes: int, max_bytes: int
) -> None:
    text = clean(caption[0])
    short, cut = truncate(text, max_graphemes, max_bytes)
    head = short.removesuffix(ELLIPSIS) if cut else short
    assert text.startswith(head)
    kept = graphemes(head)
    latter = "".join(kept[len(kept) // 2 + 1 :])
    if cut and regex.search(r"\S\s+\S", latter):
        assert regex.match(r"\s", text[len(head) :])


@given(captions())
def test_a_composed_text_is_accepted_by_servers(caption: tuple[str, list[str]]) -> None:
    text = only(caption[0])
    assert fits(text.text)
    end = 0
    for facet in text.facets:
        index = facet["index"]
        assert end <= index["byteStart"] < index["byteEnd"] <= len(text.text.encode())
        end = index["byteEnd"]


@given(captions())
def test_facets_select_just_the_tag_or_link_they_name(caption: tuple[str, list[str]]) -> None:
    for part, meaning in selected(only(caption[0])):
        assert part[1:] == meaning or part == meaning or f"https://{part}" == meaning
        if part[1:] == meaning:
            assert part[0] in "#\uff03"


@given(captions())
def test_tags_and_links_survive_whole_or_not_at_all(caption: tuple[str, list[str]]) -> None:
    text = only(caption[0])
    meanings = [meaning for _, meaning in selected(text)]
    kept = text.text.removesuffix(ELLIPSIS) if compose(caption[0]).cut else text.text
    shown = regex.split(r"\s+", kept)
    for word in caption[1]:
        if word in shown:
            assert word.removeprefix("#") in meanings
    known = set(regex.split(r"\s+", clean(caption[0])))
    for part, _ in selected(text):
        assert any(part in word for word in known)


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("#dance", [("#dance", "dance")]),
        (f"{FAMILY} #dance", [("#dance", "dance")]),
        (f"{ENGLAND}{SALAM} cafe\u0301 #dance!", [("#dance", "dance")]),
        (
            f"#{SALAM} #\u05e9\u05dc\u05d5\u05dd",
            [(f"#{SALAM}", SALAM), ("#\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd")],
        ),
        (
            "#cafe\u0301 https://x.com/a.",
            [("#cafe\u0301", "cafe\u0301"), ("https://x.com/a", "https://x.com/a")],
        ),
        ("(see https://x.com/b).", [("https://x.com/b", "https://x.com/b")]),
        ("https://x.com/#part", [("https://x.com/#part", "https://x.com/#part")]),
        ("shop at tokaway.com today", [("tokaway.com", "https://tokaway.com")]),
        ("one.two is no site", []),
        ("#1 #2024 # #", []),
        ("a#b", []),
        ("$GME #$GME", []),
        ("", []),
    ],
)
def test_what_becomes_a_facet(caption: str, expected: list[tuple[str, str]]) -> None:
    assert selected(only(caption)) == expected


@pytest.mark.parametrize(
    "caption", ["@tokmaker", "with @maker.bsky.social", "hi @a_b.c!", "@maker.test @bsky.app"]
)
def test_names_of_tiktok_are_plain_text(caption: str) -> None:
    text = only(caption)
    assert text.text == caption
    assert text.facets == ()


def test_a_link_before_the_ellipsis_leads_where_it_led() -> None:
    text = only("word " * 54 + "see https://example.com/abc and then more")
    assert text.text.endswith(f"https://example.com/abc{ELLIPSIS}")
    assert selected(text) == [("https://example.com/abc", "https://example.com/abc")]


def test_a_link_too_long_for_a_post_is_no_link_when_it_is_cut() -> None:
    text = only("https://example.com/" + "a" * 400)
    assert text.text.endswith(ELLIPSIS)
    assert text.facets == ()


@pytest.mark.parametrize(
    "tag",
    [
        ENGLAND * 30,  # 30 graphemes, 840 bytes
        "\u1019\u102b" * 40,  # 80 graphemes, which the SDK counts as 40
        "a" * 65,
    ],
)
def test_a_tag_that_servers_refuse_stays_plain_text(tag: str) -> None:
    text = only(f"#{tag} #fine")
    assert text.text == f"#{tag} #fine"
    assert selected(text) == [("#fine", "fine")]


def test_a_tag_of_the_largest_size_is_a_tag() -> None:
    assert selected(only("#" + "a" * 64)) == [("#" + "a" * 64, "a" * 64)]


@pytest.mark.parametrize(
    ("caption", "text"),
    [
        ("\ud83d hello", "? hello"),
        ("hello \ude00\ud83d", "hello ??"),
        ("a\x00b\x07c\x7f\x9f", "abc"),
        ("one\r\ntwo\rthree\n\tfour", "one\ntwothree\n\tfour"),
        ("  around \n", "around"),
    ],
)
def test_what_json_cannot_carry_is_replaced_or_dropped(caption: str, text: str) -> None:
    assert clean(caption) == text


@given(st.text(st.characters(categories=["Cs", "Lu", "Zs", "Cc"])))
def test_any_caption_can_be_composed(caption: str) -> None:
    text = only(caption)
    assert text.text.encode().decode() == text.text
    assert not regex.search(r"[\p{Cc}--[\n\t]]", text.text, flags=regex.V1)


def test_limits_count_graphemes_and_bytes() -> None:
    assert fits("a" * 300)
    assert not fits("a" * 301)
    assert fits(FAMILY * 120)  # 3,000 bytes
    assert not fits(FAMILY * 121)
    assert graphemes(f"{FAMILY}e\u0301{ENGLAND}") == [FAMILY, "e\u0301", ENGLAND]


def test_a_text_of_just_the_limit_is_not_cut() -> None:
    assert compose("a" * 300) == Composed((Text("a" * 300),), (), cut=False)
    assert compose("a" * 301) == Composed((Text("a" * 299 + ELLIPSIS),), (), cut=True)
    assert only("a" * 250 + " " + "b" * 100).text == "a" * 250 + ELLIPSIS


@given(st.text(max_size=50), st.integers(1, 400))
def test_alt_text_is_inside_the_limits_of_every_server(word: str, times: int) -> None:
    assert fits(alt_text(f"{word} " * times), MAX_ALT_GRAPHEMES, MAX_ALT_BYTES)

"""Captions in every script are cut where their readers would pause, and never in what is whole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from importer.records.facets import spans
from importer.records.text import (
    ELLIPSIS,
    MAX_BYTES,
    MAX_GRAPHEMES,
    clean,
    compose,
    fits,
    graphemes,
    truncate,
)
from tests.records.test_text import FAMILY, links
from tests.records.test_thread_text import shown, squeezed

SEA = "海"
HELLO = "おはよう "
GREAT = "すごいですね"
JAPANESE = st.text("あいうえおかがく海辺今日ーっ、。\uff01\uff1f「」", min_size=1, max_size=120)
THAI = st.text("กขคงที่้าเแ ", min_size=1, max_size=120)
CHINESE = st.text("我们去海边看日落\uff0c。\uff01", min_size=1, max_size=120)
LATIN = st.lists(st.text("abcdé.,!?(", min_size=1, max_size=9), max_size=30).map(" ".join)
TAGS = st.lists(st.text("abc海辺é", min_size=1, max_size=20), min_size=1, max_size=12).map(
    lambda names: " " + "".join(f"#{name}t" for name in names)
)
NAMES = st.sampled_from([" @tokmaker ", "\n@ada.bakes"])
OTHERS = st.sampled_from(["\n\n", "\n", " ", "　", FAMILY * 30, "a" * 130, "(", "」"])
LINKS = st.builds(lambda link, more: f" {link}/{'x' * more} ", links, st.integers(1, 220))


@st.composite
def mixed(draw: st.DrawFn) -> str:
    """A caption in a few scripts, with tags that stick together, links of any length and names."""
    kinds = st.one_of(JAPANESE, THAI, CHINESE, LATIN, TAGS, NAMES, OTHERS, LINKS)
    return clean("".join(draw(st.lists(kinds, min_size=1, max_size=25))))


def pieces(whole: str, texts: list[str]) -> list[tuple[int, int]]:
    """Where the texts of a thread lie in their caption."""
    found: list[tuple[int, int]] = []
    at = 0
    for text in texts:
        at = whole.index(text, at)
        found.append((at, at + len(text)))
        at += len(text)
    return found


def room_at(whole: str, start: int) -> int:
    """How many graphemes a record has room for from here on."""
    number = size = 0
    for cluster in graphemes(whole[start:])[:MAX_GRAPHEMES]:
        size += len(cluster.encode())
        if size > MAX_BYTES:
            break
        number += 1
    return number


def breaks_nothing(whole: str, at: int) -> bool:
    return not any(span.start < at < span.end for span in spans(whole))


def is_short(whole: str, start: int, end: int) -> bool:
    """Whether a piece fills less than a third of its record, and nothing that is whole follows."""
    rest = whole[end:]
    follows = len(whole) - len(rest.lstrip())
    is_whole = any(follows <= span.start <= follows + 1 for span in spans(whole))
    return not is_whole and len(graphemes(whole[start:follows])) * 3 < room_at(whole, start)


@given(mixed())
@example(HELLO + SEA * 455)
@example("hello " + "#tagnumber" * 60)
@example("あ" + "」" * 700)
@example("see (https://x.com/" + "a" * 250 + ") " + GREAT * 60)
def test_a_thread_in_any_script_loses_nothing_and_tears_nothing(whole: str) -> None:
    texts = shown(compose(whole, thread=True))
    assert all(fits(text) for text in texts)
    assert squeezed("".join(texts)) == squeezed(whole)
    cuts = pieces(whole, texts)
    for start, end in cuts[:-1]:
        assert breaks_nothing(whole, end)
        assert not is_short(whole, start, end)
    assert all(whole[end:start].strip() == "" for (_, end), (start, _) in pairwise(cuts))


@given(mixed())
@example(HELLO + SEA * 455)
@example("hello " + "#tagnumber" * 60)
def test_a_truncated_caption_in_any_script_is_not_torn_and_not_short(whole: str) -> None:
    composed = compose(whole)
    [text] = composed.texts
    assert fits(text.text)
    if not composed.cut:
        assert text.text == whole
        return
    head = text.text.removesuffix(ELLIPSIS)
    assert whole.startswith(head)
    assert breaks_nothing(whole, len(head))
    assert not is_short(whole, 0, len(head))


@given(mixed(), st.integers(0, 290))
def test_words_of_ours_take_room_of_the_first_text_only(whole: str, length: int) -> None:
    texts = shown(compose(whole, thread=True, note="n" * length))
    assert all(fits(text) for text in texts)
    texts[0] = texts[0].removesuffix("n" * length)
    assert squeezed("".join(texts)) == squeezed(whole)


def test_a_space_near_the_beginning_is_no_place_to_cut() -> None:
    caption = HELLO + SEA * 455
    assert truncate(caption) == (HELLO + SEA * 294 + ELLIPSIS, True)
    assert [len(text) for text in shown(compose(caption, thread=True))] == [300, 160]
    assert len(graphemes(truncate("hello " + "สวัสดี" * 120)[0])) == MAX_GRAPHEMES


@pytest.mark.parametrize(
    ("before", "last"),
    [
        (GREAT * 40 + "。", "。"),
        (GREAT * 40 + "\uff01\uff01", "\uff01"),
        (GREAT * 30 + "「" + GREAT * 5 + "。」", "」"),
        ("我们去海边" * 40 + "\uff0c", "\uff0c"),
        (GREAT * 30 + "。" + GREAT * 15 + "、", "。"),
    ],
)
@pytest.mark.parametrize("thread", [True, False])
def test_a_sentence_without_a_space_after_it_is_an_end(
    before: str, last: str, thread: bool
) -> None:
    caption = before + GREAT * 60
    first = shown(compose(caption, thread=thread))[0].removesuffix(ELLIPSIS)
    assert first == before[: before.rindex(last) + 1]


def test_a_comma_is_an_end_only_where_there_is_no_better() -> None:
    caption = GREAT * 30 + " " + GREAT * 10 + "、" + GREAT * 60
    assert shown(compose(caption, thread=True))[0] == GREAT * 30


@pytest.mark.parametrize("mark", ["。", "、", "」", "\uff01", ")"])
def test_a_mark_that_closes_never_begins_a_text(mark: str) -> None:
    texts = shown(compose(SEA * 300 + mark + SEA * 200, thread=True))
    assert texts == [SEA * 299, SEA + mark + SEA * 200]


def test_a_bracket_that_opens_goes_with_what_it_opens() -> None:
    texts = shown(compose(SEA * 299 + "「" + SEA * 200, thread=True))
    assert texts == [SEA * 299, "「" + SEA * 200]


@pytest.mark.parametrize("thread", [True, False])
def test_tags_that_stick_together_are_shown_whole(thread: bool) -> None:
    tags = [f"#tagnumber{number}" for number in range(60)]
    for caption in ("".join(tags), "hello " + "".join(tags)):
        composed = compose(caption, thread=thread)
        text = composed.texts[0].text.removesuffix(ELLIPSIS)
        assert f"#{text.rpartition('#')[2]}" in tags
        assert len(text) > 280
        if not thread:
            assert composed.tags == tuple(tag[1:] for tag in tags if tag not in text)[:8]


def test_a_link_that_does_not_fit_is_left_out_whole() -> None:
    link = "https://example.com/" + "a" * 250
    text = compose("A walk by the sea in the rain, for those who like it: " + link).texts[0].text
    assert text == f"A walk by the sea in the rain, for those who like it:{ELLIPSIS}"


@pytest.mark.parametrize("thread", [True, False])
def test_a_link_is_cut_only_if_no_record_has_room_for_it(thread: bool) -> None:
    link = "https://example.com/" + "a" * 400
    first, *_ = compose(link, thread=thread).texts
    assert len(graphemes(first.text)) == MAX_GRAPHEMES
    assert first.facets == ()
    assert compose(f"See {link}", thread=thread).texts[0].text.removesuffix(ELLIPSIS) == "See"


def test_a_letter_that_no_record_has_room_for_ends_somewhere() -> None:
    """It never did: the thread had empty texts without end."""
    caption = "a" + "\u0301" * 2_000
    texts = shown(compose(caption, thread=True))
    assert all(fits(text) for text in texts)
    assert "".join(texts) == caption

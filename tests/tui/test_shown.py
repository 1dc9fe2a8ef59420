"""Other people's text does no harm on the screen, and nothing of it is lost that can be shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.made_archives import HOSTILE
from tui.shown import MARK, in_place, marked, one_line, visible, written

TURNING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=[]))


@given(ANY_TEXT)
def test_nothing_is_shown_that_a_terminal_takes_for_an_order(text: str) -> None:
    shown = visible(text)
    assert not [one for one in shown if unicodedata.category(one) == "Cc" and one != "\n"]
    assert not [one for one in shown if unicodedata.bidirectional(one) in TURNING]
    shown.encode()


@given(ANY_TEXT)
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1
    assert len(in_place(text).splitlines()) <= 1


@given(ANY_TEXT)
def test_a_mark_stands_for_each_character(text: str) -> None:
    assert len(marked(text)) == len(in_place(text)) == len(text)


@given(ANY_TEXT)
def test_whatever_it_is_it_can_be_written(text: str) -> None:
    written(text).encode()
    assert written(text) == text or any(unicodedata.category(one) == "Cs" for one in text)


@given(ANY_TEXT)
def test_what_is_shown_once_is_shown_again(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize("name", ["markup", "emoji", "scripts", "long", "endless"])
def test_what_does_no_harm_stays(name: str) -> None:
    assert visible(HOSTILE[name]) == HOSTILE[name]


def test_every_kind_of_line_end_is_one() -> None:
    assert visible(HOSTILE["newlines"]) == "one\ntwo\nthree\nfour\nfive\n\n\nsix\nseven\neight"


def test_orders_to_the_terminal_are_marked() -> None:
    assert visible("a\x1b[31mb\x9bc") == f"a{MARK}[31mb{MARK}c"
    assert visible(HOSTILE["bidi"]).count(MARK) == 5
    assert visible(HOSTILE["halves"]) == f"half {MARK} of an emoji"

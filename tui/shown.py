"""Other people's text on the screen: captions, names, paths and what servers say.

What a terminal would take for an order, or what turns the direction of the whole line around, is
shown as a mark in its place. Everything else stays: emoji, all scripts, and what joins them.
"""

from __future__ import annotations

import re

MARK = "�"
"""Stands for one character that cannot be shown."""

# Controls (C0 and C1), what turns text around, invisible blanks that terminals draw differently,
# and halves of characters, which cannot be written at all.
_UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff]"
)
_HALVES = re.compile("[\ud800-\udfff]")
_TO_BLANKS = str.maketrans("\t\n", "  ")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def visible(text: str) -> str:
    """A text that can be shown as it is, in lines."""
    return marked(_BREAKS.sub("\n", text)).replace("\t", " ")


def marked(text: str) -> str:
    """The same with a mark for each character that cannot be shown: its length stays."""
    return _UNSHOWN.sub(MARK, text)


def in_place(text: str) -> str:
    """The same on one line, as fields and lists show it: its length stays."""
    return marked(text).translate(_TO_BLANKS)


def written(text: str) -> str:
    """The same text where it must be bytes: a mark for each half of a character, as in names of
    files that are not UTF-8.
    """
    return _HALVES.sub(MARK, text)


def one_line(text: str) -> str:
    """A text that can be shown on one line: whatever separates its words is a blank."""
    return " ".join(visible(text).split())

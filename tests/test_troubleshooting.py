"""Each message of the program is explained, and nothing is explained that it does not say."""

from __future__ import annotations

import re

from tests.messages import HOLE, ROOT, messages
from tests.test_docs import tables

PAGE = ROOT / "docs" / "troubleshooting.md"
# What cannot be explained in general: a class of its own for trouble told by others' words.
NOT_SAID = {"error", "step", "run", "refused"}


def rows() -> list[list[str]]:
    return [row for table in tables(PAGE) for row in table]


def codes_of(row: list[str]) -> list[str]:
    return re.findall(r"`(\w+)`", row[1])


def test_every_code_is_explained() -> None:
    explained = [code for row in rows() for code in codes_of(row)]
    assert set(explained) == set(messages()) - NOT_SAID


def test_every_message_that_is_quoted_is_said_under_its_code() -> None:
    known = messages()
    unsaid = [
        row[0]
        for row in rows()
        if row[0] != HOLE
        and not any(row[0] in text for code in codes_of(row) for text in known[code])
    ]
    assert unsaid == []


def test_every_explanation_says_what_to_do() -> None:
    assert all(len(row) == 3 and row[2].endswith(".") for row in rows())

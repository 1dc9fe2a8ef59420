"""Record keys: the same post has the same key for ever, and keys sort as the posts do."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.records.keys import (
    ALPHABET,
    CLOCK_IDS,
    clock_id,
    created_at,
    micros,
    record_key,
    tid,
)

# https://atproto.com/specs/tid
TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
POSTED = datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC)

seconds = st.integers(0, 7_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
ordinals = st.integers(0, 999)
parts = st.integers(0, 999)
clocks = st.integers(0, CLOCK_IDS - 1)


def decoded(key: str) -> tuple[int, int]:
    value = 0
    for character in key:
        value = value << 5 | ALPHABET.index(character)
    return value >> 10, value & 1023


@pytest.mark.parametrize(
    ("microseconds", "clock", "key"),
    [
        (0, 0, "2222222222222"),
        (0, 1, "2222222222223"),
        (0, 1023, "22222222222zz"),
        (1, 0, "2222222222322"),
        ((1 << 53) - 1, 1023, "bzzzzzzzzzzzz"),
        # The example of the spec, read by the reference implementation (@atproto/common-web),
        # and others written by it.
        (1_688_137_381_887_007, 6, "3jzfcijpj2z2a"),
        (1_700_000_000_000_000, 0, "3ke6kg3wk2222"),
        (1_700_000_000_000_000, 31, "3ke6kg3wk222z"),
        (1_706_745_599_000_000, 228, "3kkcuqmgzi2b6"),
    ],
)
def test_known_tids(microseconds: int, clock: int, key: str) -> None:
    assert tid(microseconds, clock) == key


@given(st.integers(0, (1 << 53) - 1), clocks)
def test_a_tid_has_the_form_of_the_spec_and_can_be_read_back(microseconds: int, clock: int) -> None:
    key = tid(microseconds, clock)
    assert TID.fullmatch(key)
    assert decoded(key) == (microseconds, clock)


@given(st.tuples(seconds, ordinals, parts), st.tuples(seconds, ordinals, parts))
def test_keys_sort_by_date_then_ordinal_then_part(
    one: tuple[datetime, int, int], other: tuple[datetime, int, int]
) -> None:
    keys = [record_key(at, ordinal, part=part) for at, ordinal, part in (one, other)]
    assert (keys[0] < keys[1]) == (one < other)
    assert (keys[0] == keys[1]) == (one == other)


@given(seconds, ordinals, parts, st.integers(0, 999_999))
def test_fractions_of_a_second_do_not_change_a_key(
    at: datetime, ordinal: int, part: int, fraction: int
) -> None:
    blurred = at.replace(microsecond=fraction)
    assert micros(blurred, ordinal, part) == micros(at, ordinal, part)
    assert created_at(blurred, ordinal, part) == created_at(at, ordinal, part)


@given(seconds, ordinals, parts, st.integers(-14 * 60, 14 * 60))
def test_the_time_zone_a_date_is_told_in_does_not_change_a_key(
    at: datetime, ordinal: int, part: int, minutes: int
) -> None:
    if at < datetime(1970, 1, 3, tzinfo=UTC):
        at += timedelta(days=2)
    elsewhere = at.astimezone(timezone(timedelta(minutes=minutes)))
    assert record_key(elsewhere, ordinal) == record_key(at, ordinal)
    assert created_at(elsewhere, ordinal, part) == created_at(at, ordinal, part)


def test_the_keys_of_today_never_change() -> None:
    """If this fails, every archive in the world would post its videos a second time."""
    assert clock_id() == 228
    assert record_key(POSTED, 0) == "3kkcuqmgzi2b6"
    assert record_key(POSTED, 1) == "3kkcuqmh2hcb6"
    assert record_key(POSTED, 0, part=1) == "3kkcuqmgzi3b6"
    assert record_key(POSTED, 0, attempt=1) == "3kkcuqmgzi2b7"


def test_milliseconds_tell_posts_apart_and_microseconds_parts() -> None:
    base = micros(POSTED, 0)
    assert base == int(POSTED.timestamp()) * 1_000_000
    assert micros(POSTED, 3) - base == 3_000
    assert micros(POSTED, 0, 7) - base == 7
    assert micros(POSTED, 999, 999) < micros(POSTED + timedelta(seconds=1), 0)


def test_attempts_go_through_all_clock_ids_before_one_comes_again() -> None:
    assert len({clock_id(attempt) for attempt in range(CLOCK_IDS)}) == CLOCK_IDS
    assert clock_id(CLOCK_IDS) == clock_id()


@pytest.mark.parametrize(
    ("posted_at", "ordinal", "part"),
    [
        (POSTED, 1000, 0),
        (POSTED, -1, 0),
        (POSTED, 0, 1000),
        (POSTED, 0, -1),
        (datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), 0, 0),
    ],
)
def test_what_would_clash_with_another_key_is_refused(
    posted_at: datetime, ordinal: int, part: int
) -> None:
    with pytest.raises(ValueError, match=r"between 0 and 999|before 1970"):
        micros(posted_at, ordinal, part)


@pytest.mark.parametrize(
    ("microseconds", "clock"), [(-1, 0), (1 << 53, 0), (0, -1), (0, CLOCK_IDS)]
)
def test_what_a_tid_cannot_hold_is_refused(microseconds: int, clock: int) -> None:
    with pytest.raises(ValueError, match="53 bits"):
        tid(microseconds, clock)


@pytest.mark.parametrize(
    ("ordinal", "part", "written"),
    [
        (0, 0, "2024-01-31T23:59:59.000Z"),
        (1, 0, "2024-01-31T23:59:59.001Z"),
        (0, 12, "2024-01-31T23:59:59.012Z"),
        (999, 0, "2024-01-31T23:59:59.999Z"),
        (999, 999, "2024-02-01T00:00:00.998Z"),
    ],
)
def test_created_at_is_the_original_date_in_utc(ordinal: int, part: int, written: str) -> None:
    assert created_at(POSTED, ordinal, part) == written


@given(st.lists(st.tuples(seconds, ordinals), min_size=2, max_size=8, unique=True))
def test_created_at_keeps_the_order_of_the_keys(posts: list[tuple[datetime, int]]) -> None:
    by_key = sorted(posts, key=lambda post: record_key(post[0], post[1]))
    by_date = sorted(posts, key=lambda post: created_at(post[0], post[1]))
    assert by_key == by_date

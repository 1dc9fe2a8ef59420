"""Values survive their way through the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from importer.archive.rows import (
    file_from_row,
    file_to_row,
    instant,
    links_to_json,
    moment,
    record_from_row,
    record_to_row,
    soonest_expiry,
    trouble_columns,
)
from importer.model import Action, MediaFile, Record, Role, Trouble
from tests.posts import FIRST, NOW, link

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.builds(
    lambda milliseconds, zone: datetime.fromtimestamp(milliseconds / 1000, zone),
    st.integers(0, 4_000_000_000_000),
    zones,
)


@given(times)
def test_a_stored_time_is_the_same_moment_in_utc(at: datetime) -> None:
    stored = instant(moment(at))
    assert stored is not None
    assert stored.utcoffset() == timedelta(0)
    assert abs(stored - at) < timedelta(milliseconds=1)
    assert moment(stored) == moment(at)


@given(times, times)
def test_stored_times_sort_as_text(one: datetime, other: datetime) -> None:
    assert one > other or moment(one) <= moment(other)
    assert len(moment(one)) == len("2024-01-31T23:59:59.000Z")


def test_nothing_stored_is_no_time() -> None:
    assert instant(None) is None


@given(
    st.builds(
        MediaFile,
        role=st.sampled_from(Role),
        path=st.text(),
        bytes=st.integers(0, 2**62),
        sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
        width=st.integers(1, 9000),
        height=st.integers(1, 9000),
        seconds=st.floats(0, 1e6),
        codecs=st.text(max_size=20),
        part=st.integers(0, 9),
        fit=st.none() | st.sampled_from(Action),
        reason=st.none() | st.text(),
    )
)
def test_a_file_comes_back_as_it_was(file: MediaFile) -> None:
    row = file_to_row("post", file)
    assert row["post"] == "post"
    assert file_from_row(row) == file


@given(st.lists(st.text(), max_size=3).map(tuple), st.booleans(), st.integers(0, 9))
def test_a_record_comes_back_as_it_was(cids: tuple[str, ...], verified: bool, part: int) -> None:
    record = Record(
        post="20240131T235959",
        did="did:plc:a",
        destination="bluesky",
        collection="app.bsky.feed.post",
        rkey="3kkcuqmgzi2b6",
        uri="at://did:plc:a/app.bsky.feed.post/3kkcuqmgzi2b6",
        cid="bafyreib",
        blob_cids=cids,
        published_at=NOW,
        part=part,
        verified_at=NOW if verified else None,
    )
    assert record_from_row(record_to_row(record)) == record


def test_the_soonest_of_several_links_counts() -> None:
    late, soon = FIRST + timedelta(days=3), FIRST + timedelta(days=1)
    assert soonest_expiry([link("a", late), link("b", soon), link("c")]) == moment(soon)
    assert soonest_expiry([link("a")]) is None
    assert soonest_expiry([]) is None
    assert links_to_json([]) == "[]"


def test_no_trouble_empties_all_its_columns() -> None:
    assert set(trouble_columns(None)) == set(trouble_columns(Trouble("a", "b", "c")))
    assert set(trouble_columns(None).values()) == {None}
    assert FIRST.tzinfo is UTC

"""Recognise: which posts have their records on the PDS already, by one look at the account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from importer.model import Milestone, Post, Record
from importer.pds.repo import StoredRecord
from importer.pds.snapshot import Key, Snapshot
from importer.records.bluesky import (
    COLLECTION,
    DESTINATION,
    POSTGATE,
    THREADGATE,
    is_gate_of,
    is_record_of,
)
from importer.records.keys import record_key
from importer.stages.publish import KEYS_TO_TRY, MOST_PARTS, record_of
from importer.stages.tools import Tools

# Which parts of a post are looked for together.
_LOOKS = (0, 2, 4, 8, 16, MOST_PARTS)
_PLACED = (Milestone.PUBLISHED, Milestone.VERIFIED)


def recognise(
    posts: Iterable[Post], tools: Tools, snapshot: Snapshot
) -> list[tuple[Post, tuple[Record, ...]]]:
    """Find the records of posts that the archive does not know to be published.

    A lost or restored archive comes back this way without fetching or sending anything.

    Raises:
        CarError: the snapshot is damaged.
    """
    candidates = {
        (COLLECTION, _rkey(post, 0, attempt)): _Place(post, 0, attempt)
        for post in posts
        if post.milestone not in _PLACED
        for attempt in range(KEYS_TO_TRY)
    }
    first = _ours(snapshot, candidates, tools) if candidates else {}
    # One post under two of its keys is the one under the first.
    roots: dict[str, _Place] = {}
    for key in sorted(first, key=lambda key: (candidates[key].attempt, key)):
        roots.setdefault(candidates[key].post.id, candidates[key])
    # Few posts go on for long: looking for all the parts there could be takes a gigabyte.
    records, going_on = first, list(roots.values())
    for start, end in pairwise(_LOOKS):
        others = {
            key: _Place(root.post, part, root.attempt)
            for root in going_on
            for part in range(start, end)
            for key in _keys(root.post, part, root.attempt)
            if key not in first
        }
        records = records | (_ours(snapshot, others, tools) if others else {})
        going_on = [
            root for root in going_on if next(_keys(root.post, end - 1, root.attempt)) in records
        ]
    return [(root.post, tuple(_together(root, records))) for root in roots.values()]


@dataclass(frozen=True, slots=True)
class _Place:
    """Which part of which post would be under a key, and which of its keys that is."""

    post: Post
    part: int
    attempt: int


def _ours(snapshot: Snapshot, wanted: dict[Key, _Place], tools: Tools) -> dict[Key, Record]:
    """The records under these keys that are ours; of their content nothing is kept."""
    found: dict[str, list[Key]] = {}
    for key, cid in snapshot.find(wanted).items():
        found.setdefault(cid, []).append(key)
    ours: dict[Key, Record] = {}
    # What is older than the snapshot reaches back is named in it, but not in it, and known.
    for cid, value in snapshot.records(found):
        for key in found[cid]:
            place = wanted[key]
            own = _uri(tools, COLLECTION, key[1])
            if (
                is_record_of(value, place.post, place.part)
                if key[0] == COLLECTION
                else is_gate_of(value, key[0], own)
            ):
                stored = StoredRecord(_uri(tools, *key), cid, value)
                ours[key] = record_of(place.post, stored, tools, place.part)
    return ours


def _uri(tools: Tools, collection: str, rkey: str) -> str:
    return f"at://{tools.account.did}/{collection}/{rkey}"


def _together(root: _Place, records: dict[Key, Record]) -> Iterator[Record]:
    """The records of a post with their gates; the user may have deleted later ones."""
    for part in range(MOST_PARTS):
        own, *gates = _keys(root.post, part, root.attempt)
        if own not in records:
            return
        yield records[own]
        yield from (records[key] for key in gates if key in records)


def _keys(post: Post, part: int, attempt: int) -> Iterator[Key]:
    rkey = _rkey(post, part, attempt)
    yield COLLECTION, rkey
    yield POSTGATE, rkey
    if part == 0:
        yield THREADGATE, rkey


def _rkey(post: Post, part: int, attempt: int) -> str:
    return record_key(post.posted_at, post.ordinal, DESTINATION, part=part, attempt=attempt)

"""Recognise: which posts have their records on the PDS already, by one look at the account."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from importer.archive.view import PLACED
from importer.model import Post, Record
from importer.pds.repo import StoredRecord
from importer.pds.snapshot import Key, Snapshot
from importer.records.destination import Destination, uri
from importer.records.destinations import DESTINATIONS
from importer.records.keys import record_key
from importer.stages.present import KEYS_TO_TRY, MOST_PARTS, record_of
from importer.stages.tools import Tools

# A post may be under many keys; the account is read again for each so many posts.
_AT_ONCE = 2_000


def recognise(
    posts: Sequence[Post],
    tools: Tools,
    snapshot: Snapshot,
    recorded: Collection[tuple[str, str]] = (),
) -> list[tuple[Post, tuple[Record, ...]]]:
    """Find the records of posts that the archive does not know to be published.

    A lost or restored archive comes back this way without fetching or sending anything. Records
    are found at every destination, whether it is wanted now or not. `recorded` are the posts and
    destinations whose records are known.

    Raises:
        CarError: the snapshot is damaged.
    """
    wanted = [post for post in posts if post.milestone not in PLACED]
    return [
        found
        for first in range(0, len(wanted), _AT_ONCE)
        for found in _recognised(wanted[first : first + _AT_ONCE], tools, snapshot, recorded)
    ]


def _recognised(
    posts: Sequence[Post],
    tools: Tools,
    snapshot: Snapshot,
    recorded: Collection[tuple[str, str]],
) -> Collection[tuple[Post, tuple[Record, ...]]]:
    candidates = {
        (one.COLLECTION, rkey): _Place(one, post, 0, attempt)
        for post in posts
        for attempt in range(KEYS_TO_TRY)
        for rkey in [_rkey(post, 0, attempt)]
        for one in DESTINATIONS.values()
        if (post.id, one.NAME) not in recorded
    }
    records = _ours(snapshot, candidates, tools)
    # One post under two of its keys is the one under the first.
    roots: dict[tuple[str, str], _Place] = {}
    for key in sorted(records, key=lambda key: (candidates[key].attempt, key)):
        place = candidates[key]
        roots.setdefault((place.post.id, place.destination.NAME), place)
    # Few posts are long threads: only those are looked through to their ends.
    records |= _ours(snapshot, _others(roots.values(), range(2)), tools)
    longer = [root for root in roots.values() if next(_keys(root, 1)) in records]
    records |= _ours(snapshot, _others(longer, range(2, MOST_PARTS)), tools)
    found: dict[str, tuple[Post, tuple[Record, ...]]] = {}
    for root in roots.values():
        _, known = found.get(root.post.id, (root.post, ()))
        found[root.post.id] = root.post, (*known, *_together(root, records))
    return found.values()


@dataclass(frozen=True, slots=True)
class _Place:
    """Which part of which post would be under a key at a destination, and which of its keys."""

    destination: Destination
    post: Post
    part: int
    attempt: int


def _ours(snapshot: Snapshot, wanted: dict[Key, _Place], tools: Tools) -> dict[Key, Record]:
    """The records under these keys that are ours; of their content nothing is kept."""
    if not wanted:
        return {}
    found: dict[str, list[Key]] = {}
    for key, cid in snapshot.find(wanted).items():
        found.setdefault(cid, []).append(key)
    ours: dict[Key, Record] = {}
    # What is older than the snapshot reaches back is named in it, but not in it, and known.
    for cid, value in snapshot.records(found):
        for key in found[cid]:
            place = wanted[key]
            own = uri(tools.account.did, *key)
            if place.destination.is_ours(value, own, place.post, place.part):
                stored = StoredRecord(own, cid, value)
                ours[key] = record_of(place.post, stored, place.destination.NAME, tools, place.part)
    return ours


def _others(roots: Iterable[_Place], parts: range) -> dict[Key, _Place]:
    """Where further records of these posts would be, of some of their parts."""
    return {
        key: replace(root, part=part)
        for root in roots
        for part in parts
        for key in _keys(root, part)
        if part or key[0] != root.destination.COLLECTION
    }


def _together(root: _Place, records: dict[Key, Record]) -> Iterator[Record]:
    """The records of a post with their gates; the user may have deleted later ones."""
    for part in range(MOST_PARTS):
        own, *gates = _keys(root, part)
        if own not in records:
            return
        yield records[own]
        yield from (records[key] for key in gates if key in records)


def _keys(root: _Place, part: int) -> Iterator[Key]:
    rkey = _rkey(root.post, part, root.attempt)
    yield root.destination.COLLECTION, rkey
    for gate in root.destination.GATES:
        yield gate, rkey


def _rkey(post: Post, part: int, attempt: int) -> str:
    return record_key(post.posted_at, post.ordinal, part=part, attempt=attempt)

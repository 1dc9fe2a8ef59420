"""What stands on the server of one post at one destination, under one of the post's keys."""

from __future__ import annotations

from collections.abc import Iterator

from importer.model import Post, Record
from importer.pds.repo import StoredRecord
from importer.records.destination import Destination, blob_cids
from importer.records.keys import record_key
from importer.stages.tools import Tools

KEYS_TO_TRY = 8
MOST_PARTS = 50


def record_of(
    post: Post, stored: StoredRecord, destination: str, tools: Tools, part: int = 0
) -> Record:
    """What the archive remembers of a record on the server."""
    return Record(
        post=post.id,
        did=tools.account.did,
        destination=destination,
        collection=stored.collection,
        rkey=stored.rkey,
        uri=stored.uri,
        cid=stored.cid,
        blob_cids=blob_cids(stored.value),
        published_at=tools.now(),
        part=part,
    )


def standing(
    post: Post, first: StoredRecord, destination: Destination, attempt: int, tools: Tools
) -> Iterator[tuple[int, StoredRecord]]:
    """The records of a post whose first one is there, each with its part.

    The user may have deleted later ones.
    """
    for part in range(MOST_PARTS):
        rkey = record_key(post.posted_at, post.ordinal, part=part, attempt=attempt)
        stored = tools.repo.record(destination.COLLECTION, rkey) if part else first
        if stored is None or not destination.is_ours(stored.value, stored.uri, post, part):
            return
        yield part, stored
        for collection in destination.GATES:
            gate = tools.repo.record(collection, rkey)
            if gate and destination.is_ours(gate.value, gate.uri, post, part):
                yield part, gate

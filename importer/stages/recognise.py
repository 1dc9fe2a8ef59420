"""Recognise: which posts have their record on the PDS already, in one pass over its keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from importer.errors import TryLater, Unreachable
from importer.model import Milestone, Post, Record
from importer.pds.repo import StoredRecord
from importer.records.bluesky import COLLECTION, DESTINATION, is_record_of
from importer.records.keys import ALPHABET, PARTS, record_key
from importer.stages.publish import KEYS_TO_TRY, record_of
from importer.stages.tools import Tools

_PLACED = (Milestone.PUBLISHED, Milestone.VERIFIED)


def recognise(posts: Iterable[Post], tools: Tools) -> list[tuple[Post, tuple[Record, ...]]]:
    """Find the records of posts that the archive does not know to be published.

    A lost or restored archive comes back this way without fetching or sending anything. Only
    the stretch of keys between the first and the last such post is read.

    Raises:
        Unreachable: the server does not answer.
    """
    candidates = {
        _key(post, 0, attempt): (post, attempt)
        for post in posts
        if post.milestone not in _PLACED
        for attempt in range(KEYS_TO_TRY)
    }
    if not candidates:
        return []
    first, last = min(candidates), candidates[max(candidates)][0]
    # The parts of the last post lie behind its own record.
    until = _key(last, PARTS - 1, KEYS_TO_TRY - 1)
    try:
        stored = list(tools.repo.records(COLLECTION, after=_before(first), until=until))
    except TryLater as trouble:
        raise Unreachable(f"{trouble.text} Nothing was sent.", hint=trouble.hint) from trouble
    return _matches(candidates, {record.rkey: record for record in stored}, tools)


def _matches(
    candidates: Mapping[str, tuple[Post, int]], stored: Mapping[str, StoredRecord], tools: Tools
) -> list[tuple[Post, tuple[Record, ...]]]:
    found: dict[str, tuple[Post, tuple[Record, ...]]] = {}
    for rkey, record in stored.items():
        post, attempt = candidates.get(rkey, (None, 0))
        if post and post.id not in found and is_record_of(record.value, post):
            found[post.id] = (post, tuple(_with_parts(post, attempt, record, stored, tools)))
    return list(found.values())


def _with_parts(
    post: Post, attempt: int, first: StoredRecord, stored: Mapping[str, StoredRecord], tools: Tools
) -> Iterator[Record]:
    """The records of a post; all were written at once, so the first stands for all."""
    yield record_of(post, first, tools)
    for part in range(1, PARTS):
        record = stored.get(_key(post, part, attempt))
        if record is None or not is_record_of(record.value, post, part):
            return
        yield record_of(post, record, tools, part)


def _key(post: Post, part: int, attempt: int) -> str:
    return record_key(post.posted_at, post.ordinal, DESTINATION, part=part, attempt=attempt)


def _before(rkey: str) -> str:
    """A key that sorts just before another: paging starts behind its cursor."""
    head, last = rkey[:-1], ALPHABET.index(rkey[-1])
    return head + ALPHABET[last - 1] if last else head

"""Recognise: which posts have their record on the PDS already, in one pass over its keys."""

from __future__ import annotations

from collections.abc import Iterable

from importer.errors import TryLater, Unreachable
from importer.model import Kind, Milestone, Post, Record
from importer.pds.repo import StoredRecord
from importer.records.bluesky import COLLECTION, DESTINATION, is_record_of
from importer.records.keys import ALPHABET, record_key
from importer.stages.publish import KEYS_TO_TRY, record_of
from importer.stages.tools import Tools

_PLACED = (Milestone.PUBLISHED, Milestone.VERIFIED)


def recognise(posts: Iterable[Post], tools: Tools) -> list[tuple[Post, Record]]:
    """Find the records of posts that the archive does not know to be published.

    A lost or restored archive comes back this way without fetching or sending anything. Only
    the stretch of keys between the first and the last such post is read.

    Raises:
        Unreachable: the server does not answer.
    """
    candidates = {
        record_key(post.posted_at, post.ordinal, DESTINATION, attempt=attempt): post
        for post in posts
        if post.kind == Kind.VIDEO and post.milestone not in _PLACED
        for attempt in range(KEYS_TO_TRY)
    }
    if not candidates:
        return []
    first, last = min(candidates), max(candidates)
    try:
        stored = list(tools.repo.records(COLLECTION, after=_before(first), until=last))
    except TryLater as trouble:
        raise Unreachable(f"{trouble.text} Nothing was sent.", hint=trouble.hint) from trouble
    return _matches(candidates, stored, tools)


def _matches(
    candidates: dict[str, Post], stored: Iterable[StoredRecord], tools: Tools
) -> list[tuple[Post, Record]]:
    found: dict[str, tuple[Post, Record]] = {}
    for record in stored:
        post = candidates.get(record.rkey)
        if post and post.id not in found and is_record_of(record.value, post):
            found[post.id] = (post, record_of(post, record, tools))
    return list(found.values())


def _before(rkey: str) -> str:
    """A key that sorts just before another: paging starts behind its cursor."""
    head, last = rkey[:-1], ALPHABET.index(rkey[-1])
    return head + ALPHABET[last - 1] if last else head

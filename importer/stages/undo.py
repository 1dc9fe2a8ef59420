"""Undo: delete what this archive published and what still is as it was published."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from importer.errors import TryLater
from importer.model import Record
from importer.pds.repo import Repo, Write
from importer.pds.xrpc import XrpcError

# Another app may write to the account between our look and our write, but not for ever.
_LOOKS = 5


class Undone(StrEnum):
    """What became of a post's records."""

    DELETED = "deleted"
    GONE = "gone"
    """They were deleted before, by somebody."""
    CHANGED = "changed"
    """One of them was edited elsewhere: all are left alone."""


def undo(records: Sequence[Record], repo: Repo) -> Undone:
    """Delete all records of one post together, or none.

    The deletion holds only for the account as it was looked at: whatever is written meanwhile
    makes the server refuse it, and us look again.

    Raises:
        XrpcError: the server refuses the call.
        TryLater: the server could not, or is written to all the time.
        SignInNeeded: the session cannot be renewed.
    """
    for _ in range(_LOOKS):
        commit, _rev = repo.latest_commit()
        stored = [(record, repo.record(record.collection, record.rkey)) for record in records]
        there = [(record, found) for record, found in stored if found]
        if any(found.cid != record.cid for record, found in there):
            return Undone.CHANGED
        if not there:
            return Undone.GONE
        writes = [Write("delete", record.collection, record.rkey) for record, _ in there]
        try:
            repo.apply(writes, swap_commit=commit)
        except XrpcError as refusal:
            if refusal.error != "InvalidSwap":
                raise
        else:
            return Undone.DELETED
    raise TryLater(
        "The account is being written to all the time, so nothing could be deleted safely.",
        hint="Close other programs that post for you, then give the same command again.",
        code="busy_account",
    )

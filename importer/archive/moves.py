"""Which milestone may follow which: a post never moves any other way."""

from __future__ import annotations

from importer.model import Milestone

_M = Milestone
MOVES: frozenset[tuple[Milestone, Milestone]] = frozenset(
    {
        # the way through the stages
        (_M.FOUND, _M.FETCHED),
        (_M.FETCHED, _M.PREPARED),
        (_M.PREPARED, _M.PUBLISHED),
        (_M.PUBLISHED, _M.VERIFIED),
        # its record was found on the PDS before the stages were gone through
        (_M.FOUND, _M.PUBLISHED),
        (_M.FETCHED, _M.PUBLISHED),
        (_M.SKIPPED, _M.PUBLISHED),
        (_M.FAILED, _M.PUBLISHED),
        # a file is gone or changed
        (_M.PREPARED, _M.FETCHED),
        (_M.PREPARED, _M.FOUND),
        (_M.FETCHED, _M.FOUND),
        # verification found the record missing
        (_M.VERIFIED, _M.PUBLISHED),
        # taken back
        (_M.PUBLISHED, _M.SKIPPED),
        (_M.VERIFIED, _M.SKIPPED),
        # by choice or by rule
        *((milestone, _M.SKIPPED) for milestone in (_M.FOUND, _M.FETCHED, _M.PREPARED, _M.FAILED)),
        # tries used up, or refused
        *((milestone, _M.FAILED) for milestone in (_M.FOUND, _M.FETCHED, _M.PREPARED)),
        # chosen after all, or tried again: back to what its files support
        *(
            (ended, milestone)
            for ended in (_M.SKIPPED, _M.FAILED)
            for milestone in (_M.FOUND, _M.FETCHED, _M.PREPARED)
        ),
    }
)


def check(before: Milestone, after: Milestone) -> None:
    """Refuse a move that is not in the table.

    Raises:
        ValueError: no post may go from `before` to `after`.
    """
    if (before, after) not in MOVES:
        raise ValueError(f"a post cannot go from {before} to {after}")

"""Record keys derived from the post itself, so that the same post has the same key for ever.

A TID is 13 characters of base32-sortable: one 0 bit, 53 bits of microseconds since 1970 and a
10-bit clock id (https://atproto.com/specs/tid). Nothing in the network checks that its time is
true, so ours carries the original date and sorts by it.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
CLOCK_IDS = 1024
PARTS = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(posted_at: datetime, ordinal: int, part: int = 0) -> int:
    """Microseconds since 1970 that stand for one part of one post.

    Milliseconds tell apart posts of one second, microseconds the parts of one post.

    Raises:
        ValueError: before 1970, or more than 1,000 posts in a second or parts in a post.
    """
    if not (0 <= ordinal < 1000 and 0 <= part < PARTS):
        raise ValueError(f"ordinal {ordinal} or part {part} is not between 0 and 999")
    seconds = (posted_at.replace(microsecond=0) - _EPOCH) // timedelta(seconds=1)
    if seconds < 0:
        raise ValueError(f"{posted_at.isoformat()} is before 1970")
    return seconds * 1_000_000 + ordinal * 1_000 + part


def clock_id(attempt: int = 0) -> int:
    """The 10 bits that mark keys of ours.

    `attempt` moves on to the next id when another record, not ours, already sits under a key.
    """
    # Bluesky was the first destination; what was published is found by this word for ever.
    digest = hashlib.sha256(b"tokaway/bluesky").digest()
    return (int.from_bytes(digest[:2], "big") + attempt) % CLOCK_IDS


def tid(microseconds: int, clock: int) -> str:
    """Write a time and a clock id as a TID.

    Raises:
        ValueError: the time does not fit 53 bits or the clock id 10.
    """
    if not (0 <= microseconds < 1 << 53 and 0 <= clock < CLOCK_IDS):
        raise ValueError("a TID holds 53 bits of microseconds and 10 bits of clock id")
    value = microseconds << 10 | clock
    return "".join(ALPHABET[value >> shift & 31] for shift in range(60, -1, -5))


def record_key(posted_at: datetime, ordinal: int, *, part: int = 0, attempt: int = 0) -> str:
    """The rkey of one part of one post, the same at every destination."""
    return tid(micros(posted_at, ordinal, part), clock_id(attempt))


def created_at(posted_at: datetime, ordinal: int, part: int = 0) -> str:
    """The `createdAt` of a record: the original date, in the form every server accepts.

    Milliseconds carry the ordinal and the part, so that app views, which sort by `createdAt`,
    keep the order of posts made in one second.
    """
    moment = posted_at.replace(microsecond=0) + timedelta(milliseconds=ordinal + part)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

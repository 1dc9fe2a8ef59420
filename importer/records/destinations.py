"""The destinations there are, and what several of them take and write together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from importer.model import Limits, Post, Record, ServerLimits, Trouble
from importer.records import bluesky, spark
from importer.records.cid import record_cid
from importer.records.destination import Bounds, Destination, Draft, Twin, Uploaded, uri
from importer.records.keys import record_key
from importer.records.style import Style

_ALL: tuple[Destination, ...] = (bluesky, spark)
DESTINATIONS: dict[str, Destination] = {one.NAME: one for one in _ALL}
"""By name, in the order in which the records of a post are drafted: later ones know the CIDs of
the earlier."""
USUAL = (bluesky.NAME,)
"""Where posts go for those who choose nothing."""
# Files end with a whole frame or packet of sound, a little after the time they were cut at.
_TOLERANCE_SECONDS = 0.5


def named(names: Iterable[str]) -> tuple[Destination, ...]:
    """Destinations by name, in the order of `DESTINATIONS`."""
    wanted = set(names)
    return tuple(one for name, one in DESTINATIONS.items() if name in wanted)


def collections(destinations: Iterable[Destination]) -> tuple[str, ...]:
    """Every collection that these destinations write."""
    return tuple(name for one in destinations for name in (one.COLLECTION, *one.GATES))


def limits(server: ServerLimits, destinations: Iterable[Destination]) -> Limits:
    """What all of these destinations take on a server.

    Of the lengths it is the longest: a file can be made smaller for all, but no post is made
    shorter because of another destination. See `too_much`.
    """
    bounds = [one.bounds(server.version) for one in destinations]
    return Limits(
        blob_bytes=server.blob_bytes,
        video_bytes=min(one.video_bytes for one in bounds),
        video_seconds=max(one.video_seconds for one in bounds),
        image_bytes=min(one.image_bytes for one in bounds),
        photos=min(one.photos for one in bounds),
        source=server.source,
    )


def too_much(destination: Destination, seconds: float, largest: int = 0) -> Trouble | None:
    """Why a destination is left out of a post that others show as it is; `None` if it is not.

    Args:
        destination: the destination.
        seconds: the longest of the videos; 0 for photos.
        largest: the bytes of the largest file, 0 if it is not known yet.
    """
    bounds: Bounds = destination.bounds(None)
    if seconds > bounds.video_seconds + _TOLERANCE_SECONDS:
        return Trouble(
            "too_long",
            f"{destination.TITLE} shows videos of up to {bounds.video_seconds / 60:.0f} minutes, "
            "and this one is longer elsewhere.",
            "To have it there in parts, give it an archive of its own: tokaway run EXPORT "
            f"--archive DIR --destination {destination.NAME}",
        )
    most = bounds.video_bytes if seconds else bounds.image_bytes
    if largest > most:
        return Trouble(
            "too_large",
            f"{destination.TITLE} takes such files of up to {most / 1e6:.0f} MB, and this one is "
            "larger elsewhere.",
            "To have it there made smaller, give it an archive of its own: tokaway run EXPORT "
            f"--archive DIR --destination {destination.NAME}",
        )
    return None


def draft_all(
    post: Post,
    attempts: Mapping[str, int],
    media: Sequence[Uploaded],
    did: str,
    style: Style,
    *,
    is_video: bool,
    standing: Iterable[Record] = (),
) -> list[Draft]:
    """The records of a post at several destinations, with the links between them.

    Args:
        post: the TikTok post.
        attempts: by destination, which of the post's keys to use.
        media: what it shows, the same everywhere.
        did: the account.
        style: what the user chose.
        is_video: whether videos or photos are shown.
        standing: records of the post that are on the server already, at other destinations.
    """
    keys = {
        name: record_key(post.posted_at, post.ordinal, attempt=attempt)
        for name, attempt in attempts.items()
    }
    cids: dict[str, str] = {}
    for record in standing:
        if record.part == 0 and record.collection == DESTINATIONS[record.destination].COLLECTION:
            keys[record.destination], cids[record.destination] = record.rkey, record.cid
    written: list[Draft] = []
    for one in named(attempts):
        twins = [
            Twin(
                uri(did, other.COLLECTION, keys[other.NAME]),
                cids.get(other.NAME),
                other.link(did, keys[other.NAME]),
            )
            for other in named(keys)
            if other.NAME != one.NAME
        ]
        own = one.drafts(
            post,
            media,
            did,
            style,
            is_video=is_video,
            attempt=attempts[one.NAME],
            twins=twins,
        )
        cids[one.NAME] = record_cid(own[0].value)
        written += own
    return written

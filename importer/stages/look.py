"""Look: whether an app view shows posts as they were written, and their videos play there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum, auto

from importer.model import DOES_NOT_PLAY, NOT_SHOWN, Record, Trouble
from importer.pds.appview import AT_ONCE, SHOWN, AppView, Shown
from importer.step import Step

ENCODED = "Tokaway encoded it already."
USUAL_HINT = (
    "Is the account's e-mail address confirmed, and its daily number of videos not used up? Then "
    "take the post back (tokaway undo ARCHIVE POST) and publish it again another day, or by a "
    "video service, which says what is wrong (--upload service)."
)


class Seen(IntEnum):
    """What was seen of a post; of several parts what is worst counts."""

    PLAYS = auto()
    UNKNOWN = auto()
    """Nothing that says that it plays, or that it does not."""
    ABSENT = auto()
    """It is not shown (yet)."""
    MUTE = auto()
    """It is shown, and its playlist is not there (yet)."""


def look(posts: Mapping[str, Sequence[Record]], appview: AppView, step: Step) -> dict[str, Seen]:
    """What is seen of posts with these records, by their names; those shown elsewhere are left out.

    Raises:
        XrpcError: the app view refuses to tell.
        TryLater: it could not answer.
        Stopped: the step was told to stop.
    """
    records = {
        name: [record for record in own if record.collection == SHOWN]
        for name, own in posts.items()
    }
    uris = [record.uri for own in records.values() for record in own]
    shown: dict[str, Shown] = {}
    for at in range(0, len(uris), AT_ONCE):
        step.check()
        shown |= appview.shown(uris[at : at + AT_ONCE])
    return {
        name: max(_seen(record, shown.get(record.uri), appview, step) for record in own)
        for name, own in records.items()
        if own
    }


def does_not_play(host: str) -> Trouble:
    """A video does not play, and may do so later."""
    return Trouble(
        DOES_NOT_PLAY,
        f"{host} shows the post, but its video does not play.",
        "New videos may take an hour. To publish it again with its video encoded anew: "
        "tokaway verify ARCHIVE --repair",
    )


def never_plays(host: str, why: str, hint: str = USUAL_HINT) -> Trouble:
    """A video does not play, and will not do so by itself."""
    text = f"{host} shows the post, but its video does not play. {why}"
    return Trouble(DOES_NOT_PLAY, text, hint)


def not_shown(host: str) -> Trouble:
    """A post is not to be seen."""
    return Trouble(
        NOT_SHOWN,
        f"{host} does not show the post yet.",
        "New posts may take an hour: tokaway verify ARCHIVE looks again.",
    )


def _seen(record: Record, shown: Shown | None, appview: AppView, step: Step) -> Seen:
    if shown is None:
        return Seen.ABSENT
    # An app view may still show what stood under the key before.
    if not shown.playlist or shown.cid not in (record.cid, None):
        return Seen.UNKNOWN
    step.check()
    plays = appview.plays(shown.playlist)
    if plays is None:
        return Seen.UNKNOWN
    return Seen.PLAYS if plays else Seen.MUTE

"""When an app view is asked about a video again, and when its answer is the last. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto

from importer.archive.looks import Look
from importer.stages.look import Seen

# Measured by others: a video that can be taken in plays within a minute of its post.
FIRST = timedelta(minutes=1)
# A post that is not shown after a week will not be.
LAST = timedelta(days=7)


class Verdict(Enum):
    """What needs no further look."""

    PLAYS = auto()
    MUTE = auto()
    NOT_SHOWN = auto()
    UNKNOWN = auto()


def first_look(published_at: datetime, patience: timedelta) -> datetime:
    """When a post is looked at for the first time."""
    return published_at + min(FIRST, patience)


def judge(look: Look, seen: Seen, now: datetime, patience: timedelta) -> Look | Verdict:
    """What was seen of a post: the last word on it, or when to look again.

    Each wait is as long as all before it, so that a week is some fourteen looks. A video is mute
    when the app view shows its post and still has no playlist once `patience` has gone by since
    it first did so: neither a slow index nor a slow encoder is taken for a refusal.
    """
    if seen is Seen.PLAYS:
        return Verdict.PLAYS
    age = max(now - look.since, min(FIRST, patience))
    if seen is Seen.MUTE:
        since = look.mute_since or now
        if now - since >= patience:
            return Verdict.MUTE
        return replace(look, mute_since=since, next_at=min(now + age, since + patience))
    if age >= LAST:
        return Verdict.NOT_SHOWN if seen is Seen.ABSENT else Verdict.UNKNOWN
    return replace(look, next_at=now + age)

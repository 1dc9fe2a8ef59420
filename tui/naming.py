"""What the words of the archive are called on the screens."""

from __future__ import annotations

from importer.model import Kind, Milestone, Privacy
from importer.selection import State
from tui.language import _


def kind_name(kind: Kind) -> str:
    """What a post shows."""
    return {Kind.VIDEO: _("video"), Kind.PHOTO: _("photos")}[kind]


def privacy_name(privacy: Privacy) -> str:
    """Who could see a post on TikTok."""
    return {
        Privacy.EVERYONE: _("everyone"),
        Privacy.FRIENDS: _("friends"),
        Privacy.ONLY_YOU: _("only you"),
        Privacy.UNKNOWN: _("unknown"),
    }[privacy]


def label_name(label: str) -> str:
    """What a content label warns of."""
    return {
        "sexual": _("suggestive"),
        "nudity": _("nudity"),
        "porn": _("for adults only"),
        "graphic-media": _("graphic"),
        "!no-unauthenticated": _("only for those who are signed in"),
    }.get(label, label)


def milestone_name(milestone: Milestone) -> str:
    """Where a post stands, with a sign of its own."""
    return {
        Milestone.FOUND: _("○ waiting"),
        Milestone.FETCHED: _("○ fetched"),
        Milestone.PREPARED: _("● ready"),
        Milestone.PUBLISHED: _("✓ published"),
        Milestone.VERIFIED: _("✓ checked"),
        Milestone.SKIPPED: _("- left out"),
        Milestone.FAILED: _("! failed"),
    }[milestone]


def state_name(state: State) -> str:
    """Where posts stand, as people ask for it."""
    return {
        State.WAITING: _("waiting"),
        State.PUBLISHED: _("published"),
        State.LEFT_OUT: _("left out"),
        State.FAILED: _("failed"),
    }[state]


def length(seconds: float) -> str:
    """How long a video is: `1:05`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def count(number: int) -> str:
    """A number in the width of six letters: `1,030`, `10.3k`, `1.2M`."""
    if number < 10_000:
        return f"{number:,}"
    if number < 1_000_000:
        return f"{number / 1000:.1f}k" if number < 100_000 else f"{number // 1000}k"
    return f"{number / 1_000_000:.1f}M"

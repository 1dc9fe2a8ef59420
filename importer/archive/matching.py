"""Which post of an export is which post of the archive, and which posts a rule leaves out. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from importer.model import ExportPost, Post, Privacy, Trouble


def match_posts(
    found: Sequence[ExportPost], known: Sequence[Post]
) -> tuple[list[tuple[ExportPost, Post]], list[tuple[ExportPost, int]]]:
    """Pair the posts of an export with those of the archive.

    Posts of one second are paired by the object their links lead to, then by ordinal: an
    object keeps its name while a deleted neighbour moves every ordinal.

    Returns:
        The pairs, and the new posts with the ordinal each is to have for ever.
    """
    seconds: defaultdict[datetime, list[Post]] = defaultdict(list)
    for post in known:
        seconds[post.posted_at].append(post)
    pairs: list[tuple[ExportPost, Post]] = []
    new: list[tuple[ExportPost, int]] = []
    unmatched: list[ExportPost] = []
    for exported in sorted(found, key=lambda post: (post.posted_at, post.ordinal)):
        keys = {link.key for link in exported.links}
        same = [
            post for post in seconds[exported.posted_at] if keys & {link.key for link in post.links}
        ]
        if same:
            pairs.append((exported, same[0]))
            seconds[exported.posted_at].remove(same[0])
        else:
            unmatched.append(exported)
    late = {exported.posted_at for exported in unmatched}
    taken: defaultdict[datetime, set[int]] = defaultdict(set)
    for post in known:
        if post.posted_at in late:
            taken[post.posted_at].add(post.ordinal)
    for exported in unmatched:
        same = [post for post in seconds[exported.posted_at] if post.ordinal == exported.ordinal]
        if same:
            pairs.append((exported, same[0]))
            seconds[exported.posted_at].remove(same[0])
            continue
        ordinals = taken[exported.posted_at]
        ordinal = exported.ordinal
        while ordinal in ordinals:
            ordinal += 1
        ordinals.add(ordinal)
        new.append((exported, ordinal))
    return pairs, new


def reason_to_skip(privacy: Privacy) -> Trouble | None:
    """Why a post is left out unless the user says otherwise, `None` if it is chosen."""
    if privacy == Privacy.EVERYONE:
        return None
    if privacy == Privacy.UNKNOWN:
        who = "The export does not say who could see it"
    elif privacy == Privacy.FRIENDS:
        who = "Only your friends could see it"
    else:
        who = "Only you could see it"
    return Trouble(
        "private",
        f"{who} on TikTok; everything on the AT Protocol is public.",
        "To publish it all the same: tokaway run … --include-private",
    )

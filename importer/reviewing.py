"""What a run will send, in all and post by post, as far as it can be seen before. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import mean

from importer.model import Action, Kind, LinkKind, MediaFile, Milestone, Photos, Post, Role
from importer.plans import Plan
from importer.records.cid import blob_cid
from importer.records.destination import Draft, Uploaded
from importer.records.destinations import DESTINATIONS, draft_all
from importer.stages.uploads import type_of

# Stands in a record for what is known only when the file is there, or the account.
_NO_FILE = MediaFile(Role.PREPARED, "", 0, "0" * 64, 9, 16, 0.0, "")
_VIDEO = "video/mp4"
_NOBODY = "did:plc:not-signed-in"


@dataclass(frozen=True, slots=True)
class Sending:
    """What is to be sent: `bytes` of the files at hand; those of `not_here` posts are unknown.

    `room` is what the disk will need for them, guessed by those at hand; `None` if none is.
    """

    posts: int
    files: int
    bytes: int
    not_here: int
    room: int | None


def sending(plan: Plan) -> Sending:
    """What a plan comes to."""
    sizes: list[int] = []
    files = not_here = 0
    for post in plan.waiting:
        known = _files(plan, post)
        files += _shown(plan, post)[0]
        if known:
            sizes.append(sum(file.bytes for file in known))
        else:
            not_here += 1
    usual = mean(sizes) if sizes else None
    # Besides the originals, copies of those that are prepared and wait.
    copies = min(plan.settings.buffer, len(plan.waiting))
    room = None if usual is None else round(usual * (not_here + copies))
    return Sending(len(plan.waiting), files, sum(sizes), not_here, room)


def prepared(plan: Plan) -> list[Post]:
    """The posts of a plan that could be sent at once."""
    return [post for post in plan.waiting if post.milestone is Milestone.PREPARED]


def records_of(plan: Plan, post: Post) -> list[Draft]:
    """The posts that one TikTok post becomes at each destination.

    All is as it will be written but for the files: where they are not prepared yet, the number of
    parts is what is foreseen, and size and hash stand for those to come.
    """
    number, is_video = _shown(plan, post)
    known = _files(plan, post)
    files = [known[at] if at < len(known) else _NO_FILE for at in range(number)]
    media = [_uploaded(file, is_video=is_video) for file in files]
    did = plan.summary.account.did if plan.summary.account else _NOBODY
    attempts = dict.fromkeys(plan.aims, 0)
    written = draft_all(post, attempts, media, did, plan.style, is_video=is_video)
    return [
        draft for draft in written if draft.collection == DESTINATIONS[draft.destination].COLLECTION
    ]


def _files(plan: Plan, post: Post) -> tuple[MediaFile, ...]:
    known = plan.files.get(post.id, {})
    return tuple(known.get(Role.PREPARED) or known.get(Role.ORIGINAL) or ())


def _is_prepared(plan: Plan, post: Post) -> bool:
    return bool(plan.files.get(post.id, {}).get(Role.PREPARED))


def _shown(plan: Plan, post: Post) -> tuple[int, bool]:
    """How many videos or photos a post will show, and whether it is videos."""
    known = _files(plan, post)
    if _is_prepared(plan, post):
        return len(known), type_of(known[0]) == _VIDEO
    if post.kind is Kind.VIDEO:
        foreseen = plan.foreseen.get(post.id)
        is_split = foreseen is not None and foreseen.action is Action.SPLIT and known
        return (math.ceil(known[0].seconds / plan.limits.video_seconds) if is_split else 1), True
    wish = post.photos or plan.settings.photos
    if wish is Photos.VIDEO:
        return 1, True
    links = sum(link.kind is LinkKind.IMAGE for link in post.links)
    number = len(known) or max(1, links)
    return (min(number, plan.limits.photos) if wish is Photos.FIRST else number), False


def _uploaded(file: MediaFile, *, is_video: bool) -> Uploaded:
    blob = {
        "$type": "blob",
        "ref": {"$link": blob_cid(bytes.fromhex(file.sha256))},
        "mimeType": _VIDEO if is_video else type_of(file),
        "size": file.bytes,
    }
    return Uploaded(blob, file.width, file.height)

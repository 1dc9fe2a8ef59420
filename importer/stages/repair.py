"""Repair: send files again that a server has lost, or others that can be played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from importer.model import MediaFile, Record, Role
from importer.pds.repo import Repo
from importer.pds.xrpc import XrpcError
from importer.records.cid import blob_cid
from importer.stages.prepare import prepare
from importer.stages.tools import Job, Tools
from importer.stages.undo import Undone, undo
from importer.stages.uploads import type_of
from importer.step import Step


def send_files(
    records: Sequence[Record],
    files: Mapping[Role, Sequence[MediaFile]],
    archive: Path,
    repo: Repo,
    step: Step,
) -> bool:
    """Upload what is missing of a post's files.

    A server keeps such a file at once, because a record refers to it already (measured).

    Returns:
        Whether all files can be read from the server now.

    Raises:
        Refused, TryLater, SignInNeeded, Stopped: as `Repo.upload_blob` does.
    """
    at_hand = {blob_cid(bytes.fromhex(f.sha256)): f for own in files.values() for f in own}
    is_whole = True
    # The same file is shown at each destination.
    for cid in dict.fromkeys(cid for record in records for cid in record.blob_cids):
        if _is_there(cid, repo):
            continue
        file = at_hand.get(cid)
        if file and (archive / file.path).is_file():
            repo.upload_blob(archive / file.path, type_of(file), step)
        is_whole = is_whole and _is_there(cid, repo)
    return is_whole


@dataclass(frozen=True, slots=True)
class WayMade:
    """What became of a post's records, and the files to publish it again with."""

    undone: Undone
    files: tuple[MediaFile, ...]


def make_way(job: Job, tools: Tools, step: Step) -> WayMade:
    """Encode the video of a published post anew, and then only delete its records.

    They are written again under their keys as those of any prepared post are: nothing is deleted
    while there would be no room for that. It may be repeated after any doubt: records that are gone
    already are no hindrance.

    Raises:
        FileGone: the original is no longer there.
        Refused: it cannot be encoded.
        XrpcError: the server refuses to delete the records.
        TryLater: a budget has no room; or as `prepare` and `undo` do, and so `SignInNeeded` and
            `Stopped`.
    """
    records, files = len(job.records), sum(map(len, job.files.values()))
    tools.budget.check_room(records=records, files=files)
    made = prepare(replace(job, post=replace(job.post, encode=True)), tools, step)
    tools.budget.check_room(records=records, files=len(made.files))
    step.check()
    return WayMade(undo(job.records, tools.repo), made.files)


def _is_there(cid: str, repo: Repo) -> bool:
    try:
        digest, _ = repo.blob_sha256(cid)
    except XrpcError:
        return False
    return blob_cid(digest) == cid

"""Repair: send the files again that a server has lost, where the archive still has the bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from importer.model import MediaFile, Record, Role
from importer.pds.repo import Repo
from importer.pds.xrpc import XrpcError
from importer.records.cid import blob_cid
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


def _is_there(cid: str, repo: Repo) -> bool:
    try:
        digest, _ = repo.blob_sha256(cid)
    except XrpcError:
        return False
    return blob_cid(digest) == cid

"""Verify: a post's record and blob are on the PDS, intact and with the right date."""

from __future__ import annotations

from importer.model import Post, Record, Trouble
from importer.pds.repo import PublicRepo
from importer.pds.xrpc import XrpcError
from importer.records.bluesky import blob_cids, is_record_of
from importer.records.cid import blob_cid

_HINT = "If you deleted it yourself, all is well."


def verify(post: Post, record: Record, repo: PublicRepo) -> Trouble | None:
    """Compare what the server shows to everybody with what the archive noted.

    Returns:
        What is wrong, `None` if nothing is.

    Raises:
        TryLater: the server could not answer.
    """
    try:
        stored = repo.record(record.collection, record.rkey)
    except XrpcError as refusal:
        return Trouble(
            "record_hidden",
            f"{repo.server.host} does not show {record.uri} ({refusal}).",
            "Is the account active, and is this its server?",
        )
    if stored is None:
        return Trouble("record_missing", f"{record.uri} is no longer on the server.", _HINT)
    if stored.cid != record.cid:
        return Trouble(
            "record_changed",
            f"{record.uri} is not the record that was published.",
            "If you edited it with another app, all is well.",
        )
    if not is_record_of(stored.value, post, record.part):
        return Trouble("wrong_date", f"{record.uri} does not carry the original date.", "")
    for cid in blob_cids(stored.value):
        try:
            digest, _ = repo.blob_sha256(cid)
        except XrpcError:
            return Trouble("blob_missing", f"A file of {record.uri} is not on the server.", "")
        if blob_cid(digest) != cid:
            return Trouble("blob_damaged", f"A file of {record.uri} is damaged.", "")
    return None

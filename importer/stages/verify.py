"""Verify: a post's records and files are on the PDS, intact and with the right date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from importer.model import Post, Record, Trouble
from importer.pds.repo import PublicRepo
from importer.pds.snapshot import Key, Snapshot
from importer.pds.xrpc import XrpcError
from importer.records.bluesky import COLLECTION, is_gate_of, is_record_of
from importer.records.cid import blob_cid

BLOB_TROUBLES = frozenset({"blob_missing", "blob_damaged"})


def compare(
    posts: Mapping[str, Post], records: Sequence[Record], snapshot: Snapshot
) -> dict[Key, Trouble]:
    """What of these records is not in the account as it was noted, by collection and key.

    Raises:
        CarError: the snapshot is damaged.
    """
    noted = {(record.collection, record.rkey): record for record in records}
    found = snapshot.find(noted)
    wrong = {
        key: _missing(record) if key not in found else _changed(record)
        for key, record in noted.items()
        if found.get(key) != record.cid
    }
    keys: dict[str, list[Key]] = {}
    for key, cid in found.items():
        if key not in wrong:
            keys.setdefault(cid, []).append(key)
    for cid, value in snapshot.records(keys):
        for key in keys[cid]:
            record = noted[key]
            if key[0] != COLLECTION:
                own = record.uri.replace(record.collection, COLLECTION)
                is_right = is_gate_of(value, record.collection, own)
            else:
                is_right = is_record_of(value, posts[record.post], record.part)
            if not is_right:
                text = f"{record.uri} does not carry the original date."
                wrong[key] = Trouble("wrong_date", text, "")
    return wrong


def check_files(record: Record, repo: PublicRepo) -> Trouble | None:
    """Read every file of a record as everybody can, and compare it with its CID.

    Raises:
        TryLater: the server could not answer.
    """
    for cid in record.blob_cids:
        try:
            digest, _ = repo.blob_sha256(cid)
        except XrpcError:
            return Trouble(
                "blob_missing",
                f"A file of {record.uri} is not on the server.",
                "To send it again: tokaway verify ARCHIVE --repair",
            )
        if blob_cid(digest) != cid:
            return Trouble(
                "blob_damaged",
                f"A file of {record.uri} is damaged.",
                "Take the post back (tokaway undo ARCHIVE POST) and publish it again.",
            )
    return None


def _missing(record: Record) -> Trouble:
    return Trouble(
        "record_missing",
        f"{record.uri} is no longer on the server.",
        "If you deleted it yourself, all is well; to publish it again: tokaway verify --repair",
    )


def _changed(record: Record) -> Trouble:
    return Trouble(
        "record_changed",
        f"{record.uri} is not the record that was published.",
        "If you edited it with another app, all is well.",
    )

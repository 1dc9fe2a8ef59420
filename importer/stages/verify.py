"""Verify: a post's records and files are on the PDS, intact and with the right date."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from importer.errors import Refused
from importer.media.probe import probe
from importer.model import NOT_WHOLE, MediaFile, Post, Record, Trouble
from importer.pds.repo import PublicRepo
from importer.pds.snapshot import Key, Snapshot
from importer.pds.xrpc import XrpcError
from importer.records.cid import blob_cid
from importer.records.destinations import DESTINATIONS

# How much longer or shorter an encoded video may be.
_LENGTH_SECONDS, _LENGTH_SHARE = 0.5, 0.01
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
            destination = DESTINATIONS[record.destination]
            if not destination.is_ours(value, record.uri, posts[record.post], record.part):
                wrong[key] = Trouble(
                    "wrong_date", f"{record.uri} does not carry the original date."
                )
    return wrong


def check_made(
    records: Sequence[Record], sent: Sequence[MediaFile], repo: PublicRepo, archive: Path
) -> Trouble | None:
    """Read back what a video service made of the files of a video that were `sent`, if it did.

    What goes up as it is has its own CID, and nobody can have changed it. The content is kept in
    the archive's folder of the post while it is looked at.

    Raises:
        TryLater: the server could not answer.
    """
    known = _cids(sent)
    for record in records:
        if record.blob_cids and record.blob_cids[0] not in known:
            folder = (archive / sent[0].path).parent
            if trouble := check_files(
                replace(record, blob_cids=record.blob_cids[:1]), repo, sent, folder
            ):
                return trouble
            known.add(record.blob_cids[0])
    return None


def check_files(
    record: Record,
    repo: PublicRepo,
    sent: Sequence[MediaFile] = (),
    folder: Path | None = None,
) -> Trouble | None:
    """Read every file of a record as everybody can, and compare it with its CID.

    A video that is none of the files that were `sent` was encoded by a video service: it must play,
    and last as long. It is kept in a `folder` meanwhile, else in the system's own.

    Raises:
        TryLater: the server could not answer.
    """
    video = next((file for file in sent if file.part == record.part), None)
    known = _cids(sent)
    for place, cid in enumerate(record.blob_cids):
        is_made = video is not None and video.seconds > 0 and place == 0 and cid not in known
        try:
            if is_made and video:
                digest, seconds = _read(cid, repo, folder)
            else:
                (digest, _), seconds = repo.blob_sha256(cid), None
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
        if is_made and video and not _lasts(seconds, video.seconds):
            return Trouble(
                NOT_WHOLE,
                f"What the video service made of {record.uri} is not the whole video.",
                "To publish it again, encoded anew: tokaway verify ARCHIVE --repair",
            )
    return None


def _cids(files: Sequence[MediaFile]) -> set[str]:
    return {blob_cid(bytes.fromhex(file.sha256)) for file in files}


def _read(cid: str, repo: PublicRepo, folder: Path | None) -> tuple[bytes, float | None]:
    """The digest of a video on the server, and its length in seconds; `None` if it is none."""
    handle, name = tempfile.mkstemp(dir=folder, prefix="published.", suffix=".part")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as content:
            digest, _ = repo.blob_sha256(cid, content)
        try:
            return digest, probe(path).seconds
        except Refused:
            return digest, None
    finally:
        path.unlink(missing_ok=True)


def _lasts(seconds: float | None, wanted: float) -> bool:
    return seconds is not None and abs(seconds - wanted) <= max(
        _LENGTH_SECONDS, wanted * _LENGTH_SHARE
    )


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

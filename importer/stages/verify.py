"""Verify: a post's records and files are on the PDS, intact and with the right date."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from importer.errors import Refused
from importer.media.probe import probe
from importer.model import MediaFile, Post, Record, Trouble
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


def check_files(record: Record, repo: PublicRepo, sent: Sequence[MediaFile] = ()) -> Trouble | None:
    """Read every file of a record as everybody can, and compare it with its CID.

    A video that is none of the files that were `sent` was encoded by a video service: it must play,
    and last as long.

    Raises:
        TryLater: the server could not answer.
    """
    video = next((file for file in sent if file.part == record.part), None)
    known = {blob_cid(bytes.fromhex(file.sha256)) for file in sent}
    for place, cid in enumerate(record.blob_cids):
        is_made = video is not None and video.seconds > 0 and place == 0 and cid not in known
        try:
            if is_made and video:
                digest, seconds = _read(cid, repo)
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
                "wrong_video",
                f"What the video service made of {record.uri} is not the whole video.",
                "Take the post back (tokaway undo ARCHIVE POST) and publish it again.",
            )
    return None


def _read(cid: str, repo: PublicRepo) -> tuple[bytes, float | None]:
    """The digest of a video on the server, and its length in seconds; `None` if it is none."""
    with tempfile.TemporaryDirectory(prefix="tokaway-") as folder:
        path = Path(folder, "video.mp4")
        with path.open("wb") as content:
            digest, _ = repo.blob_sha256(cid, content)
        try:
            return digest, probe(path).seconds
        except Refused:
            return digest, None


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

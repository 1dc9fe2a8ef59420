"""Publish: have the post's record on the PDS, once, under the key derived from the post."""

from __future__ import annotations

from pathlib import Path

from importer.errors import Refused, TryLater
from importer.model import MediaFile, Post, Record, Role
from importer.pds.repo import BlobMissing, KeyRefused, KeyTaken, StoredRecord
from importer.records.bluesky import COLLECTION, DESTINATION, blob_cids, is_record_of, video_record
from importer.records.cid import blob_cid
from importer.records.keys import record_key
from importer.stages.place import is_in_place
from importer.stages.tools import FileGone, Job, Published, Tools
from importer.step import Step

KEYS_TO_TRY = 8
_MP4 = "video/mp4"


def publish(job: Job, tools: Tools, step: Step) -> Published:
    """Upload the prepared file and write the record that shows it.

    The key is looked at before anything is uploaded: an interrupted run, or a lost archive,
    may have left the record there. A record of somebody else under the key makes us take the
    next one.

    Raises:
        FileGone: the prepared file is no longer there.
        Refused: the server takes the file or the record under no circumstances.
        TryLater: the server could not take it now.
        SignInNeeded: the session cannot be renewed.
        Stopped: the step was told to stop.
    """
    post = job.post
    file = job.files.get(Role.PREPARED)
    if file is None or not is_in_place(job.archive, file):
        raise FileGone
    for attempt in range(KEYS_TO_TRY):
        rkey = record_key(post.posted_at, post.ordinal, DESTINATION, attempt=attempt)
        found = tools.repo.record(COLLECTION, rkey)
        try:
            if found is None:
                return _write(post, rkey, file, job.archive / file.path, tools, step)
        except KeyRefused:
            continue
        except KeyTaken:
            # Written between our look and our write: by another run of ours, or by others.
            found = tools.repo.record(COLLECTION, rkey)
        if found and is_record_of(found.value, post):
            return Published(record_of(post, found, tools), found=True)
    raise Refused(
        f"{KEYS_TO_TRY} keys for this post are taken by other posts of the account.",
        hint="Report this: it should never happen.",
        code="no_free_key",
    )


def _write(
    post: Post, rkey: str, file: MediaFile, path: Path, tools: Tools, step: Step
) -> Published:
    blob = tools.repo.upload_blob(path, _MP4, step)
    step.check()
    if blob["ref"]["$link"] != blob_cid(bytes.fromhex(file.sha256)):
        raise Refused(
            f"{file.path} has changed since it was prepared, so it was not published.",
            hint="Delete that file, then: tokaway retry ARCHIVE",
            code="file_changed",
        )
    record = video_record(post, blob, file.width, file.height)
    try:
        stored = tools.repo.create(COLLECTION, rkey, record)
    except BlobMissing as missing:
        raise TryLater(
            "The server dropped the uploaded file before its post was written.",
            hint="Tokaway uploads it again by itself.",
            code="blob_missing",
        ) from missing
    return Published(record_of(post, stored, tools), found=False)


def record_of(post: Post, stored: StoredRecord, tools: Tools) -> Record:
    """What the archive remembers of a record on the server."""
    return Record(
        post=post.id,
        did=tools.account.did,
        destination=DESTINATION,
        collection=COLLECTION,
        rkey=stored.rkey,
        uri=stored.uri,
        cid=stored.cid,
        blob_cids=blob_cids(stored.value),
        published_at=tools.now(),
    )

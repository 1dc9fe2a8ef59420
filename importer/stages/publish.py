"""Publish: have the post's records on the PDS, once, under keys derived from the post."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from importer.errors import Refused, TryLater
from importer.model import MediaFile, Post, Record, Role
from importer.pds.repo import BlobMissing, KeyRefused, KeyTaken, StoredRecord
from importer.records.bluesky import (
    COLLECTION,
    DESTINATION,
    MOST_IN_GALLERY,
    Uploaded,
    blob_cids,
    drafts,
    is_record_of,
)
from importer.records.cid import blob_cid
from importer.records.keys import record_key
from importer.stages.place import in_place
from importer.stages.tools import FileGone, Job, Published, Tools
from importer.step import Step

KEYS_TO_TRY = 8
MOST_PARTS = 50
_VIDEO = "video/mp4"
# By what is in a file: originals that are sent as they are may have any name.
_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "webvtt": "text/vtt",
}

# Videos or photos of one record, with the captions of each.
Parts = list[list[tuple[MediaFile, list[MediaFile]]]]


def publish(job: Job, tools: Tools, step: Step) -> Published:
    """Upload the prepared files and write the records that show them.

    The keys are looked at before anything is uploaded: an interrupted run, or a lost archive,
    may have left the records there. All records of a post are written in one go, so that the
    first stands for all. Records of somebody else under the keys make us take the next ones.

    Raises:
        FileGone: a prepared file is no longer there.
        Refused: the server takes a file or record under no circumstances.
        TryLater: the server could not take it now.
        SignInNeeded: the session cannot be renewed.
        Stopped: the step was told to stop.
    """
    post = job.post
    prepared, captions = job.files.get(Role.PREPARED, ()), job.files.get(Role.CAPTIONS, ())
    if not in_place(job.archive, prepared) or (captions and not in_place(job.archive, captions)):
        raise FileGone
    is_video = _type(prepared[0]) == _VIDEO
    parts = _parts(prepared, captions, is_video=is_video)
    uploaded: list[list[Uploaded]] | None = None
    for attempt in range(KEYS_TO_TRY):
        rkey = _key(post, attempt)
        found = tools.repo.record(COLLECTION, rkey)
        if found is None and _is_any_taken(post, len(parts), attempt, tools):
            # Another run of ours may have written all of them between the two looks.
            found = tools.repo.record(COLLECTION, rkey)
        elif found is None:
            if uploaded is None:
                uploaded = [[_upload(job, *one, tools, step) for one in part] for part in parts]
                step.check()
            try:
                return _write(post, uploaded, tools, is_video=is_video, attempt=attempt)
            except KeyRefused:
                continue
            except KeyTaken:
                # Written between our look and our write: by another run of ours, or by others.
                found = tools.repo.record(COLLECTION, rkey)
        if found and is_record_of(found.value, post):
            return Published(_found(post, found, attempt, tools), found=True)
    raise Refused(
        f"{KEYS_TO_TRY} keys for this post are taken by other posts of the account.",
        hint="Report this: it should never happen.",
        code="no_free_key",
    )


def record_of(post: Post, stored: StoredRecord, tools: Tools, part: int = 0) -> Record:
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
        part=part,
    )


def _key(post: Post, attempt: int, part: int = 0) -> str:
    return record_key(post.posted_at, post.ordinal, DESTINATION, part=part, attempt=attempt)


def _type(file: MediaFile) -> str:
    return _TYPES.get(file.codecs, _VIDEO)


def _parts(
    prepared: Sequence[MediaFile], captions: Sequence[MediaFile], *, is_video: bool
) -> Parts:
    of_each = [(file, [told for told in captions if told.part == file.part]) for file in prepared]
    at_once = 1 if is_video else MOST_IN_GALLERY
    return [of_each[at : at + at_once] for at in range(0, len(of_each), at_once)]


def _is_any_taken(post: Post, parts: int, attempt: int, tools: Tools) -> bool:
    """Whether a record sits under the key of a later part: ours may not be torn apart."""
    return any(tools.repo.record(COLLECTION, _key(post, attempt, at)) for at in range(1, parts))


def _found(post: Post, first: StoredRecord, attempt: int, tools: Tools) -> tuple[Record, ...]:
    """The records of a post whose first one is there; the user may have deleted later ones."""
    records = [record_of(post, first, tools)]
    for part in range(1, MOST_PARTS):
        stored = tools.repo.record(COLLECTION, _key(post, attempt, part))
        if stored is None or not is_record_of(stored.value, post, part):
            break
        records.append(record_of(post, stored, tools, part))
    return tuple(records)


def _upload(
    job: Job, file: MediaFile, captions: Sequence[MediaFile], tools: Tools, step: Step
) -> Uploaded:
    return Uploaded(
        _blob(job, file, tools, step),
        file.width,
        file.height,
        tuple((told.lang, _blob(job, told, tools, step)) for told in captions),
    )


def _blob(job: Job, file: MediaFile, tools: Tools, step: Step) -> dict[str, Any]:
    blob = tools.repo.upload_blob(job.archive / file.path, _type(file), step)
    if blob["ref"]["$link"] != blob_cid(bytes.fromhex(file.sha256)):
        raise Refused(
            f"{file.path} has changed since it was prepared, so it was not published.",
            hint="Delete that file, then: tokaway retry ARCHIVE",
            code="file_changed",
        )
    return blob


def _write(
    post: Post, uploaded: list[list[Uploaded]], tools: Tools, *, is_video: bool, attempt: int
) -> Published:
    did = tools.account.did
    written = drafts(post, uploaded, did, is_video=is_video, attempt=attempt)
    try:
        if len(written) == 1:
            stored = [tools.repo.create(COLLECTION, written[0].rkey, written[0].value)]
        else:
            stored = tools.repo.create_together(
                COLLECTION, [(draft.rkey, draft.value) for draft in written]
            )
    except BlobMissing as missing:
        raise TryLater(
            "The server dropped the uploaded file before its post was written.",
            hint="Tokaway uploads it again by itself.",
            code="blob_missing",
        ) from missing
    records = (record_of(post, one, tools, part) for part, one in enumerate(stored))
    return Published(tuple(records), found=False)

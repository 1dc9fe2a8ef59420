"""Publish: have the post's records on the PDS, once, under keys derived from the post."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from importer.errors import Refused, TryLater
from importer.model import MediaFile, Post, Record, Role
from importer.pds.repo import BlobMissing, KeyRefused, KeyTaken, StoredRecord
from importer.pds.video_service import NoVideoService
from importer.records.bluesky import (
    COLLECTION,
    DESTINATION,
    MOST_IN_GALLERY,
    POSTGATE,
    THREADGATE,
    Draft,
    Uploaded,
    blob_cids,
    drafts,
    is_gate_of,
    is_record_of,
)
from importer.records.cid import blob_cid
from importer.records.keys import record_key
from importer.stages.place import in_place
from importer.stages.tools import FileGone, Job, Published, Tools
from importer.stages.upload_note import UploadNote
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

    The key is looked at before anything is uploaded, unless the account was just read: an
    interrupted run, or a lost archive, may have left the records there. All records of a post
    are written in one go, so that the first stands for all. Records of somebody else under the
    keys make us take the next ones.

    Raises:
        FileGone: a prepared file is no longer there.
        Refused: the server takes a file or record under no circumstances.
        TryLater: the server could not take it now, or a budget has no room for it.
        SignInNeeded: the session cannot be renewed.
        Stopped: the step was told to stop.
    """
    post = job.post
    prepared, captions = job.files.get(Role.PREPARED, ()), job.files.get(Role.CAPTIONS, ())
    if not in_place(job.archive, prepared) or (captions and not in_place(job.archive, captions)):
        raise FileGone
    draft = _Drafting(job, tools, prepared, captions)
    for attempt in range(KEYS_TO_TRY):
        wanted = draft.records(attempt)
        is_absent = job.is_absent and attempt == 0
        found = None if is_absent else tools.repo.record(COLLECTION, wanted[0].rkey)
        if found is None:
            try:
                draft.look_at_quota()
                with tools.budget.room_for(
                    records=len(wanted), files=draft.files_left, videos=draft.videos_left
                ):
                    draft.upload(step)
                    return _write(post, draft.records(attempt), tools)
            except BlobMissing as missing:
                draft.forget_uploads()
                raise TryLater(
                    "The server dropped the uploaded file before its post was written.",
                    hint="Tokaway uploads it again by itself.",
                    code="blob_missing",
                ) from missing
            except KeyRefused:
                continue
            except KeyTaken:
                # Written between our look and our write: by another run of ours, or by others.
                found = tools.repo.record(COLLECTION, wanted[0].rkey)
        if found and is_record_of(found.value, post):
            ours = blob_cids(found.value) == blob_cids(wanted[0].value)
            return Published(_found(post, found, attempt, tools), found=True, ours=ours)
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
        collection=stored.collection,
        rkey=stored.rkey,
        uri=stored.uri,
        cid=stored.cid,
        blob_cids=blob_cids(stored.value),
        published_at=tools.now(),
        part=part,
    )


class _Drafting:
    """The records of one post, before its files are on the server and after."""

    def __init__(
        self,
        job: Job,
        tools: Tools,
        prepared: Sequence[MediaFile],
        captions: Sequence[MediaFile],
    ) -> None:
        self._job = job
        self._tools = tools
        self._files = (*prepared, *captions)
        self._is_video = type_of(prepared[0]) == _VIDEO
        self._parts = _parts(prepared, captions, is_video=self._is_video)
        self._service = tools.videos if self._is_video else None
        self._blobs = self._uploaded_before()

    @property
    def files_left(self) -> int:
        """How many files are still to be sent straight to the server."""
        return len(self._files) - len(self._blobs) - self.videos_left

    @property
    def videos_left(self) -> int:
        """How many videos are still to be sent by the video service."""
        return sum(file.path not in self._blobs for file in self._videos)

    def look_at_quota(self) -> None:
        """Ask the video service what it still takes today.

        Raises:
            TryLater: nothing.
            Refused: there is no such service, and no other way is allowed.
        """
        if self._service is None or not self.videos_left:
            return
        try:
            quota = self._service.quota()
        except NoVideoService as missing:
            self._go_direct(missing)
            return
        if quota and quota.videos is not None:
            self._tools.budget.learn_videos(quota.videos)

    def forget_uploads(self) -> None:
        """What the video service made is no longer on the server: it must make it anew."""
        for file in self._videos:
            UploadNote(self._job.archive, file).spoil()

    def records(self, attempt: int) -> list[Draft]:
        """The records under one of the post's keys; with blobs as foreseen before the upload."""
        shown = [[self._shown(*one) for one in part] for part in self._parts]
        style, did = self._tools.style, self._tools.account.did
        return drafts(self._job.post, shown, did, style, is_video=self._is_video, attempt=attempt)

    def upload(self, step: Step) -> None:
        """Have every file on the server."""
        for file in self._files:
            if file.path not in self._blobs:
                self._blobs[file.path] = self._uploaded(file, step)
        step.check()

    @property
    def _videos(self) -> list[MediaFile]:
        """What goes by the video service."""
        return [file for file in self._files if self._service and type_of(file) == _VIDEO]

    def _uploaded_before(self) -> dict[str, dict[str, Any]]:
        found = {}
        for file in self._videos:
            note = UploadNote(self._job.archive, file)
            if self._service and (blob := note.read(self._service.host, file.sha256).blob):
                found[file.path] = blob
        return found

    def _go_direct(self, missing: NoVideoService) -> None:
        if not self._tools.may_go_direct:
            raise Refused(
                f"There is no video service at {missing}.",
                hint="Check --video-service, or send videos straight to the server: "
                "--upload direct.",
                code="no_video_service",
            ) from missing
        self._service = None

    def _uploaded(self, file: MediaFile, step: Step) -> dict[str, Any]:
        if self._service and file in self._videos:
            name = f"{self._job.post.id}.{file.part}.mp4"
            note = UploadNote(self._job.archive, file)
            try:
                with note.fresh_copy() as (path, sent):
                    return self._service.upload(path, sent, name, note, step)
            except NoVideoService as missing:
                self._go_direct(missing)
        blob = self._tools.repo.upload_blob(self._job.archive / file.path, type_of(file), step)
        if blob["ref"]["$link"] != _cid(file):
            raise Refused(
                f"{file.path} has changed since it was prepared, so it was not published.",
                hint="Delete that file, then: tokaway retry ARCHIVE",
                code="file_changed",
            )
        return blob

    def _shown(self, file: MediaFile, captions: Sequence[MediaFile]) -> Uploaded:
        told = tuple((one.lang, self._blob(one)) for one in captions)
        return Uploaded(self._blob(file), file.width, file.height, told)

    def _blob(self, file: MediaFile) -> dict[str, Any]:
        foreseen = {
            "$type": "blob",
            "ref": {"$link": _cid(file)},
            "mimeType": type_of(file),
            "size": file.bytes,
        }
        # What the server says counts: it looks at the bytes and may call them something else.
        return self._blobs.get(file.path, foreseen)


def type_of(file: MediaFile) -> str:
    """The MIME type of a prepared file, as servers find it by its bytes."""
    return _TYPES.get(file.codecs, _VIDEO)


def _cid(file: MediaFile) -> str:
    return blob_cid(bytes.fromhex(file.sha256))


def _parts(
    prepared: Sequence[MediaFile], captions: Sequence[MediaFile], *, is_video: bool
) -> Parts:
    of_each = [(file, [told for told in captions if told.part == file.part]) for file in prepared]
    at_once = 1 if is_video else MOST_IN_GALLERY
    return [of_each[at : at + at_once] for at in range(0, len(of_each), at_once)]


def _found(post: Post, first: StoredRecord, attempt: int, tools: Tools) -> tuple[Record, ...]:
    """The records of a post whose first one is there; the user may have deleted later ones."""
    return tuple(
        record_of(post, stored, tools, part)
        for part, stored in _stored(post, first, attempt, tools)
    )


def _stored(
    post: Post, first: StoredRecord, attempt: int, tools: Tools
) -> Iterator[tuple[int, StoredRecord]]:
    for part in range(MOST_PARTS):
        rkey = record_key(post.posted_at, post.ordinal, DESTINATION, part=part, attempt=attempt)
        stored = tools.repo.record(COLLECTION, rkey) if part else first
        if stored is None or not is_record_of(stored.value, post, part):
            return
        yield part, stored
        for collection in (POSTGATE, THREADGATE) if part == 0 else (POSTGATE,):
            gate = tools.repo.record(collection, rkey)
            if gate and is_gate_of(gate.value, collection, stored.uri):
                yield part, gate


def _write(post: Post, written: Sequence[Draft], tools: Tools) -> Published:
    if len(written) == 1:
        only = written[0]
        stored = [tools.repo.create(only.collection, only.rkey, only.value)]
    else:
        stored = tools.repo.create_together(written)
    records = (
        record_of(post, one, tools, draft.part) for draft, one in zip(written, stored, strict=True)
    )
    return Published(tuple(records), found=False)

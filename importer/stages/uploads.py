"""The files of one post on their way to the server, and as blobs once they are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from importer.errors import Refused
from importer.model import MediaFile, Role
from importer.pds.video_service import NoVideoService
from importer.records.cid import blob_cid
from importer.records.destination import Uploaded
from importer.stages.place import in_place
from importer.stages.tools import Job, Tools
from importer.stages.upload_note import UploadNote
from importer.step import Step

_VIDEO = "video/mp4"
# By what is in a file: originals that are sent as they are may have any name.
_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "webvtt": "text/vtt",
}


class Uploads:
    """The prepared files of a post, each once, for all of its destinations."""

    def __init__(self, job: Job, tools: Tools) -> None:
        self._job = job
        self._tools = tools
        self._prepared = job.files.get(Role.PREPARED, ())
        self._captions = job.files.get(Role.CAPTIONS, ())
        self._files = (*self._prepared, *self._captions)
        self.is_video = bool(self._prepared) and type_of(self._prepared[0]) == _VIDEO
        self._service = tools.videos if self.is_video else None
        self._blobs = self._uploaded_before()

    @property
    def are_at_hand(self) -> bool:
        """Whether every file can be sent, or is on the server already."""
        left = [file for file in self._files if file.path not in self._blobs]
        return bool(self._prepared) and (not left or in_place(self._job.archive, left))

    @property
    def sent(self) -> Sequence[MediaFile]:
        """The files as they were prepared."""
        return self._files

    @property
    def files_left(self) -> int:
        """How many files are still to be sent straight to the server."""
        return len(self._files) - len(self._blobs) - self.videos_left

    @property
    def videos_left(self) -> int:
        """How many videos are still to be sent by the video service."""
        return len(self._videos_to_send)

    @property
    def video_bytes_left(self) -> int:
        """How many bytes these have."""
        return sum(file.bytes for file in self._videos_to_send)

    @property
    def media(self) -> list[Uploaded]:
        """What the post shows; with blobs as foreseen before the upload."""
        return [self._shown(file) for file in self._prepared]

    @property
    def longest(self) -> float:
        """The seconds of the longest video; 0 for photos."""
        return max(file.seconds for file in self._prepared)

    @property
    def largest(self) -> int:
        """The bytes of the largest video or photo."""
        return max(int(shown.blob["size"]) for shown in self.media)

    def take_over(self, media: Sequence[Uploaded]) -> None:
        """Use what a record of the post shows already, as far as it shows all of it."""
        if len(media) != len(self._prepared):
            return
        for file, shown in zip(self._prepared, media, strict=True):
            self._blobs[file.path] = shown.blob
            told = dict(shown.captions)
            for caption in self._captions_of(file):
                if caption.lang in told:
                    self._blobs[caption.path] = told[caption.lang]

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
        if quota:
            self._tools.budget.learn_quota(videos=quota.videos, video_bytes=quota.bytes)

    def forget(self) -> None:
        """What the video service made is no longer on the server: it must make it anew."""
        for file in self._videos:
            UploadNote(self._job.archive, file).spoil()

    def send(self, step: Step) -> None:
        """Have every file on the server."""
        for file in self._files:
            if file.path not in self._blobs:
                self._blobs[file.path] = self._uploaded(file, step)
        step.check()

    @property
    def _videos(self) -> list[MediaFile]:
        """What goes by the video service."""
        return [file for file in self._files if self._service and type_of(file) == _VIDEO]

    @property
    def _videos_to_send(self) -> list[MediaFile]:
        return [file for file in self._videos if file.path not in self._blobs]

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

    def _captions_of(self, file: MediaFile) -> list[MediaFile]:
        return [told for told in self._captions if told.part == file.part]

    def _shown(self, file: MediaFile) -> Uploaded:
        told = tuple((one.lang, self._blob(one)) for one in self._captions_of(file))
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

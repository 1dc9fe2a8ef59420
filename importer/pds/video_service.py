"""A video service: takes a video in parts, encodes it, and puts the result on the account's PDS.

The flow is that of `app.bsky.video` (lexicons of 2026): startUpload, uploadPart, finishUpload,
getJobStatus (`video_parts`, `video_jobs`); or uploadVideo, as before, where a service does not take
these (`video_whole`). The service writes the blob with a token of ours that is good for nothing but
uploads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from importer.clock import utc_now
from importer.errors import Refused, Stopped, TokawayError, TryLater
from importer.model import MediaFile
from importer.pds.repo import Repo
from importer.pds.upload_token import UploadToken
from importer.pds.video_jobs import POLL_SECONDS, blob_of, is_known, wait_for_job
from importer.pds.video_parts import Parts
from importer.pds.video_troubles import NOT_KNOWN, is_unknown, quota_used, trouble_of
from importer.pds.video_upload import Note, OpenUpload
from importer.pds.video_whole import send_whole
from importer.pds.xrpc import Server, XrpcError
from importer.step import Step

_NOT_ALLOWED = frozenset({401, 403})


class NoVideoService(Exception):
    """There is no video service at that address: none of its methods is known."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What a service still takes today; `None` for what it does not say."""

    videos: int | None
    bytes: int | None


class VideoService:
    """One service, used for one account. May be used from several threads.

    Args:
        server: the service.
        repo: the account, signed in; its server gets the blob.
        audience: the DID of the account's server, if it is not to be asked for it.
        now: the clock.
        poll_seconds: how long to wait between two looks at a job.
        did: the service's DID, if it is not that of its host.
    """

    def __init__(
        self,
        server: Server,
        repo: Repo,
        *,
        audience: str = "",
        now: Callable[[], datetime] = utc_now,
        poll_seconds: float = POLL_SECONDS,
        did: str = "",
    ) -> None:
        self.did = did or "did:web:" + quote(server.host, safe="")
        self._server = server
        self._repo = repo
        self._token = UploadToken(repo, audience, now)
        self._parts = Parts(server, self._token, now)
        self._now = now
        self._poll_seconds = poll_seconds

    @property
    def host(self) -> str:
        """Its name."""
        return self._server.host

    def quota(self) -> Quota | None:
        """What it still takes of this account today; `None` if it does not say.

        Raises:
            TryLater: it takes nothing now.
            SignInNeeded: it takes nothing of this account.
            NoVideoService: it is none.
        """
        method = "app.bsky.video.getUploadLimits"
        try:
            token = self._repo.service_token(self.did, method, self._now() + timedelta(minutes=1))
            told = self._server.query(method, {}, token).body
        except XrpcError as refusal:
            if is_unknown(refusal):
                raise NoVideoService(self.host) from refusal
            raise self._trouble(refusal) from refusal
        videos, size = told.get("remainingDailyVideos"), told.get("remainingDailyBytes")
        quota = Quota(
            videos if isinstance(videos, int) else None, size if isinstance(size, int) else None
        )
        if told.get("canUpload") is False:
            error, message = str(told.get("error") or ""), str(told.get("message") or "")
            if 0 in (quota.videos, quota.bytes):
                what = "videos" if quota.videos == 0 else "bytes"
                raise quota_used(self.host, self._now(), what=what)
            raise trouble_of(error, message, self.host, self._now())
        return quota

    def upload(
        self, path: Path, file: MediaFile, name: str, note: Note, step: Step
    ) -> dict[str, Any]:
        """Have it put a video on the account's server.

        An upload that an earlier run began is gone on with, and what was finished is not sent
        again. On trouble, or when the step must stop, the upload is ended, so that it holds
        nothing of the day's share.

        Returns:
            The blob reference to put into a record; its CID is not that of the file.

        Raises:
            Refused, TryLater, SignInNeeded: what it said, see `video_troubles`.
            NoVideoService: it is none.
            Stopped: the step was told to stop.
        """
        known = note.read(self.host, file.sha256)
        if known.blob:
            return known.blob
        try:
            return self._made(path, file, name, note, known, step)
        except XrpcError as refusal:
            self._end(note, file)
            raise self._trouble(refusal) from refusal
        except Refused:
            self._end(note, file)
            raise
        except Stopped:
            # What is being encoded holds nothing, and the next run takes what comes of it.
            if not note.read(self.host, file.sha256).completed:
                self._end(note, file, lest_unheard=True)
            raise
        except TryLater as trouble:
            # While it does not answer it cannot be told either; the next run goes on or ends it.
            if not trouble.unreachable:
                self._end(note, file, lest_unheard=True)
            raise

    def _made(
        self,
        path: Path,
        file: MediaFile,
        name: str,
        note: Note,
        known: OpenUpload,
        step: Step,
    ) -> dict[str, Any]:
        upload, received = self._resumed(known, file) or (None, frozenset[int]())
        if upload is None:
            upload = self._begun(path, file, name, step)
            note.write(upload)
        if upload.job and not upload.completed:
            self._parts.send(path, file, upload, received, step)
            upload = self._parts.finish(path, file, upload, step)
            note.write(upload)
        blob = upload.blob or wait_for_job(
            self._server, upload.completed, step, self._poll_seconds, self._now
        )
        note.write(replace(upload, blob=blob))
        return blob

    def _resumed(
        self, known: OpenUpload, file: MediaFile
    ) -> tuple[OpenUpload, frozenset[int]] | None:
        """What an earlier run began, and its parts that arrived; `None` if there is nothing."""
        if known.job:
            return self._parts.resume(known, file)
        # It went as a whole, or there was none.
        is_there = known.completed and is_known(self._server, known.completed)
        return (known, frozenset()) if is_there else None

    def _begun(self, path: Path, file: MediaFile, name: str, step: Step) -> OpenUpload:
        """An upload in parts; or of the whole file, if the service takes no parts now."""
        try:
            return self._parts.begin(file, name)
        except XrpcError as refusal:
            if self._trouble(refusal).code != NOT_KNOWN or refusal.status in _NOT_ALLOWED:
                raise
            try:
                status = send_whole(
                    self._server, self._token, self._repo.did, path, name, step, self._now
                )
            except XrpcError as second:
                if not is_unknown(second):
                    raise
                if is_unknown(refusal):
                    raise NoVideoService(self.host) from second
                # It knows parts only, and what it has against this one is all there is to say.
                raise refusal from second
        job = str(status.get("jobId") or "")
        return OpenUpload(self.host, file.sha256, completed=job, blob=blob_of(status))

    def _end(self, note: Note, file: MediaFile, *, lest_unheard: bool = False) -> None:
        """Give back the share of the day that an upload holds.

        With `lest_unheard`, an upload that could not be told is remembered, to be gone on with.
        """
        known = note.read(self.host, file.sha256)
        is_told = not known.job or bool(known.completed) or self._parts.abort(known.job)
        if is_told or not lest_unheard:
            note.remove()

    def _trouble(self, refusal: XrpcError) -> TokawayError:
        return trouble_of(refusal.error, refusal.message, self.host, self._now())

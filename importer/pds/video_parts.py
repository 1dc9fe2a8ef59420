"""The way into a video service in parts: begun, gone on with, finished, or ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from importer.errors import Stopped, TryLater
from importer.model import MediaFile
from importer.pds.authorization import Bearer
from importer.pds.upload_token import UploadToken
from importer.pds.video_jobs import blob_of, wait
from importer.pds.video_troubles import senseless, trouble_of
from importer.pds.video_upload import OpenUpload
from importer.pds.xrpc import Answer, Server, XrpcError
from importer.step import Step

PARTS_AT_ONCE = 3
_FINISHES = 30
# An upload that is refused by one of these holds nothing of the day's share any more.
_OVER = frozenset(
    {
        *("UploadNotFound", "UploadExpired", "UploadAborted", "UploadFailed"),
        "UploadAlreadyCompleted",
    }
)


class Parts:
    """This way, with one account's token. May be used from several threads.

    Every call raises `XrpcError` if it is refused, and `TryLater` if the service, or the account's
    server that gives the tokens, cannot answer.
    """

    def __init__(self, server: Server, token: UploadToken, now: Callable[[], datetime]) -> None:
        self._server = server
        self._token = token
        self._now = now

    def begin(self, file: MediaFile, name: str) -> OpenUpload:
        """Ask for an upload of a file: from now on it holds a share of the day."""
        body = {
            "sizeBytes": file.bytes,
            "mimeType": "video/mp4",
            "name": name,
            "durationMs": round(file.seconds * 1000),
            "width": file.width,
            "height": file.height,
        }
        told = self._call("startUpload", body).body
        part_bytes, count = told.get("partSizeBytes"), told.get("partCount")
        if not (isinstance(part_bytes, int) and part_bytes > 0):
            raise senseless(self._server.host, "parts of no size")
        upload = OpenUpload(self._server.host, file.sha256, str(told.get("jobId")), part_bytes)
        if count != _parts(file, upload):
            self.abort(upload.job)
            what = "a number of parts that does not fit their size"
            raise senseless(self._server.host, what)
        return upload

    def resume(
        self, known: OpenUpload, file: MediaFile
    ) -> tuple[OpenUpload, frozenset[int]] | None:
        """An upload that an earlier run began, and its parts that arrived; `None` if it is over."""
        try:
            told = self._status(known.job)
        except XrpcError:
            return None
        match told.get("state"):
            case "completed":
                job = str(told.get("completedJobId") or known.job)
                return replace(known, completed=job), frozenset()
            case "finishing":
                # What it tells of parts while it puts them together is nothing to go by.
                return known, frozenset(_numbers(file, known))
            case "created":
                return known, _received(told)
            case _:
                return None

    def send(
        self, path: Path, file: MediaFile, upload: OpenUpload, received: frozenset[int], step: Step
    ) -> None:
        """Send the parts that have not arrived, several at once.

        Raises:
            Stopped: the step was told to stop.
        """
        missing = [number for number in _numbers(file, upload) if number not in received]
        sent = dict.fromkeys(received, 0)
        step.unit, step.total = "bytes", file.bytes
        size = upload.part_bytes

        def send_one(number: int) -> None:
            start = (number - 1) * size
            length = min(size, file.bytes - start)

            def begin() -> None:
                sent[number] = 0

            def count(chunk: bytes) -> None:
                sent[number] += len(chunk)
                step.done = sum(sent.copy().values())

            def attempt(token: Bearer) -> Answer:
                return self._server.upload(
                    "app.bsky.video.uploadPart", path, "application/octet-stream", token,
                    Step(step.stop), count, begin,
                    parameters={"jobId": upload.job, "partNumber": number},
                    stretch=(start, length),
                )  # fmt: skip

            self._token.call(attempt)

        for number in received:
            sent[number] = min(size, file.bytes - (number - 1) * size)
        with ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="part") as pool:
            futures = [pool.submit(send_one, number) for number in missing]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                for future in futures:
                    future.cancel()
                raise

    def finish(self, path: Path, file: MediaFile, upload: OpenUpload, step: Step) -> OpenUpload:
        """Have the parts put together: what was begun, with the job that encodes it.

        Raises:
            Refused, TryLater, SignInNeeded: it failed, see `video_troubles`.
            Stopped: the step was told to stop.
        """
        for _ in range(_FINISHES):
            # The service keeps this one for its write to the account's server.
            self._token.renew()
            try:
                told = self._call("finishUpload", {"jobId": upload.job}).body
                job = str(told.get("completedJobId") or upload.job)
                return replace(upload, completed=job, blob=blob_of(told.get("jobStatus")))
            except (XrpcError, TryLater) as trouble:
                status = self._status(upload.job)
                match status.get("state"):
                    case "completed":
                        job = str(status.get("completedJobId") or upload.job)
                        return replace(upload, completed=job, blob=blob_of(status.get("jobStatus")))
                    case "finishing":
                        wait(1.0, step)
                    case "created":
                        received = _received(status)
                        if received.issuperset(_numbers(file, upload)):
                            # Nothing that would pass if it was asked again.
                            if isinstance(trouble, XrpcError) and self._is_final(trouble):
                                raise
                            wait(1.0, step)
                        self.send(path, file, upload, received, step)
                    case _:
                        reason = str(status.get("failureReason") or "")
                        if reason:
                            host = self._server.host
                            raise trouble_of(reason, "", host, self._now()) from trouble
                        raise
        raise senseless(self._server.host, "an upload that is never finished")

    def abort(self, job: str) -> bool:
        """End an upload; false if the service was not heard. It ends by itself within the hour."""
        try:
            self._call("abortUpload", {"jobId": job})
        except XrpcError as refusal:
            return refusal.error in _OVER
        except (TryLater, Stopped):
            return False
        return True

    def _is_final(self, refusal: XrpcError) -> bool:
        told = trouble_of(refusal.error, refusal.message, self._server.host, self._now())
        return not isinstance(told, TryLater)

    def _call(self, method: str, body: Mapping[str, Any]) -> Answer:
        return self._token.call(
            lambda token: self._server.procedure(f"app.bsky.video.{method}", body, token)
        )

    def _status(self, job: str) -> dict[str, Any]:
        return self._token.call(
            lambda token: self._server.query(
                "app.bsky.video.getUploadStatus", {"jobId": job}, token
            )
        ).body


def _parts(file: MediaFile, upload: OpenUpload) -> int:
    return -(-file.bytes // upload.part_bytes)


def _numbers(file: MediaFile, upload: OpenUpload) -> range:
    return range(1, _parts(file, upload) + 1)


def _received(told: Mapping[str, Any]) -> frozenset[int]:
    """The numbers of the parts that a status says are there."""
    received = told.get("receivedParts")
    parts = [
        part.get("partNumber") if isinstance(part, dict) else part
        for part in (received if isinstance(received, list) else [])
    ]
    return frozenset(part for part in parts if isinstance(part, int))

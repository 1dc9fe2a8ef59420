"""The way into a video service before there were parts: the whole file, in one call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from importer.pds.upload_token import UploadToken
from importer.pds.video_jobs import blob_of, job_status
from importer.pds.video_troubles import is_unknown, trouble_of
from importer.pds.xrpc import Server, XrpcError
from importer.step import Step


def send_whole(
    server: Server,
    token: UploadToken,
    did: str,
    path: Path,
    name: str,
    step: Step,
    now: Callable[[], datetime],
) -> dict[str, Any]:
    """Send a video. Answers come in several shapes, whatever their status (atproto#3097).

    Returns:
        The status of the job that encodes it or has done so before: it names a job or a blob.

    Raises:
        Refused, TryLater, SignInNeeded: what the service said, see `video_troubles`.
        XrpcError: it does not know this way, or the account's server gives no token.
        Stopped: the step was told to stop.
    """
    # The service keeps this one for its write to the account's server.
    token.renew()
    try:
        told = token.call(
            lambda bearer: server.upload(
                "app.bsky.video.uploadVideo", path, "video/mp4", bearer, step,
                lambda _: None, lambda: None,
                parameters={"did": did, "name": name},
            )
        ).body  # fmt: skip
    except XrpcError as refusal:
        if is_unknown(refusal):
            raise
        told = {"error": refusal.error, "message": refusal.message, **refusal.body}
    status = job_status(told)
    if not status.get("jobId") and not blob_of(status):
        error = str(status.get("error") or told.get("error") or "it named no job")
        message = str(status.get("message") or told.get("message") or "")
        raise trouble_of(error, message, server.host, now())
    return status

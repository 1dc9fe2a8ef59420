"""A job of a video service: what it says of itself, and waiting for what it makes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from importer.errors import Stopped, TryLater
from importer.pds.video_troubles import NOT_KNOWN, trouble_of
from importer.pds.xrpc import Server, XrpcError
from importer.step import Step

POLL_SECONDS = 1.5
_METHOD = "app.bsky.video.getJobStatus"
# The official app bears as many, and asks every five seconds meanwhile.
_MOST_LOST_POLLS = 50
_LOST_POLL_SECONDS = 5.0
_NO_SUCH_JOB = frozenset({400, 404})


def job_status(told: Any) -> dict[str, Any]:
    """A job's status, wrapped or not (atproto#3097); empty if there is none."""
    if not isinstance(told, dict):
        return {}
    inner = told.get("jobStatus")
    return inner if isinstance(inner, dict) else told


def blob_of(status: Any) -> dict[str, Any]:
    """The reference to the blob that a job made; empty while it has not."""
    blob = job_status(status).get("blob")
    return blob if isinstance(blob, dict) and isinstance(blob.get("ref"), dict) else {}


def is_known(server: Server, job: str) -> bool:
    """Whether a service still tells of a job.

    Raises:
        TryLater: it does not answer.
    """
    try:
        server.query(_METHOD, {"jobId": job})
    except XrpcError:
        return False
    return True


def wait_for_job(
    server: Server, job: str, step: Step, poll_seconds: float, now: Callable[[], datetime]
) -> dict[str, Any]:
    """Wait until a job is done. A state that is not known means that it still runs.

    Returns:
        The blob reference.

    Raises:
        Refused, TryLater, SignInNeeded: it failed, see `video_troubles`; or nobody tells any more.
        Stopped: the step was told to stop.
    """
    lost = 0
    step.unit, step.done, step.total = "percent", 0, 100
    while True:
        try:
            told = server.query(_METHOD, {"jobId": job}).body
        except (XrpcError, TryLater) as trouble:
            lost += 1
            if lost > _MOST_LOST_POLLS:
                raise _lost(server.host, trouble) from trouble
            wait(min(_LOST_POLL_SECONDS, poll_seconds * 4), step)
            continue
        lost = 0
        status = job_status(told)
        # Whatever the job says: if there is a blob, it is there (Bluesky's own advice).
        if blob := blob_of(status):
            return blob
        if status.get("state") == "JOB_STATE_FAILED":
            code = str(status.get("failureCode") or status.get("error") or "generic_failure")
            raise trouble_of(code, str(status.get("message") or ""), server.host, now())
        if isinstance(status.get("progress"), int):
            step.done = status["progress"]
        wait(poll_seconds, step)


def _lost(service: str, trouble: XrpcError | TryLater) -> TryLater:
    if isinstance(trouble, XrpcError) and trouble.status in _NO_SUCH_JOB:
        return TryLater(
            f"{service} no longer knows the video that it was to encode.",
            hint="Tokaway sends it again.",
            code=NOT_KNOWN,
        )
    return TryLater(
        f"{service} no longer tells how far the video is.",
        hint="Tokaway looks again by itself.",
        code="video_service_down",
        whole_stage=True,
        unreachable=True,
    )


def wait(seconds: float, step: Step) -> None:
    """Wait, unless the step is told to stop.

    Raises:
        Stopped: it is.
    """
    if step.stop.wait(seconds):
        raise Stopped

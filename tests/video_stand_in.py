"""A stand-in for Bluesky's video service, which is closed: as strict as the facts we have of it.

It checks service tokens (audience, method, end, signature by the account's key), keeps parts,
counts the day's videos and bytes and holds a share of both for each open upload, encodes anew with
FFmpeg, and puts the result on the real PDS with the token that the last call gave it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.clips import run
from tests.loopback import Loopback
from tests.service_tokens import Denied, TokenCheck
from tests.video_uploads import Upload

UPLOAD_BLOB = "com.atproto.repo.uploadBlob"
LIMITS = "app.bsky.video.getUploadLimits"
MOST_BYTES, MOST_MILLISECONDS, MOST_OPEN = 300_000_000, 600_000, 5
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Job:
    """One video being encoded: what the next looks at it will tell, then its end."""

    did: str
    states: list[str]
    blob: dict[str, Any] | None = None
    failure: str = ""


class VideoStandIn(Loopback):
    """Use it with `with`. What it is told to be is changed by its attributes, at any time.

    Args:
        plc_url: the directory that knows the accounts' keys.
        pds_did: the DID of the accounts' server, the only audience for uploads.
        pds_url: where that server is.
    """

    def __init__(self, plc_url: str, pds_did: str, pds_url: str) -> None:
        self._pds_did, self._pds = pds_did, pds_url
        self._check = TokenCheck(plc_url)
        self.called = ""
        """The host by which its users know it, if a proxy stands before it."""
        self.videos_a_day, self.bytes_a_day = 25, 10_000_000_000
        self.part_bytes = 200_000
        self.knows_parts = self.is_there = True
        self.encodes = True
        self.cuts = 0
        """How many of the videos to come it cuts short."""
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.pds_now: Callable[[], datetime] = lambda: datetime.now(UTC)
        """The clock of the accounts' server, which makes the tokens."""
        self.states: list[str] = []
        """What the first looks at each job are told."""
        self.instead: dict[str, tuple[int, dict[str, Any]]] = {}
        """What calls are answered whatever they ask, by the end of their method's name."""
        self.finishing_looks = 0
        """How many looks at an upload tell that it is being finished, before it is."""
        self.finish_failures: list[str] = []
        """Why the uploads to be finished fail instead; an empty reason is not told."""
        self.fail_next: list[str] = []
        """Failure codes of the jobs to come; an empty one is a success."""
        self.received = 0
        """Bytes of parts and whole files that arrived."""
        self.taken: dict[tuple[str, str], int] = {}
        """Videos by account and day."""
        self.taken_bytes: dict[tuple[str, str], int] = {}
        self.uploads: dict[str, Upload] = {}
        self.jobs: dict[str, Job] = {}
        self.tokens: set[str] = set()
        """Every token it was shown."""
        self._done: dict[tuple[str, str], str] = {}
        self._lock = threading.RLock()
        self._client = httpx.Client(timeout=30, trust_env=False, verify=False)
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def _answer(self, body: bytes) -> None:
                parts = urlsplit(self.path)
                nsid = parts.path.removeprefix("/xrpc/")
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
                try:
                    status, told = stand_in._told(nsid, query, bearer, body)
                except Denied as denied:
                    status, told = denied.status, denied.body
                raw = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        super().__init__(Handler, "video")
        # A client that was killed leaves connections open, and nobody waits for them.
        self._server.daemon_threads = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self._client.close()

    def moved(self, pds_did: str, pds_url: str) -> None:
        """Its accounts are at another server from now on, which signs with keys of its own."""
        self._pds_did, self._pds = pds_did, pds_url
        self._check.forget_keys()

    def forget_jobs(self) -> None:
        """Be as if no video had been encoded."""
        with self._lock:
            self.jobs.clear()
            self._done.clear()

    @property
    def open_uploads(self) -> list[str]:
        """Uploads that hold a share of somebody's day."""
        with self._lock:
            return [
                job
                for job, upload in self.uploads.items()
                if upload.state_at(self.now()) in ("created", "finishing")
            ]

    def _told(
        self, nsid: str, query: dict[str, str], token: str, body: bytes
    ) -> tuple[int, dict[str, Any]]:
        instead = self.instead.get(nsid.rpartition(".")[2])
        return instead or (200, self._call(nsid, query, token, body))

    def _call(self, nsid: str, query: dict[str, str], token: str, body: bytes) -> dict[str, Any]:
        name = nsid.removeprefix("app.bsky.video.")
        whole, parts = {"uploadVideo"}, {"startUpload", "uploadPart", "finishUpload"}
        parts |= {"abortUpload", "getUploadStatus"}
        known = {"getUploadLimits", "getJobStatus"} | whole | (parts if self.knows_parts else set())
        if not self.is_there or name not in known:
            raise Denied(501, "MethodNotImplemented", "Method Not Implemented")
        if name == "getJobStatus":
            return self._job_status(query["jobId"])
        if name == "getUploadLimits":
            host = (self.called or self.host).replace(":", "%3A")
            did = self._whose(token, f"did:web:{host}", LIMITS)
            return self._limits(did)
        did = self._whose(token, self._pds_did, UPLOAD_BLOB)
        match name:
            case "startUpload":
                return self._start(did, token, json.loads(body))
            case "uploadPart":
                return self._part(did, query["jobId"], int(query["partNumber"]), body)
            case "finishUpload":
                return self._finish(did, token, json.loads(body)["jobId"])
            case "abortUpload":
                return self._abort(did, json.loads(body)["jobId"])
            case "getUploadStatus":
                return self._status(did, query["jobId"])
            case _:
                return self._take_whole(query["did"], did, token, body)

    def _whose(self, token: str, audience: str, method: str) -> str:
        self.tokens.add(token)
        return self._check.whose(token, audience, method, self.pds_now())

    # quota

    def _day(self) -> str:
        return f"{self.now():%Y-%m-%d}"

    def _left(self, did: str) -> tuple[int, int]:
        """How many videos and bytes the account may still bring today."""
        held = [self.uploads[job].size for job in self.open_uploads if self._is_of(did, job)]
        day = did, self._day()
        videos = self.videos_a_day - self.taken.get(day, 0) - len(held)
        size = self.bytes_a_day - self.taken_bytes.get(day, 0) - sum(held)
        return max(0, videos), max(0, size)

    def _is_of(self, did: str, job: str) -> bool:
        return self.uploads[job].did == did

    def _over(self, did: str, size: int) -> str:
        """What a video of that size is too much for today, if anything, as it is said."""
        videos, left = self._left(did)
        what = "videos" if not videos else "bytes" if size > left else ""
        return f"User has exceeded daily upload {what} limit" if what else ""

    def _limits(self, did: str) -> dict[str, Any]:
        with self._lock:
            (videos, size), over = self._left(did), self._over(did, 1)
        told: dict[str, Any] = {
            "canUpload": not over,
            "remainingDailyVideos": videos,
            "remainingDailyBytes": size,
        }
        return told | ({"message": over} if over else {})

    # parts

    def _start(self, did: str, token: str, told: dict[str, Any]) -> dict[str, Any]:
        if told["mimeType"] != "video/mp4":
            raise Denied(400, "UnsupportedContentType")
        if told["sizeBytes"] > MOST_BYTES:
            raise Denied(400, "VideoTooLarge")
        if told.get("durationMs", 0) > MOST_MILLISECONDS:
            raise Denied(400, "VideoTooLong")
        with self._lock:
            if sum(self._is_of(did, job) for job in self.open_uploads) >= MOST_OPEN:
                raise Denied(400, "TooManyOpenUploads")
            if over := self._over(did, told["sizeBytes"]):
                raise Denied(400, "DailyLimitExceeded", over)
            job = secrets.token_hex(8)
            upload = Upload(did, told["sizeBytes"], self.part_bytes, token, self.now() + HOUR)
            self.uploads[job] = upload
        return {
            "jobId": job,
            "partSizeBytes": upload.part_bytes,
            "partCount": upload.count,
            "expiresAt": f"{upload.expires_at:%Y-%m-%dT%H:%M:%SZ}",
        }

    def _upload(self, did: str, job: str) -> Upload:
        upload = self.uploads.get(job)
        if upload is None or upload.did != did:
            raise Denied(404, "UploadNotFound")
        return upload

    def _part(self, did: str, job: str, number: int, body: bytes) -> dict[str, Any]:
        with self._lock:
            self.received += len(body)
            upload = self._upload(did, job)
            upload.expect(self.now(), "created")
            upload.put(number, body)
        return {"partNumber": number, "sizeBytes": len(body)}

    def _status(self, did: str, job: str) -> dict[str, Any]:
        with self._lock:
            upload = self._upload(did, job)
            if upload.looks:
                upload.looks -= 1
                return {"state": "finishing", "receivedParts": []}
            if upload.state == "finishing":
                self._put_together(did, upload, job)
            return upload.status(self.now())

    def _finish(self, did: str, token: str, job: str) -> dict[str, Any]:
        with self._lock:
            upload = self._upload(did, job)
            upload.expect(self.now(), "created", "finishing", "completed")
            if upload.state == "created":
                if len(upload.parts) < upload.count:
                    raise Denied(400, "UploadNotReady")
                upload.state, upload.token = "finishing", token
                upload.looks = self.finishing_looks
            if upload.looks:
                raise Denied(400, "UploadNotReady")
            if upload.state == "finishing":
                self._put_together(did, upload, job)
            upload.expect(self.now(), "completed")
            job = upload.completed
        return {"completedJobId": job, "jobStatus": self._shown(job)}

    def _put_together(self, did: str, upload: Upload, job: str) -> None:
        if self.finish_failures:
            upload.state, upload.failure = "failed", self.finish_failures.pop(0)
            return
        content = b"".join(upload.parts[number] for number in sorted(upload.parts))
        upload.completed = self._accept(did, upload.token, content, job)
        upload.state, upload.parts = "completed", {}

    def _abort(self, did: str, job: str) -> dict[str, Any]:
        with self._lock:
            upload = self._upload(did, job)
            upload.expect(self.now(), "created", "finishing", "aborted")
            upload.state, upload.looks = "aborted", 0
        return {}

    # jobs

    def _take_whole(self, named: str, did: str, token: str, body: bytes) -> dict[str, Any]:
        self.received += len(body)
        if named != did:
            raise Denied(401, "BadJwt")
        with self._lock:
            digest = hashlib.sha256(body).hexdigest()
            if known := self._done.get((did, digest)):
                told = {"error": "already_exists", "message": "Video already processed"}
                raise Denied(
                    409, **told, jobId=known, did=did, state="JOB_STATE_COMPLETED"
                )  # fmt: skip
            if message := self._over(did, len(body)):
                status = {"did": "", "error": message, "jobId": "", "state": ""}
                raise Denied(400, "Error", message, jobStatus=status)
            job = self._accept(did, token, body, secrets.token_hex(8))
        return self._shown(job)

    def _accept(self, did: str, token: str, content: bytes, job: str) -> str:
        """Take a whole video: the job that makes it, or has made it before."""
        digest = hashlib.sha256(content).hexdigest()
        if known := self._done.get((did, digest)):
            return known
        day = did, self._day()
        self.taken[day] = self.taken.get(day, 0) + 1
        self.taken_bytes[day] = self.taken_bytes.get(day, 0) + len(content)
        failure = self.fail_next.pop(0) if self.fail_next else ""
        self.jobs[job] = made = Job(did, list(self.states), failure=failure)
        if not failure:
            made.blob = self._put(token, self._made(content))
            self._done[did, digest] = job
        return job

    def _made(self, content: bytes) -> bytes:
        if not self.encodes:
            return content
        is_cut, self.cuts = self.cuts > 0, max(0, self.cuts - 1)
        return _encoded(content, "-t", "0.2") if is_cut else _encoded(content)

    def _put(self, token: str, content: bytes) -> dict[str, Any]:
        answer = self._client.post(
            f"{self._pds}/xrpc/{UPLOAD_BLOB}",
            content=content,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "video/mp4"},
        )
        answer.raise_for_status()
        blob: dict[str, Any] = answer.json()["blob"]
        return blob

    def _shown(self, job: str) -> dict[str, Any]:
        made = self.jobs[job]
        state = made.states[0] if made.states else "JOB_STATE_CREATED"
        return {"jobId": job, "did": made.did, "state": state, "progress": 10}

    def _job_status(self, job: str) -> dict[str, Any]:
        with self._lock:
            made = self.jobs.get(job)
            if made is None:
                raise Denied(400, "JobNotFound")
            if made.states:
                return {"jobStatus": self._shown(job) | {"state": made.states.pop(0)}}
        status: dict[str, Any] = {"jobId": job, "did": made.did, "state": "JOB_STATE_COMPLETED"}
        if made.failure:
            status |= {"state": "JOB_STATE_FAILED", "failureCode": made.failure}
        else:
            status["blob"] = made.blob
        return {"jobStatus": status}


def _encoded(content: bytes, *options: str) -> bytes:
    """Another file of the same video."""
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name, "source.mp4"), Path(name, "target.mp4")
        source.write_bytes(content)
        run("-i", source, *options, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "copy",
            "-movflags", "+faststart", target)  # fmt: skip
        return target.read_bytes()

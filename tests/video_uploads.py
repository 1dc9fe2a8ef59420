"""An upload in parts, as the stand-in of the video service keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.service_tokens import Denied

_REFUSALS = {
    "aborted": "UploadAborted",
    "completed": "UploadAlreadyCompleted",
    "expired": "UploadExpired",
    "failed": "UploadFailed",
    "finishing": "UploadNotReady",
}


@dataclass(slots=True)
class Upload:
    """One upload; so many `looks` at it will tell that it is being finished."""

    did: str
    size: int
    part_bytes: int
    token: str
    expires_at: datetime
    parts: dict[int, bytes] = field(default_factory=dict)
    state: str = "created"
    completed: str = ""
    looks: int = 0
    failure: str = ""

    @property
    def count(self) -> int:
        """How many parts it has."""
        return -(-self.size // self.part_bytes)

    def state_at(self, now: datetime) -> str:
        """Where it stands: one that is not finished in time has expired."""
        is_late = self.state == "created" and self.expires_at <= now
        return "expired" if is_late else self.state

    def expect(self, now: datetime, *states: str) -> None:
        """Make sure that it stands where it can be gone on with.

        Raises:
            Denied: it does not.
        """
        state = self.state_at(now)
        if state not in states:
            raise Denied(400, _REFUSALS[state])

    def put(self, number: int, body: bytes) -> None:
        """Take a part.

        Raises:
            Denied: there is no such part, or it has another size.
        """
        if not 1 <= number <= self.count:
            raise Denied(400, "InvalidPartNumber")
        rest = self.size - (self.count - 1) * self.part_bytes
        if len(body) != (rest if number == self.count else self.part_bytes):
            raise Denied(400, "PartSizeMismatch")
        self.parts[number] = body

    def status(self, now: datetime) -> dict[str, Any]:
        """What it tells of itself."""
        told: dict[str, Any] = {"state": self.state_at(now), "receivedParts": sorted(self.parts)}
        if self.completed:
            told["completedJobId"] = self.completed
        if self.failure:
            told["failureReason"] = self.failure
        return told

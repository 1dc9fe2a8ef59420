"""An upload that was begun at a video service, and where it is remembered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """An upload that was begun and not finished: it holds a share of the day until it ends."""

    service: str
    sha256: str
    job: str = ""
    part_bytes: int = 0
    completed: str = ""
    """The job that encodes it, once all of it is there."""
    blob: dict[str, Any] = field(default_factory=dict)
    """What came of it."""


class Note(Protocol):
    """Where an upload of one file is remembered, so that nothing is sent twice."""

    def read(self, service: str, sha256: str) -> OpenUpload:
        """What is known of this file at this service."""

    def write(self, upload: OpenUpload) -> None:
        """Remember it."""

    def remove(self) -> None:
        """Nothing is open any more."""

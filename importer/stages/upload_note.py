"""What is known of the upload of one video, in a note beside it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from importer.landing import landing
from importer.model import MediaFile
from importer.pds.video_upload import OpenUpload

_SPOILED = "spoiled"


class UploadNote:
    """The note of one file. A note that cannot be read is none: then the file is sent again.

    Its name begins as prepared copies' names do, and it goes when they go.
    """

    def __init__(self, archive: Path, file: MediaFile) -> None:
        self._file = file
        self._source = archive / file.path
        self._path = self._source.with_name(f"prepared.{file.part}.upload.json")

    def read(self, service: str, sha256: str) -> OpenUpload:
        """What is known of this file at this service."""
        fresh = OpenUpload(service, sha256)
        try:
            known = OpenUpload(**self._told()["upload"])
        except (KeyError, TypeError):
            return fresh
        return known if (known.service, known.sha256) == (service, sha256) else fresh

    def write(self, upload: OpenUpload) -> None:
        """Remember it.

        Raises:
            DiskFull: there is no room.
        """
        self._put({"upload": asdict(upload), _SPOILED: self._spoiled})

    def remove(self) -> None:
        """Nothing is open any more."""
        if self._spoiled:
            self._put({_SPOILED: self._spoiled})
        else:
            self._path.unlink(missing_ok=True)

    def spoil(self) -> None:
        """What came of it is lost, and the service would only name it again: send other bytes."""
        self._put({_SPOILED: self._spoiled + 1})

    @contextmanager
    def fresh_copy(self) -> Iterator[tuple[Path, MediaFile]]:
        """The file to send: itself, or a copy with some free space at its end if it was spoiled.

        Raises:
            OSError: there is no room for a copy.
        """
        if not self._spoiled:
            yield self._source, self._file
            return
        # A `free` box of ISO 14496-12: it means nothing, and makes another file of the same video.
        box = (16).to_bytes(4, "big") + b"free" + self._spoiled.to_bytes(8, "big")
        copy = self._source.with_name(f"prepared.{self._file.part}.again.mp4.part")
        try:
            shutil.copyfile(self._source, copy)
            with copy.open("ab") as file:
                file.write(box)
            with copy.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            yield copy, replace(self._file, bytes=self._file.bytes + len(box), sha256=sha256)
        finally:
            copy.unlink(missing_ok=True)

    @property
    def _spoiled(self) -> int:
        times = self._told().get(_SPOILED, 0)
        return times if isinstance(times, int) else 0

    def _told(self) -> dict[str, Any]:
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def _put(self, told: dict[str, Any]) -> None:
        with landing(self._path) as part:
            part.write_text(json.dumps(told), encoding="utf-8")

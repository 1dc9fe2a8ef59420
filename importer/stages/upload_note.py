"""What is known of the upload of one file, in a note beside it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from importer.media.part_file import landing
from importer.pds.video_service import OpenUpload


class UploadNote:
    """The note of one file. A note that cannot be read is none: then the file is sent again."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, service: str, sha256: str) -> OpenUpload:
        """What is known of this file at this service."""
        fresh = OpenUpload(service, sha256)
        try:
            known = OpenUpload(**json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, TypeError, ValueError):
            return fresh
        return known if (known.service, known.sha256) == (service, sha256) else fresh

    def write(self, upload: OpenUpload) -> None:
        """Remember it.

        Raises:
            DiskFull: there is no room.
        """
        with landing(self._path) as part:
            part.write_text(json.dumps(asdict(upload)), encoding="utf-8")

    def remove(self) -> None:
        """Nothing is open any more."""
        self._path.unlink(missing_ok=True)

"""What a source (a folder of the creator's, a tool's database, a TikTok page) knows of one post."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from importer.captions.names import minted_at
from importer.model import Kind


class Source(StrEnum):
    """Who says it, by the name that people know."""

    YT_DLP = "yt-dlp"
    GALLERY_DL = "gallery-dl"
    MYFAVETT = "myfaveTT"
    TOKKIT = "4K Tokkit"
    FILE_NAME = "file name"
    TIKTOK_PAGE = "TikTok page"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one source knows of one TikTok post. Everything but `source` and `path` may be unknown.

    Attributes:
        path: the file that says it: a sidecar, a database, or the video itself.
        video_id: TikTok's ID of the post, as digits.
        posted_at: TikTok's own date of the post (`createTime`), UTC, exact to the second; also a
            date that tools took from the export and gave to a file as its whole name.
        author: the account's name without the @, in lower case.
        caption: the whole caption; `None` if the source does not say, `""` if there is none.
        file: a video file of the post, or the first of its photos.
        seconds, width, height: of that video, as the source says without opening it.
        watermarked: whether TikTok's moving watermark is in the picture.
    """

    source: Source
    path: Path
    video_id: str | None = None
    posted_at: datetime | None = None
    author: str | None = None
    kind: Kind | None = None
    caption: str | None = None
    file: Path | None = None
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    watermarked: bool | None = None

    @property
    def minted_at(self) -> datetime | None:
        """When the ID was made, shortly before the post's date."""
        return minted_at(self.video_id) if self.video_id else None

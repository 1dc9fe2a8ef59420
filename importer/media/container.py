"""Opening a media file with FFmpeg's libraries so that it can reach no other file.

The libraries take a fifth of a command's memory and are loaded when a file needs them; most do not.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.container import InputContainer

# 8192 x 4320: FFmpeg needs gigabytes for the 16000 x 16000 that a hostile megabyte can hold.
MAX_PIXELS = 35_389_440
# Playlists are formats too, and one named `.mp4` may point FFmpeg at any other file.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,flv,gif"
# How names of files in those formats end. A GIF is taken for a photo.
VIDEO_ENDINGS = frozenset(
    {".mp4", ".mov", ".m4v", ".3gp", ".3g2", ".webm", ".mkv", ".avi", ".flv"}
    | {".ts", ".mts", ".m2ts"}
)

_OPEN: dict[str, Any] = {
    "mode": "r",
    "options": {
        "format_whitelist": FORMATS,
        "protocol_whitelist": "file",
        "max_pixels": str(MAX_PIXELS),
    },
}


def open_media(path: Path) -> InputContainer:
    """Open a file of one of `FORMATS`.

    Raises:
        av.FFmpegError: it is none, or damaged; a missing file is a `FileNotFoundError` too.
        UnicodeError: its tags cannot be read.
    """
    import av

    # From 19 on this is how tags are read anyway, and the argument is gone.
    is_old = int(av.__version__.split(".")[0]) < 19
    more: dict[str, Any] = {"metadata_errors": "surrogateescape"} if is_old else {}
    container: InputContainer = av.open(f"file:{path.resolve()}", **_OPEN, **more)
    return container

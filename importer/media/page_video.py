"""Fetches a video by the address of its TikTok page, with yt-dlp.

Only for posts whose export carries a page link instead of a signed one. TikTok's pages change and
defend themselves, so this way is allowed to fail, and says what the user can do instead.
"""

from __future__ import annotations

import errno
import glob
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.errors import Refused, TryLater
from importer.landing import full, land
from importer.media.download import MOST_BYTES
from importer.media.page_trouble import Listener, Wish, causes, translate, words
from importer.step import Step

if TYPE_CHECKING:
    from yt_dlp import YoutubeDL

RESERVE = 64 << 20
# Every server of AT Protocol video takes h264; what else there is would have to be converted.
_FORMAT = "b[vcodec^=h264]/b[vcodec^=avc]/b"
_TIMEOUT = 30
_BLOCK = 256 << 10

_OTHER_WAYS = (
    "Request a fresh export from TikTok, whose links need no page, or put the video file into a "
    "folder and name it with --source FOLDER."
)
# Parts of yt-dlp's own messages (October 2026), in lower case.
_NO_VIDEO = ("unsupported url", "no video formats", "format is not available")


def download_page(
    url: str, target: Path, step: Step, *, reserve: int = RESERVE, most: int = MOST_BYTES
) -> None:
    """Fetch the video of the post at `url` to `target`, in h264 where TikTok has it.

    `step` counts bytes. A cut-off download starts again: TikTok may offer another file next time,
    and the halves of two files are no video. `reserve` bytes of the disk are left free, and no more
    than `most` are fetched.

    Raises:
        Refused: `private`, `gone`, `endless` or `no_video`.
        TryLater: `blocked`, `rate_limited`, `unreachable`, `incomplete` or `page_unreadable`.
        DiskFull: no room for the file.
        Stopped: the step was told to stop.
    """
    from yt_dlp.utils import YoutubeDLError

    step.check()
    target.parent.mkdir(parents=True, exist_ok=True)
    # The name marks what a killed run leaves as half-made.
    stem = f"{target.name}.part.page"
    begun = False
    listener = Listener()

    def on_progress(state: dict[str, Any]) -> None:
        nonlocal begun
        step.check()
        step.done = state.get("downloaded_bytes") or 0
        step.total = state.get("total_bytes") or state.get("total_bytes_estimate")
        if max(step.done, step.total or 0) > most:
            raise _endless(url, most)
        needed = reserve + int(step.total or 0)
        if not begun and shutil.disk_usage(target.parent).free < needed:
            raise full(target)
        begun = True

    try:
        with client(target.parent, stem, on_progress, listener) as youtube:
            info = youtube.extract_info(url, download=True)
        downloads = (info or {}).get("requested_downloads") or []
        if len(downloads) != 1:
            raise _no_video(url)
        land(Path(downloads[0]["filepath"]), target)
    except YoutubeDLError as error:
        raise _translated(error, url, target, listener, begun=begun) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full(target) from error
        raise
    finally:
        for left in target.parent.glob(glob.escape(stem) + ".*"):
            left.unlink(missing_ok=True)


def client(
    folder: Path, stem: str, on_progress: Any, listener: Listener | None = None
) -> YoutubeDL:
    """A yt-dlp that writes one video to `<folder>/<stem>.<extension>` and no other file.

    What it would print goes to `listener`.
    """
    from yt_dlp import YoutubeDL

    return YoutubeDL(
        {
            "quiet": True,
            "noprogress": True,
            "no_warnings": True,
            "logger": listener or Listener(),
            "color": "no_color",
            "paths": {"home": str(folder)},
            "outtmpl": {"default": stem.replace("%", "%%") + ".%(ext)s"},
            "format": _FORMAT,
            "noplaylist": True,
            "extract_flat": "in_playlist",
            "cachedir": False,
            "continuedl": False,
            "updatetime": False,
            "fixup": "never",
            "socket_timeout": _TIMEOUT,
            "retries": 3,
            "extractor_retries": 2,
            "buffersize": _BLOCK,
            "noresizebuffer": True,
            "progress_hooks": [on_progress],
        }
    )


def _translated(
    error: Exception, url: str, target: Path, listener: Listener, *, begun: bool
) -> Exception:
    from yt_dlp.networking.exceptions import HTTPError, TransportError

    led_here = list(causes(error))
    if any(isinstance(e, OSError) and e.errno in (errno.ENOSPC, errno.EDQUOT) for e in led_here):
        return full(target)
    if not any(isinstance(cause, HTTPError) for cause in led_here):
        if begun:
            return TryLater(
                f"The download of the video at {url} was cut off.",
                hint="Tokaway tries again later by itself.",
                code="incomplete",
            )
        answered = not any(isinstance(cause, TransportError) for cause in led_here)
        if answered and any(part in words(error) for part in _NO_VIDEO):
            return _no_video(url)
    wish = Wish(
        subject=f"the post at {url}",
        loss="its video cannot be fetched from the page",
        again="Tokaway tries again by itself.",
        other_ways=_OTHER_WAYS,
    )
    return translate(error, wish, no_browser=listener.no_browser)


def _no_video(url: str) -> Refused:
    return Refused(f"There is no video at {url}.", hint=_OTHER_WAYS, code="no_video")


def _endless(url: str, most: int) -> Refused:
    return Refused(
        f"What comes from {url} has more than {most:,} bytes, so it was not kept.",
        hint=_OTHER_WAYS,
        code="endless",
    )

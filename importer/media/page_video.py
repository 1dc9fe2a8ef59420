"""Fetches a video by the address of its TikTok page, with yt-dlp.

Only for posts whose export carries a page link instead of a signed one. TikTok's pages change and
defend themselves, so this way is allowed to fail, and says what the user can do instead.
"""

from __future__ import annotations

import errno
import glob
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.errors import Refused, StepError, TryLater
from importer.media.part_file import full, land
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
# Parts of yt-dlp's own messages (extractor/tiktok.py, October 2026), in lower case.
_PRIVATE = ("permission", "log in", "login", "private", "cookies")
_GONE = ("video not available", "has been removed", "does not exist")
_NO_VIDEO = ("unsupported url", "no video formats", "format is not available")


def download_page(url: str, target: Path, step: Step, *, reserve: int = RESERVE) -> None:
    """Fetch the video of the post at `url` to `target`, in h264 where TikTok has it.

    `step` counts bytes. A cut-off download starts again: TikTok may offer another file next time,
    and the halves of two files are no video. `reserve` bytes of the disk are left free.

    Raises:
        Refused: `private`, `gone` or `no_video`.
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

    def on_progress(state: dict[str, Any]) -> None:
        nonlocal begun
        step.check()
        step.done = state.get("downloaded_bytes") or 0
        step.total = state.get("total_bytes") or state.get("total_bytes_estimate")
        needed = reserve + int(step.total or 0)
        if not begun and shutil.disk_usage(target.parent).free < needed:
            raise full(target)
        begun = True

    try:
        with client(target.parent, stem, on_progress) as youtube:
            info = youtube.extract_info(url, download=True)
        downloads = (info or {}).get("requested_downloads") or []
        if len(downloads) != 1:
            raise _no_video(url)
        land(Path(downloads[0]["filepath"]), target)
    except YoutubeDLError as error:
        raise _translate(error, url, target, begun=begun) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full(target) from error
        raise
    finally:
        for left in target.parent.glob(glob.escape(stem) + ".*"):
            left.unlink(missing_ok=True)


def client(folder: Path, stem: str, on_progress: Any) -> YoutubeDL:
    """A yt-dlp that writes one video to `<folder>/<stem>.<extension>` and no other file."""
    from yt_dlp import YoutubeDL

    return YoutubeDL(
        {
            "quiet": True,
            "noprogress": True,
            "no_warnings": True,
            "logger": _Mute(),
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


class _Mute:
    """Swallows what yt-dlp would print: all that matters comes as an exception."""

    def debug(self, text: str) -> None: ...

    def info(self, text: str) -> None: ...

    def warning(self, text: str) -> None: ...

    def error(self, text: str) -> None: ...


def _translate(error: Exception, url: str, target: Path, *, begun: bool) -> Exception:
    from yt_dlp.networking.exceptions import HTTPError, TransportError

    causes = list(_causes(error))
    if any(isinstance(e, OSError) and e.errno in (errno.ENOSPC, errno.EDQUOT) for e in causes):
        return full(target)
    answers = [cause for cause in causes if isinstance(cause, HTTPError)]
    for answer in answers:
        # yt-dlp leaves the connection of a refused request open.
        answer.response.close()
    if answers:
        return _by_status(answers[0].status, url)
    if begun:
        return TryLater(
            f"The download of the video at {url} was cut off.",
            hint="Tokaway tries again later by itself.",
            code="incomplete",
        )
    if any(isinstance(cause, TransportError) for cause in causes):
        return TryLater(
            f"TikTok does not answer, so the video at {url} could not be fetched.",
            hint="Check the connection to the internet; Tokaway tries again by itself.",
            code="unreachable",
            whole_stage=True,
            unreachable=True,
        )
    return _by_words(str(error).casefold(), url)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and everything that led to it: yt-dlp hides the first cause in several places."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        exc_info = getattr(current, "exc_info", None) or (None, None, None)
        inner = getattr(current, "cause", None)
        waiting += [exc_info[1], current.__cause__, current.__context__]
        waiting += [inner] if isinstance(inner, BaseException) else []


def _by_status(status: int, url: str) -> StepError:
    if status in (404, 410):
        return _gone(url)
    if status == 429:
        return TryLater(
            "TikTok asks for a pause between downloads. Nothing is lost.",
            hint="Tokaway goes on by itself after the pause.",
            code="rate_limited",
            whole_stage=True,
        )
    if status in (401, 403):
        return _blocked(url)
    return TryLater(
        f"TikTok has trouble of its own (status {status}) with the video at {url}.",
        hint="Tokaway tries again later by itself.",
        code="unreachable",
    )


def _by_words(text: str, url: str) -> StepError:
    if "ip address is blocked" in text:
        return _blocked(url)
    if any(words in text for words in _PRIVATE):
        return Refused(
            f"TikTok shows the post at {url} to signed-in viewers only, so its video cannot be "
            "fetched from the page.",
            hint=_OTHER_WAYS,
            code="private",
        )
    if any(words in text for words in _GONE):
        return _gone(url)
    if any(words in text for words in _NO_VIDEO):
        return _no_video(url)
    return TryLater(
        f"TikTok's page {url} could not be read: its form may have changed.",
        hint="A newer yt-dlp often helps: pip install --upgrade yt-dlp. " + _OTHER_WAYS,
        code="page_unreadable",
    )


def _gone(url: str) -> Refused:
    return Refused(
        f"TikTok no longer shows the post at {url}, so its video cannot be fetched from the page.",
        hint=_OTHER_WAYS,
        code="gone",
    )


def _no_video(url: str) -> Refused:
    return Refused(f"There is no video at {url}.", hint=_OTHER_WAYS, code="no_video")


def _blocked(url: str) -> TryLater:
    return TryLater(
        f"TikTok does not give the video at {url} to this network.",
        hint="Try another network or wait some hours. " + _OTHER_WAYS,
        code="blocked",
    )

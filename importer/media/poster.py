"""A poster: the small still by which a person knows a post again in the report."""

from __future__ import annotations

import contextlib
import io
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import (
    Image,
    WebPImagePlugin,  # noqa: F401  Pillow would load all of its forty formats to write this one
)

from importer.errors import DiskFull, Refused
from importer.landing import landing
from importer.media.container import MAX_PIXELS, open_media
from importer.media.photos import small_picture

if TYPE_CHECKING:
    from av.codec.context import CodecContext
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

POSTER_NAME = "poster.webp"
LONG_SIDE = 160

# A little into the video: many begin in black, or with a blur.
_AT_SECONDS = 0.5
# On the way there from the key frame before it.
_MOST_FRAMES = 30
# For files that are large, slow or hostile.
_MOST_SECONDS = 2.0
# WebP's scale; at this size more is not seen.
_QUALITY = 55
_TURNS = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


def poster(path: Path) -> bytes | None:
    """A small WebP of a video or a photo, upright, `LONG_SIDE` pixels at its longer side.

    It holds pixels only, none of the notes of its original. `None` if the file is missing, is no
    media, or is too damaged to show anything.
    """
    try:
        picture: Image.Image | None = small_picture(path, LONG_SIDE)
    except Refused as refused:
        picture = _of_video(path) if refused.code == "not_media" else None
    except OSError:
        return None
    return None if picture is None else _webp(picture)


def kept_poster(original: Path, *, make: bool = True) -> bytes | None:
    """The poster of an original as it is kept beside it; made if it is missing or older.

    One that cannot be kept, for lack of room, is given all the same. With `make` off, what is
    not there is not made.
    """
    kept = original.with_name(POSTER_NAME)
    with contextlib.suppress(OSError):
        if not original.exists() or kept.stat().st_mtime_ns >= original.stat().st_mtime_ns:
            return kept.read_bytes()
    made = poster(original) if make else None
    if made:
        with contextlib.suppress(OSError, DiskFull), landing(kept) as part:
            part.write_bytes(made)
    return made


def _webp(picture: Image.Image) -> bytes:
    # A bare copy: Pillow writes profiles and notes it finds in `info`.
    bare = Image.new("RGB", picture.size)
    bare.paste(picture)
    content = io.BytesIO()
    bare.save(content, "WEBP", quality=_QUALITY)
    return content.getvalue()


def _of_video(path: Path) -> Image.Image | None:
    import av

    try:
        # Where a seek leads past all key frames, as in short transport streams: from the start.
        return _still(path, _AT_SECONDS) or _still(path, 0)
    except (av.FFmpegError, OSError, UnicodeError, ValueError):
        return None


def _still(path: Path, at: float) -> Image.Image | None:
    with open_media(path) as container:
        video = _stream(container)
        frame = _frame(container, video, at) if video else None
        return _upright(frame, video) if video and frame else None


def _stream(container: InputContainer) -> VideoStream | None:
    from av.stream import Disposition

    for stream in container.streams.video:
        # PyAV's stubs do not say it, but a stream without a decoder has no context.
        context: CodecContext | None = stream.codec_context
        if context is None or Disposition.attached_pic in stream.disposition:
            continue
        return stream if stream.width * stream.height <= MAX_PIXELS else None
    return None


def _frame(container: InputContainer, video: VideoStream, at: float) -> VideoFrame | None:
    """The whole frame `at` seconds, or the nearest before it that is found in time."""
    import av
    from av.video.frame import VideoFrame

    # Each thread holds frames of its own, and there is but one frame to decode.
    video.codec_context.thread_count = 1
    # Most frames on the way are decoded only because others build on them.
    video.codec_context.skip_frame = "NONREF"
    start = (container.start_time or 0) / av.time_base
    wanted = start + at
    if container.duration:
        wanted = start + min(at, container.duration / av.time_base / 2)
    if at:
        with contextlib.suppress(av.FFmpegError):
            container.seek(int(wanted * av.time_base), backward=True)
    until = time.monotonic() + _MOST_SECONDS
    best, seen = None, 0
    for packet in container.demux(video):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            frames = []
        for frame in frames:
            if isinstance(frame, VideoFrame) and not frame.is_corrupt:
                best = frame
            seen += 1
        is_there = best is not None and best.time is not None and best.time >= wanted
        if is_there or (best and seen >= _MOST_FRAMES) or time.monotonic() > until:
            break
    return best


def _upright(frame: VideoFrame, video: VideoStream) -> Image.Image:
    ratio = video.sample_aspect_ratio
    width, height = frame.width * float(ratio or 1), float(frame.height)
    scale = LONG_SIDE / max(width, height)
    small: Image.Image = frame.to_image(  # type: ignore[no-untyped-call]
        width=max(1, round(width * scale)),
        height=max(1, round(height * scale)),
        interpolation="AREA",
    )
    turn = _TURNS.get(frame.rotation % 360)
    return small if turn is None else small.transpose(turn)

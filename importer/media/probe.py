"""Learning what a media file is: codecs, displayed size, length, and what its container hides."""

from __future__ import annotations

import contextlib
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.errors import Refused
from importer.media import boxes
from importer.media.boxes import Boxes
from importer.media.container import MAX_PIXELS, open_media
from importer.media.facts import MediaFacts
from importer.media.problems import problems
from importer.media.tracks import PICTURE, SOUND, Track

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

_PROGRESSIVE = frozenset({0, 1})
_HDR_TRANSFERS = frozenset({16, 18})  # SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG)


def probe(path: Path) -> MediaFacts:
    """Look at the media file `path` without decoding it.

    Raises:
        Refused: it is no video we can use; the code is `empty`, `not_media`, `truncated`,
            `no_video`, `undecodable` or `damaged`.
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    if size == 0:
        raise Refused(
            "The file is empty, so there is no video in it.",
            hint="Download or copy it again.",
            code="empty",
        )
    frame = boxes.scan(path)
    if frame.truncated:
        raise Refused(
            "The file stops before its end: only a part of the video was saved.",
            hint="Download or copy it again.",
            code="truncated",
        )
    facts = _from_index(frame, size)
    if facts:
        return facts
    import av

    try:
        container = open_media(path)
    except (av.FFmpegError, UnicodeError) as error:
        if isinstance(error, (FileNotFoundError, PermissionError)):
            raise
        raise _unreadable(path, frame) from error
    with container:
        return _facts(container, frame, size)


def _from_index(frame: Boxes, size: int) -> MediaFacts | None:
    """The facts of a plain H.264 file by its index alone; `None` for whatever is not so plain.

    Opening a file with FFmpeg takes twenty times as long, and most files need nothing else.
    """
    pictures, sounds = frame.of(PICTURE), frame.of(SOUND)
    if len(pictures) != 1 or len(sounds) > 1 or frame.fragmented:
        return None
    video, audio = pictures[0], sounds[0] if sounds else None
    picture = video.picture
    if (
        picture is None
        or video.codec not in {"avc1", "avc3"}
        or not picture.progressive
        or picture.width * picture.height > MAX_PIXELS
        or not video.samples
        # Of other sound, MP3 for one, an index need not know how many channels there are.
        or (audio is not None and audio.codec != "aac")
    ):
        return None
    aspect = video.aspect or picture.aspect
    shown = (max(1, round(picture.width * aspect)), picture.height)
    if video.rotation in {90, 270}:
        shown = (shown[1], shown[0])
    both = [video, audio] if audio else [video]
    return MediaFacts(
        bytes=size,
        container="mov" if frame.brand in {"qt  ", None} else "mp4",
        width=shown[0],
        height=shown[1],
        seconds=max(track.end for track in both) - min(track.start for track in both),
        codec="h264",
        pixel_format=picture.pixel_format,
        audio_codec=audio.codec if audio else None,
        audio_channels=audio.channels if audio else 0,
        frame_rate=_frame_rate(video),
        rotation=video.rotation,
        hdr=bool({picture.transfer, video.transfer} & _HDR_TRANSFERS),
        square_pixels=abs(aspect - 1) < 0.001,
        coded_width=picture.width,
        coded_height=picture.height,
        irregular=video.is_irregular,
        hidden_seconds=video.hidden,
        hidden_sound_seconds=audio.hidden if audio else 0.0,
        problems=tuple(problems(frame, "mp4", len(frame.tracks), audio is not None, ())),
    )


def _facts(container: InputContainer, frame: Boxes, size: int) -> MediaFacts:
    video = _video_stream(container, frame)
    audio = container.streams.audio[0] if container.streams.audio else None
    context = video.codec_context
    width, height = context.width, context.height
    if width * height > MAX_PIXELS:
        raise Refused(
            f"The picture is {width} x {height} pixels, more than any player can show.",
            hint="Save the video again with at most 4096 pixels a side.",
            code="undecodable",
        )
    if context.pix_fmt is None or width < 1 or height < 1:
        raise Refused(
            "The file says it is a video, but its pictures cannot be read.",
            hint="Download or copy it again; if it stays so, the video is lost.",
            code="damaged",
        )
    aspect = _ratio(video.sample_aspect_ratio) or 1.0
    shown = (max(1, round(width * aspect)), height)
    if frame.rotation in {90, 270}:
        shown = (shown[1], shown[0])
    pictures, sounds = frame.of(PICTURE), frame.of(SOUND)
    indexed = pictures[0] if pictures and pictures[0].samples else None
    timed = indexed or _by_packets(container, video)
    return MediaFacts(
        bytes=size,
        container=_container_name(container, frame),
        width=shown[0],
        height=shown[1],
        seconds=_seconds(container, video, audio) or timed.end - timed.start,
        codec=context.codec.canonical_name,
        pixel_format=context.pix_fmt,
        audio_codec=_audio_codec(audio),
        audio_channels=audio.codec_context.channels if audio and audio.codec_context else 0,
        frame_rate=_frame_rate(timed)
        if indexed or timed.is_irregular
        else _ratio(video.average_rate),
        rotation=frame.rotation,
        interlaced=context.field_order not in _PROGRESSIVE,
        hdr=context.color_trc in _HDR_TRANSFERS,
        square_pixels=abs(aspect - 1) < 0.001,
        coded_width=width,
        coded_height=height,
        irregular=timed.is_irregular,
        hidden_seconds=pictures[0].hidden if pictures else 0.0,
        hidden_sound_seconds=sounds[0].hidden if sounds else 0.0,
        dolby_vision=pictures[0].dolby_vision if pictures else None,
        problems=tuple(
            problems(
                frame,
                container.format.name,
                len(container.streams),
                audio is not None,
                _tags(container),
            )
        ),
    )


def _frame_rate(video: Track) -> float | None:
    """The mean rate; where single pictures fall out of step, that of all others."""
    if video.is_irregular:
        return video.usual_rate
    length = sum(count * seconds for count, seconds in video.intervals)
    return video.samples / length if length else None


def _by_packets(container: InputContainer, video: VideoStream) -> Track:
    """When pictures are shown by their packets' own times, for files without an index of them.

    Damage ends the reading: whoever converts the file will meet it too.
    """
    import av

    base = _ratio(video.time_base) or 0.0
    shown: list[tuple[float, float]] = []
    with contextlib.suppress(av.FFmpegError):
        shown.extend(
            (packet.pts * base, (packet.duration or 0) * base)
            for packet in container.demux(video)
            if packet.pts is not None
        )
    if not shown:
        return Track(PICTURE)
    shown.sort()
    gaps = [after - before for (before, _), (after, _) in pairwise(shown)]
    last, lasts = shown[-1]
    return Track(
        PICTURE,
        start=shown[0][0],
        end=last + lasts,
        samples=len(shown),
        intervals=tuple((1, gap) for gap in (*gaps, lasts)),
    )


def _video_stream(container: InputContainer, frame: Boxes) -> VideoStream:
    from av.stream import Disposition

    streams = [s for s in container.streams.video if Disposition.attached_pic not in s.disposition]
    if not streams or ("meta" in frame.order and "moov" not in frame.order):
        what = "sound" if container.streams.audio else "no moving picture"
        raise Refused(
            f"The file holds {what} only, not a video."
            if what == "sound"
            else "The file holds no moving picture.",
            hint="Choose the file of the video itself.",
            code="no_video",
        )
    # PyAV's stubs do not say it, but a stream without a decoder has no context.
    context: object = streams[0].codec_context
    if context is None:
        raise Refused(
            "The video is in a form that no public program can play (TikTok's own “bytevc2”, "
            "perhaps).",
            hint="Get this video in another version: choose H.264 or HEVC when downloading.",
            code="undecodable",
        )
    return streams[0]


def _container_name(container: InputContainer, frame: Boxes) -> str:
    if not frame.is_iso_media:
        return container.format.name
    return "mov" if frame.brand in {"qt  ", None} else "mp4"


def _audio_codec(audio: AudioStream | None) -> str | None:
    if audio is None:
        return None
    context: Any = audio.codec_context
    return "unknown" if context is None else str(context.codec.canonical_name)


def _seconds(container: InputContainer, video: VideoStream, audio: AudioStream | None) -> float:
    """From the first to the last moment of picture and sound, other streams left out.

    0 for recordings that never learnt how long they are.
    """
    starts: list[float] = []
    ends: list[float] = []
    for stream in (video, audio):
        base = _ratio(stream.time_base) if stream else None
        if stream and base and stream.duration:
            start = (stream.start_time or 0) * base
            starts.append(start)
            ends.append(start + stream.duration * base)
    if ends:
        return max(ends) - min(starts)
    return container.duration / 1_000_000 if container.duration else 0.0


def _tags(container: InputContainer) -> dict[str, str]:
    tags = dict(container.metadata)
    for stream in container.streams:
        tags |= stream.metadata
    return tags


def _unreadable(path: Path, frame: Boxes) -> Refused:
    if frame.is_iso_media:
        return Refused(
            "The video is damaged: its index cannot be read.",
            hint="Download or copy it again.",
            code="damaged",
        )
    with path.open("rb") as file:
        what = looks_like(file.read(512))
    return Refused(
        f"The file is {what} instead of a video.",
        hint="Download it again: the link has probably expired.",
        code="not_media",
    )


def looks_like(head: bytes) -> str:
    """What the first bytes of a file seem to be that is no media, in words."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"#extm3u", b"ffconcat")):
        return "a playlist (a list of other files)"
    if start.startswith(b"<"):
        return "a web page"
    if start.startswith((b"{", b"[")):
        return "a data file (JSON)"
    printable = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in head)
    return "text" if printable > 0.9 * len(head) else "something unknown"


def _ratio(value: Any) -> float | None:
    """A rational of either PyAV generation as a number; `None` when it is unset."""
    if value is None or not value.denominator or not value.numerator:
        return None
    return float(value.numerator / value.denominator)

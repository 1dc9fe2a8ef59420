"""Making one video of a set of photos, with their sound if there is one."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ffmpeg as command

from importer.landing import landing
from importer.media.container import MAX_PIXELS
from importer.media.encoders import SOFTWARE
from importer.media.ffmpeg import Ffmpeg
from importer.media.fit import AUDIO_BPS, video_bitrate_cap
from importer.media.photos import framed_jpeg
from importer.model import Limits
from importer.step import Step

SECONDS_EACH = 3.0
_WIDTH, _HEIGHT, _RATE = 1080, 1920, 30
_MOST_BPS = 12_000_000
_SOUND_FORMATS = "mp3,mov,mp4,m4a,aac,ogg,wav,flac,matroska,webm"
_SAFE: dict[str, Any] = {"protocol_whitelist": "file", "max_pixels": MAX_PIXELS}
_OUTPUT: dict[str, Any] = {
    "map_metadata": "-1",
    "map_chapters": "-1",
    "fflags": "+bitexact",
    "movflags": "+faststart",
    "f": "mp4",
    "c:a": "aac",
    "b:a": AUDIO_BPS,
    # One channel stays one: made two it would be quieter.
    "af": "aformat=channel_layouts=mono|stereo",
    "colorspace": "bt709",
    "color_primaries": "bt709",
    "color_trc": "bt709",
    "tune": "stillimage",
}


def make_slideshow(
    photos: Sequence[Path],
    sound: Path | None,
    target: Path,
    limits: Limits,
    ffmpeg: Ffmpeg,
    step: Step,
) -> None:
    """Show photos for three seconds each, or shorter if the video would be too long otherwise.

    A sound that is shorter begins again, a longer one is cut off. `target` appears whole and on
    disk, or not at all.

    Raises:
        Refused: a photo cannot be read, or as `Ffmpeg.run` says.
        Stopped, DiskFull: as `Ffmpeg.run` says.
    """
    each = min(SECONDS_EACH, (limits.video_seconds - 0.1) / len(photos))
    seconds = each * len(photos)
    frames = tempfile.TemporaryDirectory(prefix=f"{target.name}.", dir=target.parent)
    with landing(target) as part, frames as folder:
        for number, photo in enumerate(photos):
            step.check()
            stem = Path(folder) / f"{number:04}"
            stem.with_suffix(".jpg").write_bytes(framed_jpeg(photo, _WIDTH, _HEIGHT))
        output = _output(Path(folder), sound, part, each, seconds, limits)
        arguments = command.compile(output, cmd="ffmpeg", overwrite_output=True)[1:]
        ffmpeg.run(["-nostdin", "-hide_banner", "-v", "error", *arguments], step, seconds)


def _output(
    folder: Path, sound: Path | None, part: Path, each: float, seconds: float, limits: Limits
) -> Any:
    # image2 takes a percent sign in a folder's name for a pattern unless it is doubled.
    pattern = f"{str(folder.resolve()).replace('%', '%%')}/%04d.jpg"
    shown = command.input(
        f"file:{pattern}", f="image2", framerate=f"{1 / each:.6f}", pattern_type="sequence", **_SAFE
    )
    rate = min(_MOST_BPS, video_bitrate_cap(seconds, AUDIO_BPS if sound else 0, limits.bytes))
    streams = [shown["v:0"]]
    if sound:
        heard = command.input(
            f"file:{sound.resolve()}", stream_loop=-1, format_whitelist=_SOUND_FORMATS, **_SAFE
        )
        streams.append(heard["a:0"])
    return command.output(
        *streams,
        f"file:{part.resolve()}",
        **_OUTPUT,
        **SOFTWARE.options,
        **SOFTWARE.rate_limit(rate),
        vf=_chain(each),
        t=f"{seconds:.6f}",
    )


def _chain(each: float) -> str:
    """JPEG's colours become those of video; the last photo lasts as long as the others."""
    return ",".join(
        (
            "scale=in_color_matrix=bt601:out_color_matrix=bt709:in_range=full:out_range=tv",
            f"fps={_RATE}",
            f"tpad=stop_mode=clone:stop_duration={each:.6f}",
            "format=yuv420p",
        )
    )

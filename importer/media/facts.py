"""What looking at a media file tells, before anything is decided."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What probing tells about a media file.

    `width` and `height` are the displayed size in pixels: rotation and sample aspect ratio
    applied. `seconds` is the duration. `codec`, `pixel_format` and `audio_codec` carry FFmpeg's
    names. `irregular` pictures have the times of a video that was cut without encoding it.
    `hidden_seconds` of picture and `hidden_sound_seconds` are in the file but not shown.
    `dolby_vision` is a profile number. `problems` are reasons, in words, why the container
    cannot be sent as it is.
    """

    bytes: int
    container: str
    width: int
    height: int
    seconds: float
    codec: str
    pixel_format: str
    audio_codec: str | None = None
    audio_channels: int = 0
    frame_rate: float | None = None
    rotation: int = 0
    interlaced: bool = False
    hdr: bool = False
    square_pixels: bool = True
    coded_width: int = 0
    coded_height: int = 0
    irregular: bool = False
    hidden_seconds: float = 0.0
    hidden_sound_seconds: float = 0.0
    dolby_vision: int | None = None
    problems: tuple[str, ...] = ()

    @property
    def codecs(self) -> str:
        """Both codecs as one word for tables: `h264/aac`."""
        return f"{self.codec}/{self.audio_codec}" if self.audio_codec else self.codec


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What looking at a photo tells.

    `form` is `jpeg`, `png`, `webp`, `heif`, `avif` or `gif`. `width` and `height` are the
    displayed size in pixels. `is_upright` is false when a viewer must turn or mirror it,
    `is_srgb` when its colours are other than those of screens. `problems` are reasons, in words,
    why the file cannot be sent although its picture is right.
    """

    bytes: int
    form: str
    width: int
    height: int
    is_upright: bool = True
    is_srgb: bool = True
    is_animated: bool = False
    problems: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """It lasts no time."""
        return 0.0

    @property
    def codecs(self) -> str:
        """Its form, where a video has its codecs."""
        return self.form

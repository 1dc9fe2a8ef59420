"""Making a file the servers accept: repacked, with new sound, or encoded anew; then checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ffmpeg as command

from importer.errors import Refused
from importer.landing import landing
from importer.media import fit as rule
from importer.media.colour_profile import blank_profiles
from importer.media.container import FORMATS, MAX_PIXELS
from importer.media.encoders import SOFTWARE, Encoder
from importer.media.facts import MediaFacts
from importer.media.ffmpeg import Ffmpeg
from importer.media.probe import probe
from importer.model import Action, Fit, Limits
from importer.step import Step

_SECONDS_TOLERANCE = 0.1
# Above this the size cap is out of reach, and a rate limit would only raise the H.264 level.
_UNLIMITED_BPS = 60_000_000
# Below this a 1080p picture looks worse than a 720p one of the same size.
_SMALL_PICTURE_BPS = 2_500_000
_LONGEST_SIDE = 1920
# The fastest that phones film. A file may claim a million pictures a second, and never end.
_HIGHEST_RATE = 240.0
_SMALL_LONGEST_SIDE = 1280

_INPUT: dict[str, Any] = {
    "nostdin": None,
    "hide_banner": None,
    "v": "error",
    "xerror": None,
    "err_detect": "explode",
    "max_pixels": MAX_PIXELS,
    "protocol_whitelist": "file",
    "format_whitelist": FORMATS,
}
_OUTPUT: dict[str, Any] = {
    "map_metadata": "-1",
    "map_chapters": "-1",
    "fflags": "+bitexact",
    "movflags": "+faststart",
    "f": "mp4",
}
# What begins at the end of a stretch belongs to the next one.
_BEFORE_NEXT = 0.001
_NO_DEVICE: Mapping[str, Any] = {}
# Measured on patches of known colour: SDR parts of the picture come through unchanged. The
# transfer (PQ or HLG) is tagged on the frames; primaries and matrix often are not.
_HDR_TO_SDR = (
    "setparams=color_primaries=bt2020:colorspace=bt2020nc:range=tv",
    "zscale=t=linear:npl=203",
    "format=gbrpf32le",
    "zscale=p=bt709",
    "tonemap=tonemap=mobius:param=0.7:desat=0:peak=4.93",
    "zscale=t=bt709:m=bt709:r=tv",
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a video, in seconds from its start.

    To be copied it must begin with a key frame; `decoded_end` is then when the key frame at its
    end is decoded, which may be some pictures before it is shown. The last part is read `to_end`,
    whatever the length of its last packet.
    """

    start: float
    end: float
    decoded_end: float | None = None
    to_end: bool = False

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


def convert(
    source: Path,
    target: Path,
    facts: MediaFacts,
    fit: Fit,
    limits: Limits,
    ffmpeg: Ffmpeg,
    step: Step,
    *,
    stretch: Stretch | None = None,
    encoder: Encoder = SOFTWARE,
) -> tuple[MediaFacts, Fit]:
    """Treat `source`, or a `stretch` of it, as `fit` says and put the result at `target`.

    `fit` must say REMUX, AUDIO or TRANSCODE. A copy that fails or is still not good enough is
    followed by a full conversion, and an `encoder` that fails by the software one. `target`
    appears whole and on disk, or not at all.

    Returns:
        The facts of the result, and what was done in the end.

    Raises:
        Refused: `damaged` (the source cannot be read to its end), `too_large` (no conversion
            fits the server's limit), `conversion` (the result is not what it should be), or as
            `Ffmpeg.run` says.
        Stopped, DiskFull: as `Ffmpeg.run` says.
    """
    if fit.action not in {Action.REMUX, Action.AUDIO, Action.TRANSCODE}:
        raise ValueError(f"nothing to convert for {fit.action}")
    if stretch:
        share = stretch.seconds / facts.seconds if facts.seconds else 1.0
        facts = replace(facts, seconds=stretch.seconds, bytes=round(facts.bytes * share))
    with landing(target) as part:
        work = _Work(source, part, facts, limits, ffmpeg, step, stretch, encoder)
        result = work.copied(fit.action)
        if result is None:
            result = work.encoded()
            if fit.action is not Action.TRANSCODE:
                fit = Fit(Action.TRANSCODE, "Converted: it could not be repacked as it is.")
    return result, fit


class _Work:
    """One conversion: the commands, tried from the gentlest to the last."""

    def __init__(
        self,
        source: Path,
        part: Path,
        facts: MediaFacts,
        limits: Limits,
        ffmpeg: Ffmpeg,
        step: Step,
        stretch: Stretch | None,
        encoder: Encoder,
    ) -> None:
        self._source = source
        self._part = part
        self._facts = facts
        self._limits = limits
        self._ffmpeg = ffmpeg
        self._step = step
        self._stretch = stretch
        self._encoder = encoder

    def copied(self, action: Action) -> MediaFacts | None:
        """The result with the picture untouched; `None` when only encoding will do."""
        if action is Action.TRANSCODE:
            return None
        audio = _audio(self._facts) if action is Action.AUDIO else {"c:a": "copy"}
        try:
            self._run({"c:v": "copy"} | audio)
        except Refused as error:
            # Some streams cannot be put into an MP4 as they are. A damaged source fails again.
            if error.code != "ffmpeg_failed":
                raise
            return None
        result = self._probe()
        return result if result and self._complete(result) and self._kept(result) else None

    def encoded(self) -> MediaFacts:
        """The result with the picture encoded anew, within the size limit."""
        audio = rule.audio_bps(self._facts)
        rate = max(
            rule.MIN_VIDEO_BPS,
            rule.video_bitrate_cap(self._facts.seconds, audio, self._limits.bytes),
        )
        for _ in range(2):
            self._encode(rate)
            result = self._probe()
            if result is None or not self._complete(result):
                raise _damaged("the converted video is not as long as the original.")
            if result.bytes <= self._limits.bytes:
                break
            rate = _tighter(rate, result, self._limits.bytes)
        else:
            raise Refused(
                "Even strongly compressed, this video is larger than the server takes "
                f"({self._limits.bytes:,} bytes).",
                hint="Shorten the video, or use a server with a higher limit.",
                code="too_large",
            )
        if result.irregular and not self._facts.irregular:
            # Its times were not to be seen beforehand, or came of a cut.
            self._facts = replace(self._facts, irregular=True, frame_rate=result.frame_rate)
            return self.encoded()
        if not self._kept(result):
            raise Refused(
                "The converted video is still not what the server takes: "
                + rule.decide(result, self._limits).reason,
                hint="Please report this with the file's `tokaway plan` line.",
                code="conversion",
            )
        return result

    def _encode(self, rate: int) -> None:
        if self._encoder is not SOFTWARE:
            try:
                return self._run(_encoding(self._facts, rate, self._encoder), self._encoder.device)
            except Refused:
                # Chips have limits of their own: sizes, formats, how many at once.
                self._encoder = SOFTWARE
        try:
            self._run(_encoding(self._facts, rate, SOFTWARE))
        except Refused as error:
            if error.code != "ffmpeg_failed":
                raise
            raise _damaged(error.text) from error

    def _run(self, options: dict[str, Any], device: Mapping[str, Any] = _NO_DEVICE) -> None:
        is_copied = options["c:v"] == "copy"
        video, audio = self._streams(device, copied=is_copied)
        if self._stretch and self._stretch.start:
            # A packet that began before the cut is in the part before.
            options = options | {"copypriorss": 0}
        if self._stretch and not self._stretch.to_end and not is_copied:
            options = options | {"t": f"{self._stretch.seconds - _BEFORE_NEXT:.6f}"}
        output = command.output(video, audio, f"file:{self._part.resolve()}", **_OUTPUT, **options)
        arguments = command.compile(output, cmd="ffmpeg", overwrite_output=True)[1:]
        self._ffmpeg.run(arguments, self._step, self._facts.seconds or None)

    def _streams(self, device: Mapping[str, Any], *, copied: bool) -> tuple[Any, Any]:
        """Picture and sound of the source, or of the stretch.

        A stretch is opened twice: reading ends where a packet is decoded, which for pictures may
        be long before they are shown, and would cost or double some of the sound.
        """
        name = f"file:{self._source.resolve()}"
        options = _INPUT | dict(device)
        piece = self._stretch
        if piece is None:
            given = command.input(name, **options)
            return given["V:0"], given["a:0?"]
        start = {"ss": f"{piece.start:.6f}"} if piece.start else {}
        seen: dict[str, Any] = {}
        heard: dict[str, Any] = {}
        if not piece.to_end:
            heard["t"] = f"{piece.seconds - _BEFORE_NEXT:.6f}"
            end = piece.end if piece.decoded_end is None else piece.decoded_end
            if copied:
                seen["t"] = f"{end - piece.start - _BEFORE_NEXT:.6f}"
        video = command.input(name, **options, **start, **seen, an=None)
        audio = command.input(name, **_INPUT, **start, **heard, vn=None)
        return video["V:0"], audio["a:0?"]

    def _probe(self) -> MediaFacts | None:
        blank_profiles(self._part)
        try:
            return probe(self._part)
        except Refused:
            return None

    def _complete(self, result: MediaFacts) -> bool:
        frames = 2 / self._facts.frame_rate if self._facts.frame_rate else 0.0
        difference = abs(result.seconds - self._facts.seconds)
        has_sound = (result.audio_codec is None) == (self._facts.audio_codec is None)
        return has_sound and difference <= max(_SECONDS_TOLERANCE, frames)

    def _kept(self, result: MediaFacts) -> bool:
        # Repacking may round a video up by a frame; the original was short enough.
        limits = replace(
            self._limits, video_seconds=self._limits.video_seconds + _SECONDS_TOLERANCE
        )
        return rule.decide(result, limits).action is Action.KEEP


def _encoding(facts: MediaFacts, rate: int, encoder: Encoder) -> dict[str, Any]:
    """Options that encode the picture at constant quality, never above `rate` bits per second."""
    options: dict[str, Any] = {
        "vf": ",".join([*_chain(facts, rate), *encoder.upload]),
        "fps_mode": "vfr",
        **encoder.options,
    }
    if facts.irregular and facts.frame_rate:
        options |= {"fps_mode": "cfr", "r": f"{min(facts.frame_rate, _HIGHEST_RATE):.6g}"}
    if rate < _UNLIMITED_BPS:
        options |= encoder.rate_limit(rate)
    return options | ({"c:a": "copy"} if rule.keeps_audio(facts) else _audio(facts))


def _audio(facts: MediaFacts) -> dict[str, Any]:
    """Options that encode the sound as loud as it is: one channel made two would be quieter."""
    return {"c:a": "aac", "b:a": rule.AUDIO_BPS, "ac": 1 if facts.audio_channels == 1 else 2}


def _tighter(rate: int, result: MediaFacts, cap: int) -> int:
    """A rate limit that saves a tenth more than what `result` has over `cap`."""
    seconds = max(result.seconds, 1.0)
    spent = min(float(rate), result.bytes * 8 / seconds)
    over = (result.bytes - cap) * 8 / seconds
    # Sound cannot shrink: the picture must make up for all of it. 0 would mean "no limit".
    return max(10_000, int(min(spent - 1.1 * over, 0.9 * spent)))


def _chain(facts: MediaFacts, rate: int) -> list[str]:
    chain: list[str] = []
    if facts.hdr:
        chain += _HDR_TO_SDR
    if facts.interlaced:
        chain.append("bwdif=mode=send_frame")
    if not facts.hdr:
        chain.append("scale=out_range=tv")
    if not facts.square_pixels:
        chain.append("scale='trunc(iw*sar/2)*2':'trunc(ih/2)*2':flags=lanczos,setsar=1")
    side = _longest_side(facts, rate)
    if side:
        size = f"'if(gt(iw,ih),{side},-2)':'if(gt(iw,ih),-2,{side})'"
        # Rounding to even sizes bends the shape by a hair, which must not end up in the pixels.
        chain.append(f"scale={size}:flags=lanczos,setsar=1")
    elif facts.square_pixels:
        chain.append("crop='trunc(iw/2)*2':'trunc(ih/2)*2':0:0")
    return [*chain, "format=yuv420p", "sidedata=mode=delete"]


def _longest_side(facts: MediaFacts, rate: int) -> int | None:
    """What the longer side must shrink to, in pixels, if it must."""
    longest = max(facts.width, facts.height)
    if rate < _SMALL_PICTURE_BPS and longest > _SMALL_LONGEST_SIDE:
        return _SMALL_LONGEST_SIDE
    if facts.coded_width * facts.coded_height > rule.MAX_PIXELS:
        return _LONGEST_SIDE
    return None


def _damaged(reason: str) -> Refused:
    return Refused(
        f"The video seems to be damaged: {reason}",
        hint="Play it to its end: if it stops half-way, download or copy it again.",
        code="damaged",
    )

"""Deciding what must be done to a video before the servers accept it; knows nothing of files."""

from __future__ import annotations

import math
from dataclasses import replace

from importer.media.facts import MediaFacts
from importer.model import Action, Fit, Limits, Long

# Level 5.1 of H.264: larger pictures do not play on most phones.
MAX_PIXELS = 9_437_184
# Below this no picture is worth having.
MIN_VIDEO_BPS = 150_000
# What we give to sound when we encode it, and what we reckon with when it is copied.
AUDIO_BPS = 128_000
COPIED_AUDIO_BPS = 192_000
# Encoders leave a few frames and some silence before the start; more was cut out by somebody.
MAX_HIDDEN_SECONDS = 0.25
# A thread nobody reads to its end.
MAX_PARTS = 50
# Profile 5 has no layer that other screens can show.
_WITHOUT_BASE = frozenset({5})


def decide(
    facts: MediaFacts, limits: Limits, long: Long = Long.SPLIT, *, encode: bool = False
) -> Fit:
    """What a video needs, gentlest treatment first; the reason is written for its author.

    Args:
        facts: what probing told.
        limits: what the server takes.
        long: what to do if it is too long.
        encode: whether the user wants it encoded anew whether it needs that or not.
    """
    if facts.dolby_vision in _WITHOUT_BASE:
        return Fit(
            Action.SKIP,
            f"Its colours are Dolby Vision profile {facts.dolby_vision}, which nothing but a Dolby "
            "screen can show.",
        )
    if facts.seconds <= limits.video_seconds:
        return _decide_short(facts, limits, encode=encode)
    too_long = (
        f"it is {_span(facts.seconds)} long and the server takes at most "
        f"{_span(limits.video_seconds)}"
    )
    if long is Long.SKIP:
        return Fit(Action.SKIP, f"{too_long.capitalize()}.")
    if long is Long.TRIM:
        kept, what = limits.video_seconds, f"Cut off after {_span(limits.video_seconds)}"
    else:
        number = math.ceil(facts.seconds / limits.video_seconds)
        if number > MAX_PARTS:
            return Fit(Action.SKIP, f"{too_long.capitalize()}: that would be {number} parts.")
        kept = facts.seconds / number
        what = f"Split into {number} parts or one more, shown as a thread"
    share = replace(facts, seconds=kept, bytes=round(facts.bytes * kept / facts.seconds))
    part = _decide_short(share, limits, encode=encode)
    if part.action is Action.SKIP:
        return part
    # A part is never the file as it is.
    then = Action.REMUX if part.action is Action.KEEP else part.action
    more = "" if then is Action.REMUX else f" {part.reason}"
    action = Action.TRIM if long is Long.TRIM else Action.SPLIT
    return Fit(action, f"{what}: {too_long}.{more}", then)


def _decide_short(facts: MediaFacts, limits: Limits, *, encode: bool) -> Fit:
    reasons = _reasons_to_transcode(facts, limits)
    if encode:
        reasons.append("you asked for it")
    if reasons:
        if video_bitrate_cap(facts.seconds, audio_bps(facts), limits.bytes) < MIN_VIDEO_BPS:
            return Fit(
                Action.SKIP,
                f"The server takes at most {_size(limits.bytes)}, too little for a watchable "
                f"video of {_span(facts.seconds)}.",
            )
        return Fit(Action.TRANSCODE, _because("Converted", reasons))
    if facts.audio_codec is not None and not keeps_audio(facts):
        return Fit(Action.AUDIO, _because("Sound converted, picture untouched", [_sound(facts)]))
    if facts.problems:
        return Fit(Action.REMUX, _because("Repacked without loss", list(facts.problems)))
    return Fit(Action.KEEP, "It can be sent exactly as it is.")


def keeps_audio(facts: MediaFacts) -> bool:
    """Whether the sound can be copied as it is."""
    return (
        facts.audio_codec == "aac"
        and facts.audio_channels <= 2
        and facts.hidden_sound_seconds <= MAX_HIDDEN_SECONDS
    )


def audio_bps(facts: MediaFacts) -> int:
    """What the sound of the result may take, in bits per second."""
    if facts.audio_codec is None:
        return 0
    return COPIED_AUDIO_BPS if keeps_audio(facts) else AUDIO_BPS


def video_bitrate_cap(seconds: float, audio_bps: int, cap_bytes: int) -> int:
    """The highest picture rate, in bits per second, that keeps a file under `cap_bytes`.

    Holds for a rate control that may spend two seconds' worth in advance (`bufsize` = twice
    `maxrate`) and leaves 1.5 % for the container. 0 when there is no room for any picture.
    """
    return max(0, int((cap_bytes * 8 * 0.985 - audio_bps * seconds) / (seconds + 2)))


def _reasons_to_transcode(facts: MediaFacts, limits: Limits) -> list[str]:
    reasons: list[str] = []
    if facts.codec != "h264":
        reasons.append(f"its picture is {_codec_name(facts.codec)}, not H.264")
    if facts.hdr:
        reasons.append("its colours are HDR, which other screens show as grey")
    elif facts.pixel_format != "yuv420p":
        reasons.append(f"its colours are stored in a way few players know ({facts.pixel_format})")
    if facts.interlaced:
        reasons.append("its picture is interlaced")
    if not facts.square_pixels:
        reasons.append("its pixels are not square")
    if facts.coded_width % 2 or facts.coded_height % 2:
        reasons.append("its width or height is odd")
    if facts.coded_width * facts.coded_height > MAX_PIXELS:
        reasons.append(f"its picture is too large ({facts.width} x {facts.height})")
    if facts.irregular:
        reasons.append("its pictures come at irregular times, which Bluesky refuses in silence")
    if facts.hidden_seconds > MAX_HIDDEN_SECONDS:
        reasons.append(f"it still holds {_cut_out(facts.hidden_seconds)} that were cut out")
    if facts.bytes > limits.bytes:
        reasons.append(f"it has {_size(facts.bytes)} and the server takes {_size(limits.bytes)}")
    return reasons


def _sound(facts: MediaFacts) -> str:
    if facts.audio_codec != "aac":
        return f"its sound is {_codec_name(facts.audio_codec or '')}, not AAC"
    if facts.audio_channels > 2:
        return f"its sound has {facts.audio_channels} channels"
    return f"its sound still holds {_cut_out(facts.hidden_sound_seconds)} that were cut out"


def _because(what: str, reasons: list[str]) -> str:
    return f"{what}: {'; '.join(reasons)}."


_CODEC_NAMES = {"hevc": "HEVC (H.265)", "mpeg4": "MPEG-4", "unknown": "of an unknown kind"}


def _codec_name(codec: str) -> str:
    return _CODEC_NAMES.get(codec, codec.upper())


def _size(count: int) -> str:
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"


def _cut_out(seconds: float) -> str:
    return f"{seconds:.1f} s"


def _span(seconds: float) -> str:
    whole = math.ceil(seconds)
    minutes, rest = divmod(whole, 60)
    if not minutes:
        return f"{whole} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"

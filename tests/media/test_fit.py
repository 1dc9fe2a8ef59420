"""The decision for a file follows from its facts and the limits alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.media.facts import MediaFacts
from importer.media.fit import MIN_VIDEO_BPS, decide, video_bitrate_cap
from importer.model import Action, Limits, Long

LIMITS = Limits(100_000_000, 300_000_000, 180, "test")
FINE = MediaFacts(
    bytes=1_000_000,
    container="mp4",
    width=1080,
    height=1920,
    seconds=15,
    codec="h264",
    pixel_format="yuv420p",
    audio_codec="aac",
    audio_channels=2,
    frame_rate=30,
    coded_width=1080,
    coded_height=1920,
)


@pytest.mark.parametrize(
    ("change", "action", "word"),
    [
        ({}, Action.KEEP, "exactly as it is"),
        ({"audio_codec": None, "audio_channels": 0}, Action.KEEP, ""),
        ({"audio_channels": 1}, Action.KEEP, ""),
        ({"rotation": 90, "frame_rate": 60}, Action.KEEP, ""),
        ({"coded_width": 2160, "coded_height": 3840}, Action.KEEP, ""),
        ({"seconds": 180.0}, Action.KEEP, ""),
        ({"seconds": 180.2}, Action.SPLIT, "3 min 1 s long"),
        ({"dolby_vision": 5}, Action.SKIP, "Dolby Vision"),
        ({"dolby_vision": 8}, Action.KEEP, ""),
        ({"problems": ("it is in two halves",)}, Action.REMUX, "two halves"),
        ({"audio_codec": "mp3"}, Action.AUDIO, "MP3"),
        ({"audio_channels": 6}, Action.AUDIO, "6 channels"),
        ({"audio_codec": "mp3", "problems": ("x",)}, Action.AUDIO, "MP3"),
        ({"hidden_sound_seconds": 0.2}, Action.KEEP, ""),
        ({"hidden_sound_seconds": 0.7}, Action.AUDIO, "0.7 s that were cut out"),
        ({"hidden_seconds": 0.2}, Action.KEEP, ""),
        ({"hidden_seconds": 0.7}, Action.TRANSCODE, "0.7 s that were cut out"),
        ({"irregular": True}, Action.TRANSCODE, "irregular"),
        ({"codec": "hevc"}, Action.TRANSCODE, "HEVC"),
        ({"codec": "vp9"}, Action.TRANSCODE, "VP9"),
        ({"pixel_format": "yuv422p"}, Action.TRANSCODE, "yuv422p"),
        ({"pixel_format": "yuvj420p"}, Action.TRANSCODE, "yuvj420p"),
        ({"hdr": True, "pixel_format": "yuv420p10le"}, Action.TRANSCODE, "HDR"),
        ({"interlaced": True}, Action.TRANSCODE, "interlaced"),
        ({"square_pixels": False}, Action.TRANSCODE, "not square"),
        ({"coded_width": 1079}, Action.TRANSCODE, "odd"),
        ({"coded_width": 4320, "coded_height": 7680}, Action.TRANSCODE, "too large"),
        ({"bytes": 100_000_001}, Action.TRANSCODE, "100.0 MB"),
        ({"seconds": 180.0 * 50 + 1}, Action.SKIP, "51 parts"),
    ],
)
def test_decisions(change: dict[str, object], action: Action, word: str) -> None:
    fit = decide(replace(FINE, **change), LIMITS)  # type: ignore[arg-type]
    assert fit.action is action
    assert word in fit.reason


@pytest.mark.parametrize(
    ("change", "parts", "word"),
    [
        ({}, Action.REMUX, "Split into 4 parts or one more, shown as a thread"),
        ({"codec": "hevc"}, Action.TRANSCODE, "HEVC"),
        ({"audio_codec": "mp3"}, Action.AUDIO, "MP3"),
        # Three parts of it are small enough.
        ({"bytes": 150_000_000}, Action.REMUX, ""),
        ({"bytes": 900_000_000}, Action.TRANSCODE, "225.0 MB"),
    ],
)
def test_what_is_too_long_is_split_and_each_part_treated_gently(
    change: dict[str, object], parts: Action, word: str
) -> None:
    fit = decide(replace(FINE, seconds=600.0, **change), LIMITS)  # type: ignore[arg-type]
    assert (fit.action, fit.parts) == (Action.SPLIT, parts)
    assert "10 min long" in fit.reason
    assert word in fit.reason


def test_what_is_too_long_may_be_trimmed_or_left_out() -> None:
    long = replace(FINE, seconds=600.0)
    trimmed = decide(long, LIMITS, Long.TRIM)
    assert (trimmed.action, trimmed.parts) == (Action.TRIM, Action.REMUX)
    assert "Cut off after 3 min" in trimmed.reason
    assert decide(long, LIMITS, Long.SKIP).action is Action.SKIP
    for word in Long:
        assert decide(FINE, LIMITS, word).action is Action.KEEP


def test_what_could_be_kept_is_encoded_on_request() -> None:
    fit = decide(FINE, LIMITS, encode=True)
    assert fit.action is Action.TRANSCODE
    assert "you asked" in fit.reason
    assert decide(replace(FINE, seconds=600.0), LIMITS, encode=True).parts is Action.TRANSCODE


def test_the_smaller_limit_binds() -> None:
    video_binds = Limits(300_000_000, 900_000, 180, "test")
    assert decide(FINE, video_binds).action is Action.TRANSCODE


def test_a_limit_that_leaves_nothing_to_see() -> None:
    fit = decide(replace(FINE, seconds=170.0), Limits(900_000, 900_000, 180, "test"))
    assert fit.action is Action.SKIP
    assert "900 kB" in fit.reason


some_facts = st.builds(
    MediaFacts,
    bytes=st.integers(1, 10**9),
    container=st.sampled_from(["mp4", "mov", "avi"]),
    width=st.integers(1, 9000),
    height=st.integers(1, 9000),
    seconds=st.floats(0, 10_000),
    codec=st.sampled_from(["h264", "hevc", "vp9", "av1"]),
    pixel_format=st.sampled_from(["yuv420p", "yuv420p10le", "rgb24"]),
    audio_codec=st.sampled_from([None, "aac", "opus", "unknown"]),
    audio_channels=st.integers(0, 8),
    interlaced=st.booleans(),
    hdr=st.booleans(),
    square_pixels=st.booleans(),
    coded_width=st.integers(1, 9000),
    coded_height=st.integers(1, 9000),
    problems=st.lists(st.just("it is odd"), max_size=2).map(tuple),
)
some_limits = st.builds(
    Limits,
    blob_bytes=st.integers(1, 10**9),
    video_bytes=st.integers(1, 10**9),
    video_seconds=st.floats(1, 10_000),
    source=st.just("test"),
)


@given(some_facts, some_limits)
def test_what_is_kept_is_within_every_limit(facts: MediaFacts, limits: Limits) -> None:
    fit = decide(facts, limits)
    assert fit.reason.endswith(".")
    if fit.action is Action.SKIP:
        return
    assert (fit.action is Action.SPLIT) == (facts.seconds > limits.video_seconds)
    assert (fit.action is Action.SPLIT) == (fit.parts is not None)
    if fit.action not in {Action.TRANSCODE, Action.SPLIT}:
        assert facts.bytes <= limits.bytes
        assert facts.codec == "h264"
        assert facts.pixel_format == "yuv420p"
        assert facts.coded_width % 2 == facts.coded_height % 2 == 0
    if fit.action is Action.KEEP:
        assert facts.audio_codec in {None, "aac"}
        assert not facts.problems


@given(st.floats(0.1, 3600), st.integers(0, 320_000), st.integers(1, 10**9))
def test_the_rate_cap_holds_the_size(seconds: float, audio: int, cap: int) -> None:
    rate = video_bitrate_cap(seconds, audio, cap)
    assert rate >= 0
    if rate:
        # What rate control may spend at most: maxrate all along and one buffer of two seconds.
        assert rate * seconds + 2 * rate + audio * seconds <= cap * 8


def test_the_rate_cap_in_numbers() -> None:
    # 100 MB, three minutes: the rate of the measured formula.
    assert video_bitrate_cap(180, 128_000, 100_000_000) == 4_203_076
    assert video_bitrate_cap(600, 128_000, 5_000_000) == 0
    assert MIN_VIDEO_BPS > 0

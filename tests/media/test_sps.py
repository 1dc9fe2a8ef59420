"""The reading of sequence parameter sets agrees with FFmpeg's own."""

from __future__ import annotations

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.media.sps import read
from tests.clips import Clips, run

# What x264 writes for 180 x 320.
SPS = bytes.fromhex("6742c00cda0c0a79fc0440000003004000000783c50aa8")


def stored(path: str) -> bytes:
    """The first parameter set of a file, out of its `avcC`."""
    with av.open(path) as container:
        extra = container.streams.video[0].codec_context.extradata
    assert extra is not None
    length = int.from_bytes(extra[6:8], "big")
    return bytes(extra[8 : 8 + length])


@pytest.mark.parametrize(
    "options",
    [
        ["-profile:v", "baseline"],
        ["-profile:v", "high", "-x264-params", "cqm=jvt"],
        ["-pix_fmt", "yuv422p"],
        ["-pix_fmt", "yuv444p"],
        ["-pix_fmt", "yuv420p10le"],
        ["-pix_fmt", "yuv422p10le"],
        ["-pix_fmt", "yuvj420p"],
        ["-vf", "setsar=4/3"],
        ["-vf", "setsar=97/89"],
        ["-vf", "setsar=12/11"],
        ["-vf", "scale=178:318"],
        ["-vf", "scale=1920:1080"],
        ["-color_trc", "smpte2084", "-color_primaries", "bt2020", "-colorspace", "bt2020nc"],
        ["-x264-params", "bframes=3:b-pyramid=normal:ref=5:videoformat=pal"],
        ["-x264-params", "interlaced=1"],
        ["-x264-params", "nal-hrd=vbr:vbv-maxrate=900:vbv-bufsize=900:force-cfr=1"],
    ],
    ids=" ".join,
)
def test_it_reads_what_ffmpeg_reads(
    clips: Clips, tmp_path_factory: pytest.TempPathFactory, options: list[str]
) -> None:
    path = tmp_path_factory.mktemp("sps") / "clip.mp4"
    pixels = [] if "-pix_fmt" in options else ["-pix_fmt", "yuv420p"]
    encode = ["-frames:v", "2", "-an", "-c:v", "libx264", *pixels, *options]
    run("-i", clips["keep.mp4"], *encode, path)
    found = read(stored(str(path)))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (found.width, found.height) == (context.width, context.height)
        assert found.pixel_format == context.pix_fmt
        aspect = stream.sample_aspect_ratio
        assert found.aspect == pytest.approx(float(aspect) if aspect else 1.0)
        assert found.transfer == context.color_trc
    assert found.progressive == ("interlaced=1" not in options)


def test_a_known_one() -> None:
    picture = read(SPS)
    assert (picture.width, picture.height, picture.pixel_format) == (180, 320, "yuv420p")


@pytest.mark.parametrize("data", [b"", b"\x68", b"\x67", SPS[:8], b"\x67" + bytes(40)])
def test_what_is_damaged_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(data)


@given(st.binary(max_size=80))
def test_whatever_comes_ends(data: bytes) -> None:
    try:
        read(b"\x67" + data)
    except ValueError:
        return

"""A matrix of media files, each named after what it is, with the treatment it must get.

Those not made here are made in `tests.clips`. The ones marked `tells` hold a secret of their owner.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from importer.media.ffmpeg import Ffmpeg
from importer.media.fit import decide
from importer.media.probe import probe
from importer.media.transcode import convert
from importer.model import Action, Limits
from importer.step import Step
from tests.clips import AAC, H264, LATITUDE, PLACE, PLAIN, Clips, box, clip, drawn, turned

SECRETS = [
    LATITUDE.encode(), b"Paris", b"Ada Lovelace", b"Phone 12", b"vid:v0f04", b"2024-02-03",
    b"\xa9xyz", b"loci", b"mdta", b"gpmd", b"GPS5",
]  # fmt: skip
_OWNER = [
    *("-metadata", f"location={PLACE}", "-metadata", "artist=Ada Lovelace"),
    *("-metadata", "title=Paris", "-metadata", "comment=vid:v0f044gc0000abc"),
    *("-metadata", "make=Phone 12", "-metadata", "creation_time=2024-02-03T04:05:06Z"),
]
HEVC = ["-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params",
        "log-level=error"]  # fmt: skip
# AudioSpecificConfig behind its descriptor's head: AAC-LC, with room for that of another kind.
_AAC_KIND = b"\x05\x80\x80\x80\x05"
KEEP, REMUX, AUDIO, CODED = Action.KEEP, Action.REMUX, Action.AUDIO, Action.TRANSCODE


@dataclass(frozen=True, slots=True)
class Case:
    """One file: its name, what must be done with it, and whether it tells a secret."""

    name: str
    action: Action
    tells: bool = False


CASES = [
    # right as they are
    Case("keep.mp4", KEEP),
    Case("silent.mp4", KEEP),
    Case("mono.mp4", KEEP),
    Case("he_aac.mp4", KEEP),
    Case("he_aac_v2.mp4", KEEP),
    Case("sixty.mp4", KEEP),
    Case("hundred_twenty.mp4", KEEP),
    Case("vfr.mp4", KEEP),
    Case("audio_first.mp4", KEEP),
    Case("audio_late.mp4", KEEP),
    Case("sideways.mp4", KEEP),
    Case("upside_down.mp4", KEEP),
    Case("encoder_tag.mp4", KEEP),
    Case("sharp.mp4", KEEP),
    # the container alone is wrong
    Case("quicktime.mov", REMUX),
    Case("index_last.mp4", REMUX),
    Case("fragmented.mp4", REMUX),
    Case("matroska.mkv", REMUX),
    Case("vfr.mkv", REMUX),
    Case("stream.ts", REMUX),
    Case("flash.flv", REMUX),
    Case("old.avi", REMUX),
    Case("cover.mp4", REMUX),
    Case("subtitles.mp4", REMUX),
    Case("chapters_and_more.mp4", REMUX),
    Case("two_sounds.mp4", REMUX),
    Case("sideways.mov", REMUX),
    Case("video_of_apple.m4v", REMUX),
    Case("tiktok_tags.mp4", REMUX, tells=True),
    Case("place.mp4", REMUX, tells=True),
    Case("place.mov", REMUX, tells=True),
    Case("place_key.mov", REMUX, tells=True),
    Case("place_box.mp4", REMUX, tells=True),
    Case("uuid.mp4", REMUX, tells=True),
    Case("free_space.mp4", REMUX, tells=True),
    Case("telemetry.mov", REMUX, tells=True),
    Case("owner.mkv", REMUX, tells=True),
    Case("owner.flv", REMUX, tells=True),
    Case("owner.ts", REMUX, tells=True),
    Case("owner.m4v", REMUX, tells=True),
    Case("owner.3gp", REMUX, tells=True),
    Case("owner.3g2", REMUX, tells=True),
    # the sound is wrong
    Case("mp3.mp4", AUDIO),
    Case("surround.mp4", AUDIO),
    Case("pcm.mov", AUDIO),
    Case("opus.mp4", AUDIO),
    Case("dolby_sound.mp4", AUDIO),
    Case("hidden_sound.mp4", AUDIO),
    # the picture is wrong
    Case("hevc.mp4", CODED),
    Case("hev1.mp4", CODED),
    Case("hevc_ten_bit.mp4", CODED),
    Case("vfr_hevc.mp4", CODED),
    Case("sideways_hevc.mov", CODED),
    Case("vp8.webm", CODED),
    Case("vp9.webm", CODED),
    Case("av1.mp4", CODED),
    Case("av1.webm", CODED),
    Case("mpeg4.mp4", CODED),
    Case("motion_jpeg.mov", CODED),
    Case("nothing_right.avi", CODED),
    Case("yuv422.mp4", CODED),
    Case("yuv444.mp4", CODED),
    Case("odd.mp4", CODED),
    Case("ten_bit.mp4", CODED),
    Case("full_range.mp4", CODED),
    Case("wide_pixels.mp4", CODED),
    Case("interlaced.mp4", CODED),
    Case("huge.mp4", CODED),
    Case("pq.mp4", CODED),
    Case("hlg.mp4", CODED),
    Case("dolby_vision_8.mp4", CODED),
    Case("edit_list.mp4", CODED),
    Case("runt.mp4", CODED),
    Case("frames_cut_out.mp4", CODED),
    Case("frames_cut_out_in_fragments.mp4", CODED),
    Case("frames_cut_out.mkv", CODED),
    Case("frames_cut_out.flv", CODED),
    Case("frames_cut_out.ts", CODED),
    Case("frames_cut_out_hevc.ts", CODED),
    Case("owner.webm", CODED, tells=True),
    Case("owner.avi", CODED, tells=True),
    Case("owner_hevc.mov", CODED, tells=True),
    Case("owner.gif", CODED, tells=True),
    # cannot be had
    Case("dolby_vision_5.mp4", Action.SKIP),
]  # fmt: skip


LIMITS = Limits(100_000_000, 100_000_000, 180, "test")
SENT = [case for case in CASES if case.action is not Action.SKIP]


class Treated:
    """The matrix as it would be sent, each file made once."""

    def __init__(self, clips: Clips, ffmpeg: Ffmpeg, folder: Path) -> None:
        self._clips, self._ffmpeg, self._folder = clips, ffmpeg, folder

    def __getitem__(self, case: Case) -> Path:
        source, target = self._clips[case.name], self._folder / f"{case.name}.mp4"
        facts = probe(source)
        fit = decide(facts, LIMITS)
        assert (fit.action, fit.reason) == (case.action, fit.reason)
        if fit.action is Action.KEEP:
            return source
        if not target.exists():
            self._folder.mkdir(exist_ok=True)
            made, done = convert(source, target, facts, fit, LIMITS, self._ffmpeg, Step())
            assert done.action is case.action, done.reason
            assert made == probe(target)
        return target


def _copy(clips: Clips, path: Path, source: str, *options: str | Path) -> None:
    clips.ffmpeg("-i", clips[source], "-c", "copy", *options, path)


def _copied(name: str, source: str, *options: str) -> None:
    clip(name)(partial(_copy_as, source, options))


def _copy_as(source: str, options: tuple[str, ...], clips: Clips, path: Path) -> None:
    _copy(clips, path, source, *options)


drawn("hundred_twenty.mp4", *H264, *AAC, *PLAIN, rate=120)
drawn("sharp.mp4", *H264, *AAC, *PLAIN, size="1080x1920", rate=10)
drawn("old.avi", *H264, "-bf", "0", *AAC)
drawn("pcm.mov", *H264, "-c:a", "pcm_s16le")
drawn("opus.mp4", *H264, "-c:a", "libopus", "-ar", "48000", *PLAIN)
drawn("dolby_sound.mp4", *H264, "-c:a", "ac3", *PLAIN)
drawn("vp8.webm", "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", size="90x160")
drawn("av1.mp4", "-c:v", "libsvtav1", "-preset", "12", "-svtav1-params", "lp=1", *AAC, *PLAIN)
drawn("hevc_ten_bit.mp4", *HEVC, "-pix_fmt", "yuv420p10le", *AAC, *PLAIN)
drawn(
    "vfr_hevc.mp4", *HEVC, "-pix_fmt", "yuv420p", *AAC, *PLAIN, "-fps_mode", "vfr",
    "-vf", r"select='not(mod(n\,3))+not(mod(n\,7))'",
)  # fmt: skip
drawn("animation.gif", "-map", "0:v", size="90x160")
drawn("mpeg4.mp4", "-c:v", "mpeg4", *AAC, *PLAIN)
drawn("motion_jpeg.mov", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", *AAC)
drawn("yuv422.mp4", *H264[:-1], "yuv422p", *AAC, *PLAIN)
drawn("two_sounds.mp4", *H264, *AAC, *PLAIN, "-map", "0:v", "-map", "1:a", "-map", "1:a")
# A frame that lasts a tenth of the others, as trimming without encoding leaves it.
drawn(
    "runt.mp4", *H264, "-bf", "0", *AAC, *PLAIN, "-fps_mode", "vfr", "-enc_time_base", "1:15000",
    "-vf", "settb=1/15000,setpts='if(eq(N,0),0,PTS-900)'", rate=15,
)  # fmt: skip
drawn(
    "frames_cut_out.mp4", *H264, "-bf", "0", *AAC, *PLAIN, "-fps_mode", "vfr",
    "-enc_time_base", "1:60000", "-vf", "settb=1/60000,setpts='if(eq(N,20),PTS-1500,PTS)'",
    rate=30,
)  # fmt: skip
drawn(
    "frames_cut_out_hevc.ts", *HEVC[:-1], "log-level=error:bframes=0", "-pix_fmt", "yuv420p",
    "-tag:v", "0", *AAC, "-fps_mode", "vfr", "-enc_time_base", "1:60000",
    "-vf", "settb=1/60000,setpts='if(eq(N,20),PTS-1500,PTS)'", "-f", "mpegts", rate=30,
)  # fmt: skip
_copied("frames_cut_out_in_fragments.mp4", "frames_cut_out.mp4", "-map", "0:v",
        "-movflags", "+frag_keyframe+empty_moov")  # fmt: skip
_copied("frames_cut_out.mkv", "frames_cut_out.mp4")
_copied("frames_cut_out.flv", "frames_cut_out.mp4")
_copied("frames_cut_out.ts", "frames_cut_out.mp4", "-f", "mpegts")
_copied("vfr.mkv", "vfr.mp4")
_copied("av1.webm", "av1.mp4", "-c:a", "libopus")
_copied("owner.m4v", "keep.mp4", "-f", "ipod", *_OWNER)
_copied("owner.3gp", "keep.mp4", *_OWNER)
_copied("owner.3g2", "keep.mp4", *_OWNER)
_copied("stream.ts", "keep.mp4", "-f", "mpegts")
_copied("flash.flv", "keep.mp4")
_copied("video_of_apple.m4v", "keep.mp4", "-f", "ipod", *PLAIN)
_copied("owner.mkv", "keep.mp4", *_OWNER)
_copied("owner.flv", "keep.mp4", *_OWNER)
_copied("owner.ts", "keep.mp4", *_OWNER, "-metadata", "service_name=Paris Ada Lovelace")
_copied("owner.webm", "vp9.webm", *_OWNER)
_copied("owner.avi", "nothing_right.avi", *_OWNER)
_copied("owner_hevc.mov", "hevc.mp4", *_OWNER, "-movflags", "+use_metadata_tags")
_copied("hev1.mp4", "hevc.mp4", "-tag:v", "hev1", *PLAIN)


@clip("upside_down.mp4")
def _(clips: Clips, path: Path) -> None:
    path.write_bytes(turned(clips["keep.mp4"].read_bytes(), 180))


@clip("sideways_hevc.mov")
def _(clips: Clips, path: Path) -> None:
    sideways = path.with_name("sideways_hevc.mp4")
    sideways.write_bytes(turned(clips["hevc.mp4"].read_bytes(), 270))
    clips.ffmpeg("-i", sideways, "-c", "copy", path)


@clip("audio_late.mp4")
def _(clips: Clips, path: Path) -> None:
    source = clips["keep.mp4"]
    clips.ffmpeg("-i", source, "-itsoffset", "0.2", "-i", source, "-map", "0:v", "-map", "1:a",
                 "-c", "copy", *PLAIN, path)  # fmt: skip


@clip("edit_list.mp4")
def _(clips: Clips, path: Path) -> None:
    """The start was cut off by an edit list only: it is still in the file."""
    clips.ffmpeg("-ss", "0.5", "-i", clips["keep.mp4"], "-c", "copy", *PLAIN, path)


@clip("hidden_sound.mp4")
def _(clips: Clips, path: Path) -> None:
    """Half of the sound is not played: it was cut out, but is still in the file."""
    data = bytearray(clips["keep.mp4"].read_bytes())
    at = data.rindex(b"elst")
    (played,) = struct.unpack_from(">I", data, at + 12)
    struct.pack_into(">I", data, at + 12, played // 2)
    path.write_bytes(data)


@clip("subtitles.mp4")
def _(clips: Clips, path: Path) -> None:
    words = path.with_name("words.srt")
    words.write_text("1\n00:00:00,000 --> 00:00:00,500\nHello\n")
    clips.ffmpeg("-i", clips["keep.mp4"], "-i", words, "-map", "0", "-map", "1", "-c", "copy",
                 "-c:s", "mov_text", *PLAIN, path)  # fmt: skip


@clip("telemetry.mov")
def _(clips: Clips, path: Path) -> None:
    """Action cameras write a track of positions."""
    positions = path.with_name("positions.bin")
    positions.write_bytes(b"GPS5" + LATITUDE.encode() * 20)
    clips.ffmpeg("-i", clips["keep.mp4"], "-f", "data", "-i", positions, "-map", "0", "-map", "1",
                 "-c", "copy", "-tag:d:0", "gpmd", path)  # fmt: skip


@clip("free_space.mp4")
def _(clips: Clips, path: Path) -> None:
    """Some cameras leave a hole of many kilobytes and forget what was in it."""
    forgotten = box(b"free", (PLACE.encode() + b"Phone 12").ljust(8000, b"\0"))
    path.write_bytes(clips["keep.mp4"].read_bytes() + forgotten)


@clip("owner.gif")
def _(clips: Clips, path: Path) -> None:
    """A comment extension before the end (GIF89a, section 24)."""
    told = f"{PLACE} Ada Lovelace"
    comment = b"\x21\xfe" + bytes([len(told)]) + told.encode() + b"\0"
    path.write_bytes(clips["animation.gif"].read_bytes()[:-1] + comment + b"\x3b")


@clip("he_aac.mp4")
def _(clips: Clips, path: Path) -> None:
    """HE-AAC by its description: no encoder for it may be had here, so the sound is a stand-in."""
    # Object type 2 (LC) at 44.1 kHz, two channels; to 5 (SBR) on top of it.
    _told_otherwise(clips["keep.mp4"], path, b"\x12\x10\x56\xe5\x00", b"\x2a\x12\x08\x00\x00")


@clip("he_aac_v2.mp4")
def _(clips: Clips, path: Path) -> None:
    """HE-AACv2, as TikTok makes it: one channel, and by its description (29) how to make two."""
    _told_otherwise(clips["mono.mp4"], path, b"\x12\x08\x56\xe5\x00", b"\xea\x0a\x08\x00\x00")


def _told_otherwise(source: Path, path: Path, before: bytes, after: bytes) -> None:
    data = source.read_bytes()
    assert data.count(_AAC_KIND + before) == 1
    path.write_bytes(data.replace(_AAC_KIND + before, _AAC_KIND + after))


def _with_dolby_vision(profile: int) -> Callable[[Clips, Path], None]:
    def make(clips: Clips, path: Path) -> None:
        """An `hvc1` entry that says it is Dolby Vision: version 1.0, level 4, base layer HLG."""
        clips.ffmpeg("-i", clips["hlg.mp4"], "-c", "copy", "-fflags", "+bitexact", path)
        data = path.read_bytes()
        told = box(b"dvvC", bytes((1, 0, profile << 1, 4 << 3 | 5, 4 << 4)) + bytes(19))
        path.write_bytes(_in_sample_entry(data, b"hvc1", told))

    return make


def _in_sample_entry(data: bytes, name: bytes, inner: bytes) -> bytes:
    """`data` (index last) with one more box at the end of a sample entry, all sizes mended."""
    out = bytearray(data)
    at = data.rindex(name) - 4
    end = at + int.from_bytes(data[at : at + 4], "big")
    out[end:end] = inner
    for kind in (name, b"stsd", b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        start = out.rindex(kind, 0, at + 8) - 4
        size = int.from_bytes(out[start : start + 4], "big") + len(inner)
        out[start : start + 4] = size.to_bytes(4, "big")
    return bytes(out)


clip("dolby_vision_8.mp4")(_with_dolby_vision(8))
clip("dolby_vision_5.mp4")(_with_dolby_vision(5))

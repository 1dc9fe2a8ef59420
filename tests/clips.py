"""Tiny real video files in every shape we meet, made by the ffmpeg that Tokaway itself uses.

Each clip is made once for all that share a folder and never touched again; tests that change a file
copy it first.
"""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from importer.media.ffmpeg import find

LATITUDE = "48.8577"
PLACE = f"+{LATITUDE}+002.295/"

Maker = Callable[["Clips", Path], None]
_MAKERS: dict[str, Maker] = {}

PLAIN = ["-fflags", "+bitexact", "-movflags", "+faststart"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
AAC = ["-c:a", "aac", "-b:a", "64k", "-ac", "2"]


class Clips:
    """A folder of clips, each made when it is first asked for by its file name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> Path:
        path = self._folder / name
        if not path.exists():
            # Others may be about to make the same.
            made = self._folder / f"by-{os.getpid()}" / name
            made.parent.mkdir(parents=True, exist_ok=True)
            _MAKERS[name](self, made)
            made.replace(path)
        return path

    def ffmpeg(self, *arguments: str | Path) -> None:
        """Run the found ffmpeg; its complaints are the error."""
        run(*arguments)

    def draw(self, path: Path, *options: str, size: str, rate: int) -> None:
        """Encode a second of a moving test picture and a tone with `options`."""
        self.ffmpeg(
            *("-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d=1"),
            *("-f", "lavfi", "-i", "sine=440:44100:d=1"),
            *options,
            path,
        )


@cache
def _program() -> str:
    return str(find().path)


def run(*arguments: str | Path) -> None:
    """Run ffmpeg, overwriting, and fail with what it says."""
    done = subprocess.run(
        [_program(), "-nostdin", "-hide_banner", "-v", "error", "-y", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode("utf-8", "replace"))


def box(kind: bytes, content: bytes = b"") -> bytes:
    """One MP4 box."""
    return struct.pack(">I", 8 + len(content)) + kind + content


def with_udta(data: bytes, content: bytes) -> bytes:
    """`data`, whose `moov` comes last, with one more `udta` box inside `moov`."""
    at = data.rindex(b"moov") - 4
    assert at + int.from_bytes(data[at : at + 4], "big") == len(data)
    return data[:at] + box(b"moov", data[at + 8 :] + box(b"udta", content))


def grown(data: bytes, path: Sequence[bytes], extra: bytes) -> bytes:
    """`data` with `extra` at the end of the box that `path` leads to, as `edited` does it."""
    return edited(data, path, lambda content: content + extra)


def edited(data: bytes, path: Sequence[bytes], edit: Callable[[bytes], bytes]) -> bytes:
    """`data`, whose index comes first, with other content in the box that `path` leads to.

    All sizes, and the places of the samples, are mended.
    """
    out = bytearray(data)
    starts: list[int] = []
    at = 0
    for kind in path:
        at = data.index(kind, at) + 4
        starts.append(at - 8)
    end = starts[-1] + int.from_bytes(data[starts[-1] : starts[-1] + 4], "big")
    content = edit(data[at:end])
    longer = len(content) - (end - at)
    out[at:end] = content
    for start in starts:
        size = int.from_bytes(out[start : start + 4], "big") + longer
        out[start : start + 4] = size.to_bytes(4, "big")
    return bytes(out) if path[0] == b"mdat" else moved(bytes(out), longer)


def moved(data: bytes, by: int) -> bytes:
    """`data` whose samples lie so many bytes further than its index says, put right."""
    out = bytearray(data)
    at = 0
    while (at := data.find(b"stco", at) + 4) > 3:
        (count,) = struct.unpack_from(">I", data, at + 4)
        places = struct.unpack_from(f">{count}I", data, at + 8)
        struct.pack_into(f">{count}I", out, at + 8, *(place + by for place in places))
    return bytes(out)


def clip(name: str) -> Callable[[Maker], Maker]:
    """Have the clip of that name made by the function that follows."""

    def keep(maker: Maker) -> Maker:
        _MAKERS[name] = maker
        return maker

    return keep


def drawn(name: str, *options: str, size: str = "180x320", rate: int = 15) -> None:
    """Have the clip of that name drawn with `options`."""
    _MAKERS[name] = lambda clips, path: clips.draw(path, *options, size=size, rate=rate)


def _copied(name: str, source: str, *options: str) -> None:
    _MAKERS[name] = lambda clips, path: clips.ffmpeg(
        "-i", clips[source], "-c", "copy", *options, path
    )


# Nothing to be done.
drawn("keep.mp4", *H264, *AAC, *PLAIN)
drawn("silent.mp4", *H264, "-map", "0:v", *PLAIN)
drawn("mono.mp4", *H264, "-c:a", "aac", "-ac", "1", *PLAIN)
drawn("sixty.mp4", *H264, *AAC, *PLAIN, rate=60)
drawn(
    "vfr.mp4",
    *H264,
    *AAC,
    *PLAIN,
    *("-vf", r"select='not(mod(n\,3))+not(mod(n\,7))'", "-fps_mode", "vfr"),
)
drawn("encoder_tag.mp4", *H264, *AAC, "-movflags", "+faststart")

# The container alone is wrong.
_copied("quicktime.mov", "keep.mp4", *PLAIN)
_copied("index_last.mp4", "keep.mp4", "-fflags", "+bitexact")
_copied("fragmented.mp4", "keep.mp4", "-movflags", "+frag_keyframe+empty_moov")
_copied("matroska.mkv", "keep.mp4")
_copied("audio_first.mp4", "keep.mp4", "-map", "0:a", "-map", "0:v", *PLAIN)
_copied(
    "tiktok_tags.mp4",
    "keep.mp4",
    *("-map", "0:a", "-map", "0:v", "-movflags", "+faststart"),
    *("-metadata", "comment=vid:v0f044gc0000abcdefghijklmnop", "-metadata", "title=Paris"),
)
_copied("place.mp4", "keep.mp4", "-movflags", "+faststart", "-metadata", f"location={PLACE}")
_copied("place.mov", "keep.mp4", "-metadata", f"location={PLACE}")
_copied(
    "place_key.mov",
    "keep.mp4",
    *("-movflags", "+use_metadata_tags"),
    *("-metadata", f"com.apple.quicktime.location.ISO6709={PLACE}"),
    *("-metadata", "creation_time=2024-02-03T04:05:06Z"),
)
_copied("chapters_and_more.mp4", "keep.mp4", "-map", "0", "-map", "0:a", *PLAIN)


@clip("place_box.mp4")
def _(clips: Clips, path: Path) -> None:
    """A place in a bare 3GPP `loci` box, as Android writes it."""
    point = struct.pack(">iii", round(2.295 * 65536), round(float(LATITUDE) * 65536), 0)
    place = box(
        b"loci", bytes(4) + b"\x15\xc7Paris\0\0" + point + b"earth\0" + PLACE.encode() + b"\0"
    )
    path.write_bytes(with_udta(clips["index_last.mp4"].read_bytes(), place))


@clip("uuid.mp4")
def _(clips: Clips, path: Path) -> None:
    """Free-form data behind the video, as XMP is stored."""
    hidden = box(b"uuid", bytes(16) + f"<x:xmpmeta>{PLACE}</x:xmpmeta>".encode())
    path.write_bytes(clips["keep.mp4"].read_bytes() + hidden)


def turned(data: bytes, clockwise: int) -> bytes:
    """`data` whose first track, the picture, is shown turned by so many degrees.

    Written by hand: each FFmpeg has another option for it.
    """
    sine, cosine = {90: (1, 0), 180: (0, -1), 270: (-1, 0)}[clockwise]
    at = data.index(b"tkhd") + 4 + 40
    one, last = 1 << 16, 1 << 30
    matrix = (cosine * one, sine * one, 0, -sine * one, cosine * one, 0, 0, 0, last)
    return data[:at] + struct.pack(">9i", *matrix) + data[at + 36 :]


@clip("sideways.mp4")
def _(clips: Clips, path: Path) -> None:
    path.write_bytes(turned(clips["keep.mp4"].read_bytes(), 270))


@clip("sideways.mov")
def _(clips: Clips, path: Path) -> None:
    clips.ffmpeg("-i", clips["sideways.mp4"], "-c", "copy", path)


@clip("cover.mp4")
def _(clips: Clips, path: Path) -> None:
    """A picture of its own, attached as cover art."""
    art = path.with_name("art.jpg")
    clips.ffmpeg("-i", clips["keep.mp4"], "-frames:v", "1", art)
    clips.ffmpeg(
        *("-i", clips["keep.mp4"], "-i", art, "-map", "0", "-map", "1", "-c", "copy"),
        *("-disposition:v:1", "attached_pic", *PLAIN),
        path,
    )


# The sound is wrong.
drawn("mp3.mp4", *H264, "-c:a", "libmp3lame", *PLAIN)
drawn("surround.mp4", *H264, "-c:a", "aac", "-ac", "6", *PLAIN)

# The picture is wrong.
drawn("hevc.mp4", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error",
       "-pix_fmt", "yuv420p", "-tag:v", "hvc1", *AAC, *PLAIN)  # fmt: skip
drawn("vp9.webm", "-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-c:a",
       "libopus", size="90x160")  # fmt: skip
drawn("yuv444.mp4", *H264[:-1], "yuv444p", *AAC, *PLAIN)
drawn("odd.mp4", *H264[:-1], "yuv444p", *AAC, "-vf", "crop=179:319:exact=1", *PLAIN)
drawn("ten_bit.mp4", *H264[:-1], "yuv420p10le", *AAC, *PLAIN)
drawn("full_range.mp4", *H264[:-1], "yuvj420p", *AAC, *PLAIN)
drawn("wide_pixels.mp4", *H264, *AAC, "-vf", "setsar=4/3", *PLAIN)
drawn("interlaced.mp4", *H264, *AAC, "-vf", "setfield=tff", "-flags", "+ilme+ildct", *PLAIN)
drawn("tall.mp4", *H264, "-map", "0:v", *PLAIN, size="96x1300")
_MAKERS["huge.mp4"] = lambda clips, path: clips.ffmpeg(
    *("-f", "lavfi", "-i", "color=red:s=4096x2306:r=5", "-frames:v", "2", *H264, *PLAIN),
    path,
)
drawn("nothing_right.avi", "-c:v", "mpeg4", "-c:a", "libmp3lame", "-vf", "setsar=4/3")


def hdr(transfer: str) -> list[str]:
    """Options that store an SDR picture as HDR of equal look."""
    chain = (
        "format=gbrp,zscale=m=709:r=tv,format=yuv444p,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv,"
        "zscale=t=linear,format=gbrpf32le,"
        f"zscale=npl=203:p=2020:t={transfer}:m=2020_ncl:r=tv,format=yuv420p10le"
    )
    return [
        *("-vf", chain, "-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1"),
        *("-x265-params", "log-level=error", *AAC, *PLAIN),
    ]


_MAKERS["pq.mp4"] = lambda clips, path: _grey(clips, path, "smpte2084")
_MAKERS["hlg.mp4"] = lambda clips, path: _grey(clips, path, "arib-std-b67")


def _grey(clips: Clips, path: Path, transfer: str) -> None:
    """A grey of known brightness (128 of 255 in SDR), stored as HDR."""
    clips.ffmpeg(
        *("-f", "lavfi", "-i", "color=0x808080:s=64x112:r=10:d=0.5"),
        *("-f", "lavfi", "-i", "sine=440:44100:d=0.5"),
        *hdr(transfer),
        path,
    )


# Beyond help.
_MAKERS["giant.mp4"] = lambda clips, path: clips.ffmpeg(
    *("-f", "lavfi", "-i", "color=red:s=8208x4320:r=1", "-frames:v", "1"),
    *(*H264, "-threads", "1", *PLAIN),
    path,
)


@clip("empty.mp4")
def _(_: Clips, path: Path) -> None:
    path.write_bytes(b"")


@clip("web_page.mp4")
def _(_: Clips, path: Path) -> None:
    path.write_text("<!DOCTYPE html><html><title>Access denied</title></html>")


@clip("json.mp4")
def _(_: Clips, path: Path) -> None:
    path.write_text('{"statusCode": 10204}')


@clip("cut_short.mp4")
def _(clips: Clips, path: Path) -> None:
    whole = clips["keep.mp4"].read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])


@clip("no_index.mp4")
def _(clips: Clips, path: Path) -> None:
    whole = clips["index_last.mp4"].read_bytes()
    path.write_bytes(whole[: whole.rindex(b"moov") - 4])


@clip("damaged.mp4")
def _(clips: Clips, path: Path) -> None:
    """Whole boxes, but the pictures inside are noise."""
    data = bytearray(clips["hevc.mp4"].read_bytes())
    for at in range(data.rindex(b"mdat") + 4, len(data), 7):
        data[at] ^= 0xFF
    path.write_bytes(data)


@clip("noisy.mp4")
def _(clips: Clips, path: Path) -> None:
    """Two seconds that do not compress, with sound as loud in bytes as AAC can be."""
    clips.ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=180x320:r=15:d=2,noise=alls=60:allf=t"),
        *("-f", "lavfi", "-i", "anoisesrc=d=2:r=44100:a=0.5:s=1"),
        *(*H264, "-crf", "18", "-c:a", "aac", "-b:a", "256k", "-ac", "2", *PLAIN),
        path,
    )


@clip("sound_only.m4a")
def _(clips: Clips, path: Path) -> None:
    clips.ffmpeg("-i", clips["keep.mp4"], "-map", "0:a", "-c", "copy", path)


@clip("bytevc2.mp4")
def _(clips: Clips, path: Path) -> None:
    """A codec nobody can decode: only its name, on the data of another."""
    path.write_bytes(clips["keep.mp4"].read_bytes().replace(b"avc1", b"bvc2"))


@clip("playlist.mp4")
def _(clips: Clips, path: Path) -> None:
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{clips['keep.mp4']}\n")


@clip("concat.mp4")
def _(clips: Clips, path: Path) -> None:
    path.write_text(f"ffconcat version 1.0\nfile '{clips['keep.mp4']}'\n")

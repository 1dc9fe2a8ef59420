"""Wherever in a good MP4 somebody's place can lie, it is not in what is sent; clean files stay."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from importer.media.ffmpeg import Ffmpeg
from importer.media.fit import decide
from importer.media.probe import probe
from importer.media.transcode import convert
from importer.model import Action
from importer.step import Step
from tests.clips import AAC, H264, Clips, box, edited, grown, moved
from tests.media.matrix import LIMITS

SECRET = b"+48.8577 Ada"
"""As long as `VideoHandler`, and as three brands."""
TABLES = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
HANDLER = (b"moov", b"trak", b"mdia", b"hdlr")
ENTRY = (*TABLES, b"stsd", b"avc1")

Planting = Callable[[bytes], bytes]


def behind(*path: bytes, name: bytes | None = None) -> Planting:
    """A box of that name with the secret, or the bare secret, at the end of another box."""
    return lambda data: grown(data, path, box(name, SECRET) if name else SECRET)


def before_the_first_sample(data: bytes) -> bytes:
    at = data.rindex(b"mdat")
    size = int.from_bytes(data[at - 4 : at], "big") + len(SECRET)
    longer = data[: at - 4] + size.to_bytes(4, "big") + b"mdat" + SECRET + data[at + 4 :]
    return moved(longer, len(SECRET))


def instead(name: bytes) -> Planting:
    return lambda data: data.replace(name, SECRET[: len(name)])


def compressor(name: bytes, rest: bytes = b"") -> Planting:
    def plant(data: bytes) -> bytes:
        at = data.index(b"avc1", data.index(b"stsd")) + 4 + 42
        field = (bytes((len(name),)) + name + rest).ljust(32, b"\0")
        return data[:at] + field + data[at + 32 :]

    return plant


def over(at: int, *path: bytes) -> Planting:
    """The secret in place of what stands at a place in a box."""
    return lambda data: edited(data, path, lambda old: old[:at] + SECRET + old[at + len(SECRET) :])


def renamed_tags(data: bytes) -> bytes:
    """As tools leave them that remove tags in place."""
    told = box(b"udta", box(b"\xa9xyz", struct.pack(">HH", len(SECRET), 0x15C7) + SECRET))
    return grown(data, (b"moov",), told).replace(b"udta", b"free")


PLANTED: dict[str, Planting] = {
    "a gap behind the video": lambda data: data + box(b"free", SECRET),
    "a large gap behind the video": lambda data: data + box(b"skip", SECRET.rjust(4000, b"\0")),
    "a gap before the video": lambda data: grown(data, (b"free",), SECRET),
    "room for a longer size": lambda data: data + box(b"wide", SECRET),
    "tags that were removed in place": renamed_tags,
    "a gap in the index": behind(b"moov", name=b"free"),
    "a gap in a track": behind(b"moov", b"trak", name=b"skip"),
    "an unknown box in the index": behind(b"moov", name=b"blob"),
    "an unknown box in a track": behind(b"moov", b"trak", name=b"blob"),
    "an unknown box in its media": behind(b"moov", b"trak", b"mdia", name=b"blob"),
    "an unknown box further in": behind(*TABLES[:-1], name=b"blob"),
    "an unknown box among its tables": behind(*TABLES, name=b"blob"),
    "an unknown box for the decoder": behind(*ENTRY, name=b"blob"),
    "a colour profile": lambda data: grown(data, ENTRY, box(b"colr", b"prof" + SECRET)),
    "bytes behind what decoders need": behind(*ENTRY),
    "bytes behind the index": behind(b"moov"),
    "bytes behind a table": behind(*TABLES, b"stts"),
    "bytes behind a list of sizes": behind(*TABLES, b"stsz"),
    "bytes behind a head": behind(b"moov", b"mvhd"),
    "what means nothing in the head": over(72, b"moov", b"mvhd"),
    "what means nothing for the decoder": over(10, *ENTRY),
    "a second head": behind(*TABLES[:-1], name=b"vmhd"),
    "the address of another file": behind(*TABLES[:-1], b"dinf", b"dref", b"url "),
    "a track's name": instead(b"VideoHandler"),
    "a sound's name": instead(b"SoundHandler"),
    "a name behind a track's name": behind(*HANDLER),
    "the name of a compressor": compressor(SECRET),
    "bytes behind the name of a compressor": compressor(b"AVC Coding", b"\0" + SECRET),
    "kinds of MP4": behind(b"ftyp"),
    "a table of fragments without any": lambda data: data + box(b"sidx", SECRET),
    "bytes behind the last sample": behind(b"mdat"),
    "bytes before the first sample": before_the_first_sample,
    "another place for samples": lambda data: data + box(b"mdat", SECRET),
}


@pytest.mark.parametrize("where", PLANTED)
def test_what_is_sent_does_not_hold_it(
    clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path, where: str
) -> None:
    repacked(PLANTED[where](clips["keep.mp4"].read_bytes()), tmp_path, ffmpeg)


@pytest.mark.parametrize("path", [(b"data",), (), (b"hdlr",)], ids=["value", "item", "handler"])
def test_the_name_of_an_encoder(
    clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path, path: tuple[bytes, ...]
) -> None:
    item = (b"ilst", b"\xa9too") if path != (b"hdlr",) else ()
    extra = SECRET if path else box(b"data", bytes(8) + SECRET)
    data = grown(clips["encoder_tag.mp4"].read_bytes(), (b"moov", b"meta", *item, *path), extra)
    repacked(data, tmp_path, ffmpeg)


NAMES = [
    *(b"VideoHandle", b"SoundHandler", b"Core Media Audio", b"GPAC ISO Video Handler", b""),
    *(b"\x1fMainconcept Video Media Handler", b"#Mainconcept MP4 Sound Media Handler"),
    *(b"Bento4 Sound Handler", b"L-SMASH Video Handler", b"\x0cVideoHandler"),
    b"ISO Media file produced by Google Inc.",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_programs_give_are_nobodys(clips: Clips, tmp_path: Path, name: bytes) -> None:
    data = edited(clips["keep.mp4"].read_bytes(), HANDLER, lambda old: old[:24] + name + b"\0")
    assert treatment(data, tmp_path) is Action.KEEP


@pytest.mark.parametrize(
    "name",
    [
        *(b"VideoHandler of Ada", b"ada.h264#trackID=1@GPAC0.8", b"Phone 12", b"\x05Paris"),
        b"ISO Media file produced by Google Inc. Created on: 02/03/2024.",
    ],
)
def test_other_names_may_be_somebodys(clips: Clips, tmp_path: Path, name: bytes) -> None:
    data = edited(clips["keep.mp4"].read_bytes(), HANDLER, lambda old: old[:24] + name + b"\0")
    assert treatment(data, tmp_path) is Action.REMUX
    assert any("name of a track" in problem for problem in probe(tmp_path / "it.mp4").problems)


CLEAN: dict[str, Planting] = {
    "a gap in the index": lambda data: grown(data, (b"moov",), box(b"free", bytes(9000))),
    "a gap in a track": lambda data: grown(data, (b"moov", b"trak"), box(b"skip", bytes(9))),
    "a gap behind the video": lambda data: data + box(b"free", bytes(4096)),
    "room for a longer size": lambda data: data + box(b"wide"),
    "zeros behind the index": lambda data: grown(data, (b"moov",), bytes(4)),
    "a well-known compressor": compressor(b"AVC Coding"),
    "FFmpeg as the compressor": compressor(b"Lavc60.31.102 libx264"),
    "profiles of MPEG-4": lambda data: grown(
        data, (b"moov",), box(b"iods", bytes(4) + bytes.fromhex("10808080 07 004f ffff 297f ff"))
    ),
}


@pytest.mark.parametrize("what", CLEAN)
def test_what_tells_nothing_is_kept(clips: Clips, tmp_path: Path, what: str) -> None:
    assert treatment(CLEAN[what](clips["keep.mp4"].read_bytes()), tmp_path) is Action.KEEP


# Each way in which FFmpeg and its encoders write a plain file, as TikTok, Instagram and others do.
WRITTEN = {
    "as TikTok": ("-preset", "veryfast", "-bf", "2", "-map", "1:a", "-map", "0:v"),
    "open groups": ("-x264-params", "open-gop=1:bframes=3:b-pyramid=normal:keyint=8"),
    "refreshed by and by": ("-x264-params", "intra-refresh=1:keyint=8"),
    "colours told": ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"),
    "a long index": ("-movflags", "+faststart+negative_cts_offsets", "-bf", "2"),
    "in small chunks": ("-max_interleave_delta", "1", "-flush_packets", "1"),
    "room for the index": ("-moov_size", "60000"),
    "without edit lists": ("-use_editlist", "0"),
    "three seconds of one picture": ("-tune", "stillimage", "-r", "1"),
    "mono": ("-ac", "1", "-ar", "22050"),
    "brand of Apple": ("-brand", "mp42"),
}


@pytest.mark.parametrize("way", WRITTEN)
def test_plain_files_of_ffmpeg_are_kept(clips: Clips, tmp_path: Path, way: str) -> None:
    path = tmp_path / "it.mp4"
    options = (*H264, *AAC, "-movflags", "+faststart", *WRITTEN[way])
    clips.draw(path, *options, size="90x160", rate=30)
    assert decide(probe(path), LIMITS).action is Action.KEEP


def treatment(data: bytes, folder: Path) -> Action:
    path = folder / "it.mp4"
    path.write_bytes(data)
    return decide(probe(path), LIMITS).action


def repacked(data: bytes, folder: Path, ffmpeg: Ffmpeg) -> None:
    """Hold that a file with the secret plays, and is repacked without it."""
    assert SECRET in data
    source, target = folder / "planted.mp4", folder / "sent.mp4"
    source.write_bytes(data)
    with av.open(str(source)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 15
    facts = probe(source)
    fit = decide(facts, LIMITS)
    assert fit.action is Action.REMUX
    made, done = convert(source, target, facts, fit, LIMITS, ffmpeg, Step())
    assert done.action is Action.REMUX
    assert decide(made, LIMITS).action is Action.KEEP
    assert SECRET not in target.read_bytes()

"""Things about FFmpeg and its wrappers that surprise people, each held off by a test."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import av
import pytest
from av.sidedata.sidedata import Type
from PIL import Image

from importer.errors import Refused
from importer.media import probe as probing
from importer.media.facts import MediaFacts
from importer.media.ffmpeg import Ffmpeg
from importer.media.fingerprint import fingerprint
from importer.media.fit import decide
from importer.media.moments import key_frames, loudness_of
from importer.media.probe import probe
from importer.media.slideshow import make_slideshow
from importer.media.subtitles import read_streams
from importer.media.transcode import Stretch, convert
from importer.model import Action, Fit
from importer.step import Step
from tests.clips import Clips, drawn, hdr, run
from tests.media.matrix import LIMITS, SENT, Case, Treated

_PQ = "color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"
_X265 = ["-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-pix_fmt", "yuv420p10le"]
drawn(
    "pq_mastered.mp4", "-vf", f"setparams={_PQ}", *_X265, "-x265-params",
    "log-level=error:hdr10=1:max-cll=1000,400:"
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)",
    size="64x112",
)  # fmt: skip
# Only the transfer is told, as some cameras do: zscale finds no way from there by itself.
drawn(
    "pq_half_told.mp4", "-vf", "setparams=color_trc=smpte2084", *_X265, "-x265-params",
    "log-level=error:transfer=smpte2084", size="64x112",
)  # fmt: skip
# Colours that screens without HDR show, in the light of a room.
PATCHES = [
    (128, 128, 128), (64, 64, 64), (192, 192, 192), (200, 60, 50), (60, 160, 70),
    (60, 80, 190), (210, 180, 60), (230, 190, 170), (90, 60, 40),
]  # fmt: skip


def treat(source: Path, target: Path, ffmpeg: Ffmpeg) -> MediaFacts:
    facts = probe(source)
    return convert(source, target, facts, decide(facts, LIMITS), LIMITS, ffmpeg, Step())[0]


@pytest.mark.parametrize("case", SENT, ids=lambda case: case.name)
def test_the_index_alone_says_what_ffmpeg_says(
    clips: Clips, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clips[case.name]
    quick = probe(path)
    monkeypatch.setattr(probing, "_from_index", lambda *_: None)
    slow = probe(path)
    if path.name == "cover.mp4":
        # FFmpeg counts the picture in the tags as a stream.
        slow = replace(slow, problems=quick.problems)
    # FFmpeg counts in ticks of the track, whose end is not always a tick of the whole.
    assert quick.seconds == pytest.approx(slow.seconds, abs=0.0001)
    assert quick == replace(slow, seconds=quick.seconds)


@pytest.mark.parametrize(
    "name",
    ["http:x.mp4", "-y.mp4", "concat:a|b.mp4", "pipe:0", "100% %d 'mine'; rm -rf.mp4", "ü 😀.mp4"],
)
@pytest.mark.parametrize("clip_name", ["tiktok_tags.mp4", "hevc.mp4"])
def test_a_name_is_only_a_name(
    clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path, name: str, clip_name: str
) -> None:
    source = tmp_path / name
    shutil.copyfile(clips[clip_name], source)
    target = tmp_path / f"out {name}.mp4"
    assert treat(source, target, ffmpeg).problems == ()
    piece = Stretch(0.0, 0.5)
    facts = probe(source)
    convert(source, target, facts, Fit(Action.TRANSCODE, ""), LIMITS, ffmpeg, Step(), stretch=piece)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, target.name])


@pytest.mark.parametrize("name", ["playlist.mp4", "concat.mp4"])
def test_no_reader_follows_a_playlist(clips: Clips, name: str) -> None:
    path = clips[name]
    assert fingerprint(path) is None
    assert read_streams(path) == []
    with pytest.raises(Refused, match="playlist"):
        probe(path)
    with pytest.raises(av.FFmpegError):
        key_frames(path)


def test_the_light_of_hdr_is_not_promised_in_what_has_none(
    clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    def promises(path: Path) -> set[str]:
        with av.open(str(path)) as container:
            beside: Any = next(container.decode(video=0)).side_data
            told = {Type.MASTERING_DISPLAY_METADATA, Type.CONTENT_LIGHT_LEVEL}
            return {kind.name for kind in told if beside.get(kind) is not None}

    assert promises(clips["pq_mastered.mp4"])
    target = tmp_path / "out.mp4"
    assert not treat(clips["pq_mastered.mp4"], target, ffmpeg).hdr
    assert promises(target) == set()


def test_hdr_that_tells_half_of_its_colours(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    assert probe(clips["pq_half_told.mp4"]).hdr
    assert not treat(clips["pq_half_told.mp4"], tmp_path / "out.mp4", ffmpeg).hdr


@pytest.mark.parametrize(
    ("transfer", "most"), [("smpte2084", 4), ("arib-std-b67", 13)], ids=["PQ", "HLG"]
)
def test_colours_of_hdr_look_as_they_did(
    ffmpeg: Ffmpeg, tmp_path: Path, transfer: str, most: float
) -> None:
    """The usual recipe (hable at 100 nits) is off by 22 and 27 of 255."""
    board = Image.new("RGB", (96, 96))
    for number, colour in enumerate(PATCHES):
        board.paste(colour, (32 * (number % 3), 32 * (number // 3), 96, 96))
    board.save(tmp_path / "board.png")
    source, target, shown = (tmp_path / name for name in ("hdr.mp4", "out.mp4", "shown.png"))
    silence = ("-f", "lavfi", "-i", "anullsrc=d=0.2")
    run("-loop", "1", "-t", "0.2", "-i", tmp_path / "board.png", *silence, *hdr(transfer), source)
    treat(source, target, ffmpeg)
    run("-i", target, "-frames:v", "1", "-vf", "scale=in_color_matrix=bt709,format=rgb24", shown)
    with Image.open(shown) as picture:
        seen = [
            picture.getpixel((32 * (number % 3) + 16, 32 * (number // 3) + 16))
            for number in range(len(PATCHES))
        ]
    errors = [
        abs(a - b)
        for wanted, found in zip(PATCHES, seen, strict=True)
        for a, b in zip(wanted, cast(tuple[int, ...], found), strict=True)
    ]
    assert sum(errors) / len(errors) < most


def test_a_file_that_claims_an_absurd_rate_ends(
    clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Even times at 30,000 pictures a second would be 300,000 of them here."""
    data = bytearray(clips["frames_cut_out.mp4"].read_bytes().replace(b"elst", b"free"))
    at = data.index(b"stts") + 12
    # Thirty pictures, sixty thousand ticks a second: 28 in a moment, one none, one ten seconds.
    for run_of in ((28, 2), (1, 0), (1, 600_000), (0, 0)):
        struct.pack_into(">II", data, at, *run_of)
        at += 8
    source = tmp_path / "absurd.mp4"
    source.write_bytes(data)
    facts = probe(source)
    assert facts.irregular
    assert (facts.frame_rate or 0) > 10_000
    target = tmp_path / "out.mp4"
    if ffmpeg.version.startswith("5."):
        # It leaves out how long the last picture stands, which is all of it but a moment.
        with pytest.raises(Refused, match="not as long"):
            treat(source, target, ffmpeg)
        return
    after = treat(source, target, ffmpeg)
    assert (after.frame_rate, round(after.seconds)) == (240, 10)


def test_times_that_turn_out_irregular_are_mended(
    clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Parts of a long video, for one, are cut after it was looked at."""
    source = clips["frames_cut_out.ts"]
    facts = probe(source)
    assert facts.irregular
    blind = replace(facts, irregular=False, frame_rate=None)
    made, _ = convert(
        source, tmp_path / "out.mp4", blind, Fit(Action.TRANSCODE, ""), LIMITS, ffmpeg, Step()
    )
    assert (made.irregular, round(made.frame_rate or 0, 2)) == (False, 30)


@pytest.mark.parametrize("share", [0.5, 0.75])
@pytest.mark.parametrize("name", ["matroska.mkv", "vp9.webm", "flash.flv", "old.avi"])
def test_half_a_file_is_not_taken_for_a_whole_one(
    clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path, name: str, share: float
) -> None:
    """FFmpeg copies what is there of it, and some versions call that a success."""
    whole = clips[name].read_bytes()
    source = tmp_path / name
    source.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(Refused) as caught:
        treat(source, tmp_path / "out.mp4", ffmpeg)
    assert caught.value.code == "damaged"
    assert list(tmp_path.iterdir()) == [source]


def test_music_with_a_cover_is_no_video(clips: Clips, tmp_path: Path) -> None:
    art, song = tmp_path / "art.jpg", tmp_path / "song.m4a"
    run("-i", clips["keep.mp4"], "-frames:v", "1", art)
    run("-i", clips["keep.mp4"], "-i", art, "-map", "0:a", "-map", "1", "-c", "copy",
        "-disposition:v:0", "attached_pic", song)  # fmt: skip
    with pytest.raises(Refused) as caught:
        probe(song)
    assert caught.value.code == "no_video"


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")
@pytest.mark.parametrize("name", ["tiktok_tags.mp4", "hevc.mp4"])
def test_a_good_end_is_not_believed(
    clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path, name: str
) -> None:
    """Told to quit, or short of a codec, FFmpeg leaves a shorter video and ends with 0."""
    half = tmp_path / "half.mp4"
    run("-i", clips["keep.mp4"], "-t", "0.5", half)
    liar = tmp_path / "liar"
    liar.write_text(
        '#!/bin/sh\nfor word; do case "$word" in\n'
        f'file:*.part) cp "{half}" "${{word#file:}}"\nesac; done\n'
    )
    liar.chmod(0o755)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(Refused) as caught:
        treat(clips[name], tmp_path / "out.mp4", replace(ffmpeg, path=liar))
    assert caught.value.code == "damaged"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["mp3.mp4", "pcm.mov", "opus.mp4", "dolby_sound.mp4"])
def test_loudness_is_left_as_the_author_made_it(clips: Clips, treated: Treated, name: str) -> None:
    """Made louder or quieter for no player, nor by making two channels of one."""
    (case,) = (case for case in SENT if case.name == name)
    with loudness_of(clips[name]) as before, loudness_of(treated[case]) as after:
        half_a_decibel = 0.5 / 40
        assert 0 < before(0.5) == pytest.approx(after(0.5), abs=half_a_decibel)


@pytest.mark.parametrize("name", ["playlist.mp4", "concat.mp4"])
def test_a_playlist_is_no_sound(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path, name: str) -> None:
    Image.new("RGB", (60, 40), "red").save(tmp_path / "1.png")
    target = tmp_path / "out.mp4"
    with pytest.raises(Refused):
        make_slideshow([tmp_path / "1.png"], clips[name], target, LIMITS, ffmpeg, Step())
    assert [path.name for path in tmp_path.iterdir()] == ["1.png"]


def test_a_percent_sign_in_a_folder_is_no_pattern(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    folder = tmp_path / "100%02d mine"
    folder.mkdir()
    for number in (1, 2):
        Image.new("RGB", (60, 40 * number), "red").save(folder / f"{number}.png")
    target = folder / "out.mp4"
    make_slideshow([folder / "1.png", folder / "2.png"], None, target, LIMITS, ffmpeg, Step())
    assert probe(target).seconds == pytest.approx(6, abs=0.1)
    assert sorted(path.name for path in folder.iterdir()) == ["1.png", "2.png", "out.mp4"]


def test_a_set_that_would_be_too_long_a_video_is_shown_faster(
    ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    Image.new("RGB", (60, 40), "red").save(tmp_path / "1.png")
    short = replace(LIMITS, video_seconds=4.0)
    make_slideshow([tmp_path / "1.png"] * 5, None, tmp_path / "out.mp4", short, ffmpeg, Step())
    assert probe(tmp_path / "out.mp4").seconds <= 4.0


def test_building_a_command_runs_no_file_that_lies_about(tmp_path: Path) -> None:
    """`future`, which ffmpeg-python needs, imports any `test.py` it finds in some of its parts."""
    (tmp_path / "test.py").write_text("from pathlib import Path; Path('ran').touch()")
    program = "import sys; sys.path.insert(0, ''); import importer.media.transcode"
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, check=True, env={"PYTHONPATH": str(root)}
    )
    assert not (tmp_path / "ran").exists()


def test_every_repacking_is_repeatable(
    clips: Clips, treated: Treated, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Equal media gives equal bytes, so that a blob that was sent before is known again."""
    for case in SENT:
        if case.action is Action.REMUX:
            again = tmp_path / "again.mp4"
            treat(clips[case.name], again, ffmpeg)
            assert again.read_bytes() == treated[case].read_bytes(), case.name

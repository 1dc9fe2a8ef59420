"""Things about FFmpeg and its wrappers that surprise people, each held off by a test."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

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
from importer.media.moments import key_frames
from importer.media.probe import probe
from importer.media.slideshow import make_slideshow
from importer.media.subtitles import read_streams
from importer.media.transcode import Stretch, convert
from importer.model import Action, Fit
from importer.step import Step
from tests.clips import Clips, drawn
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
    assert quick == slow


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

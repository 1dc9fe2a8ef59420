"""Every treated file is what the servers accept, says nothing private, and appears whole or not."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import pytest

from importer.errors import Refused, Stopped
from importer.media.boxes import scan
from importer.media.facts import MediaFacts
from importer.media.ffmpeg import Ffmpeg
from importer.media.fit import decide
from importer.media.probe import probe
from importer.media.transcode import convert
from importer.model import Action, Fit, Limits
from importer.step import Step
from tests.clips import LATITUDE, Clips

LIMITS = Limits(100_000_000, 100_000_000, 180, "test")

REMUXED = [
    "quicktime.mov",
    "index_last.mp4",
    "fragmented.mp4",
    "matroska.mkv",
    "tiktok_tags.mp4",
    "place.mp4",
    "place.mov",
    "place_key.mov",
    "place_box.mp4",
    "uuid.mp4",
    "cover.mp4",
    "chapters_and_more.mp4",
    "sideways.mov",
]
REVOICED = ["mp3.mp4", "surround.mp4"]
ENCODED = [
    "hevc.mp4",
    "vp9.webm",
    "yuv444.mp4",
    "odd.mp4",
    "ten_bit.mp4",
    "full_range.mp4",
    "wide_pixels.mp4",
    "interlaced.mp4",
    "nothing_right.avi",
    "pq.mp4",
    "hlg.mp4",
]
EXPECTED = (
    [(name, Action.REMUX) for name in REMUXED]
    + [(name, Action.AUDIO) for name in REVOICED]
    + [(name, Action.TRANSCODE) for name in ENCODED]
)


def treat(
    source: Path,
    target: Path,
    ffmpeg: Ffmpeg,
    *,
    action: Action | None = None,
    limits: Limits = LIMITS,
    step: Step | None = None,
) -> MediaFacts:
    facts = probe(source)
    fit = Fit(action, "the test says so") if action else decide(facts, limits)
    return convert(source, target, facts, fit, limits, ffmpeg, step or Step())[0]


def packets(path: Path) -> list[tuple[float, bytes]]:
    """The picture's packets with their times in seconds."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [
            (float(packet.pts * stream.time_base), bytes(packet))
            for packet in container.demux(stream)
            if packet.pts is not None and stream.time_base
        ]


def brightness(path: Path) -> float:
    """The mean luma of the first picture, 16 for black and 235 for white."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        plane = bytes(frame.planes[0])
        rows = [plane[y * frame.planes[0].line_size :][: frame.width] for y in range(frame.height)]
        return sum(map(sum, rows)) / (frame.width * frame.height)


@pytest.mark.parametrize(("name", "action"), EXPECTED)
def test_treated_files_need_nothing_more(
    clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path, name: str, action: Action
) -> None:
    before = probe(clips[name])
    assert decide(before, LIMITS).action is action
    target = tmp_path / "out.mp4"
    after = treat(clips[name], target, ffmpeg)
    assert after == probe(target)
    assert decide(after, LIMITS).action is Action.KEEP
    assert after.problems == ()
    assert abs(after.width - before.width) <= 1
    assert abs(after.height - before.height) <= 1
    assert after.seconds == pytest.approx(before.seconds, abs=0.15)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", [*REMUXED, *REVOICED])
def test_a_copied_picture_is_the_same(
    clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path, name: str
) -> None:
    target = tmp_path / "out.mp4"
    treat(clips[name], target, ffmpeg)
    assert [data for _, data in packets(target)] == [data for _, data in packets(clips[name])]


@pytest.mark.parametrize(
    "name",
    ["place.mp4", "place.mov", "place_key.mov", "place_box.mp4", "tiktok_tags.mp4", "uuid.mp4"],
)
@pytest.mark.parametrize("action", [Action.REMUX, Action.AUDIO, Action.TRANSCODE])
def test_nothing_private_is_left(
    clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path, name: str, action: Action
) -> None:
    secrets = [LATITUDE.encode(), b"\xa9xyz", b"loci", b"mdta", b"Paris", b"vid:v", b"2024-02-03"]
    source = clips[name].read_bytes()
    assert any(secret in source for secret in secrets)
    target = tmp_path / "out.mp4"
    treat(clips[name], target, ffmpeg, action=action)
    result = target.read_bytes()
    assert [secret for secret in [*secrets, b"Lavf"] if secret in result] == []
    assert scan(target).tags == ()


def test_equal_media_gives_equal_bytes(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    for name in ("tiktok_tags.mp4", "place.mp4"):
        treat(clips[name], tmp_path / name, ffmpeg)
    first, second = (path.read_bytes() for path in tmp_path.iterdir())
    assert first == second


def test_rotation(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    copied = treat(clips["sideways.mov"], tmp_path / "copied.mp4", ffmpeg)
    assert (copied.rotation, copied.width, copied.height) == (270, 320, 180)
    encoded = treat(
        clips["sideways.mov"], tmp_path / "encoded.mp4", ffmpeg, action=Action.TRANSCODE
    )
    assert (encoded.rotation, encoded.coded_width, encoded.coded_height) == (0, 320, 180)


def test_pixels_become_square_and_even(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    wide = treat(clips["wide_pixels.mp4"], tmp_path / "wide.mp4", ffmpeg)
    assert (wide.coded_width, wide.coded_height) == (240, 320)
    odd = treat(clips["odd.mp4"], tmp_path / "odd.mp4", ffmpeg)
    assert (odd.coded_width, odd.coded_height) == (178, 318)


def test_a_picture_too_large_is_shrunk(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    after = treat(clips["huge.mp4"], tmp_path / "out.mp4", ffmpeg)
    assert (after.width, after.height) == (1920, 1080)


def test_few_bits_make_a_smaller_picture(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    few = Limits(250_000, 250_000, 180, "test")
    source, target = clips["tall.mp4"], tmp_path / "out.mp4"
    after = treat(source, target, ffmpeg, action=Action.TRANSCODE, limits=few)
    assert (after.width, after.height) == (94, 1280)
    after = treat(source, target, ffmpeg, action=Action.TRANSCODE)
    assert (after.width, after.height) == (96, 1300)


def test_irregular_times_are_kept(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    treat(clips["vfr.mp4"], target, ffmpeg, action=Action.TRANSCODE)
    before = sorted(time for time, _ in packets(clips["vfr.mp4"]))
    after = sorted(time for time, _ in packets(target))
    assert after == pytest.approx(before, abs=0.001)
    gaps = {round(b - a, 2) for a, b in pairwise(after)}
    assert len(gaps) > 1


def test_silence_stays_silent(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    for action in (Action.REMUX, Action.TRANSCODE):
        after = treat(clips["silent.mp4"], tmp_path / "out.mp4", ffmpeg, action=action)
        assert after.audio_codec is None


def test_good_sound_is_not_encoded_again(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    after = treat(clips["mono.mp4"], tmp_path / "out.mp4", ffmpeg, action=Action.TRANSCODE)
    assert after.audio_channels == 1


@pytest.mark.parametrize("name", ["pq.mp4", "hlg.mp4"])
def test_hdr_keeps_the_brightness_of_grey(
    clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path, name: str
) -> None:
    target = tmp_path / "out.mp4"
    after = treat(clips[name], target, ffmpeg)
    assert not after.hdr
    assert brightness(target) == pytest.approx(16 + 219 * 128 / 255, abs=3)


@pytest.mark.parametrize("cap", [300_000, 150_000])
def test_the_size_cap_holds(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path, cap: int) -> None:
    limits = Limits(cap, cap, 180, "test")
    facts = probe(clips["noisy.mp4"])
    assert facts.bytes > cap
    assert decide(facts, limits).action is Action.TRANSCODE
    after = treat(clips["noisy.mp4"], tmp_path / "out.mp4", ffmpeg, limits=limits)
    assert after.bytes <= cap
    # Used, not wasted.
    assert after.bytes > cap / 3


def test_a_cap_out_of_reach(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    limits = Limits(50_000, 50_000, 180, "test")
    with pytest.raises(Refused) as caught:
        treat(
            clips["noisy.mp4"], tmp_path / "out.mp4", ffmpeg, action=Action.TRANSCODE, limits=limits
        )
    assert caught.value.code == "too_large"
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_will_not_do_is_encoded(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    # A wrong order to repack: HEVC copies well, but the result would not be accepted.
    after = treat(clips["hevc.mp4"], tmp_path / "out.mp4", ffmpeg, action=Action.REMUX)
    assert after.codec == "h264"


def test_damage_is_told(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        treat(clips["damaged.mp4"], tmp_path / "out.mp4", ffmpeg)
    assert caught.value.code == "damaged"
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["playlist.mp4", "concat.mp4"])
@pytest.mark.parametrize("action", [Action.REMUX, Action.TRANSCODE])
def test_a_playlist_reads_no_other_file(
    clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path, name: str, action: Action
) -> None:
    # Probing refuses playlists; this is the second lock, with the facts of another file.
    facts = probe(clips["keep.mp4"])
    with pytest.raises(Refused):
        convert(clips[name], tmp_path / "out.mp4", facts, Fit(action, ""), LIMITS, ffmpeg, Step())
    assert list(tmp_path.iterdir()) == []


class Impatient(Step):
    """A step whose user stops it at the first sign of progress."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "done" and value:
            self.stop.set()


@pytest.mark.parametrize("name", ["tiktok_tags.mp4", "mp3.mp4", "hevc.mp4"])
def test_a_stop_leaves_nothing(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path, name: str) -> None:
    with pytest.raises(Stopped):
        treat(clips[name], tmp_path / "out.mp4", ffmpeg, step=Impatient())
    assert list(tmp_path.iterdir()) == []


def test_an_older_target_is_replaced(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    target = tmp_path / "name with spaces, 😀 and %d.mp4"
    target.write_bytes(b"old")
    assert treat(clips["index_last.mp4"], target, ffmpeg).bytes == target.stat().st_size > 3


@pytest.mark.parametrize("action", [Action.KEEP, Action.SKIP])
def test_nothing_to_convert(clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path, action: Action) -> None:
    with pytest.raises(ValueError, match="nothing to convert"):
        treat(clips["keep.mp4"], tmp_path / "out.mp4", ffmpeg, action=action)


DEMO = {
    "clip1.mp4": Action.KEEP,
    "clip2.mp4": Action.REMUX,
    "clip3.mp4": Action.TRANSCODE,
    "clip4.mp4": Action.REMUX,
    "clip5.mp4": Action.KEEP,
}


def test_the_demo_shows_every_way() -> None:
    folder = Path(__file__).parents[2] / "samples" / "demo" / "media"
    found = {path.name: decide(probe(path), LIMITS).action for path in folder.glob("*.mp4")}
    assert found == DEMO
    assert sum(path.stat().st_size for path in folder.iterdir()) < 300_000

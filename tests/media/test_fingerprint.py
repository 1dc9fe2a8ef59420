"""The same video is known again in another size, quality and codec; another video is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from importer.media.fingerprint import SAME_BITS, distance, fingerprint
from tests.clips import run

DEMO = Path(__file__).parents[2] / "samples" / "demo" / "media"
CLIPS = sorted(DEMO.glob("*.mp4"))
COPIES = {
    "smaller": ["-vf", "scale=90:160", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "30"],
    "larger": ["-vf", "scale=540:960", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "18"],
    "poor": ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "38"],
    "another codec": ["-c:v", "mpeg4", "-q:v", "5"],
    "marked": [
        "-vf",
        "drawbox=x=6:y=6:w=50:h=14:color=white@0.8:t=fill",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
    ],
    "other key frames": ["-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-bf", "0"],
}


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("clip", CLIPS, ids=lambda path: path.stem)
def test_a_copy_is_known_again(tmp_path: Path, clip: Path, copy: str) -> None:
    target = tmp_path / "copy.mp4"
    run("-i", clip, "-an", "-pix_fmt", "yuv420p", *COPIES[copy], target)
    one, other = fingerprint(clip), fingerprint(target)
    assert one and other
    assert one.is_like(other) and other.is_like(one), distance(one, other)


def test_different_videos_are_told_apart() -> None:
    prints = [fingerprint(clip) for clip in CLIPS]
    found = [(one, other) for one in prints for other in prints if one is not other]
    assert len(found) == len(CLIPS) * (len(CLIPS) - 1)
    for one, other in found:
        assert one and other
        assert distance(one, other) > SAME_BITS
        assert not one.is_like(other)


def test_another_length_is_another_video(tmp_path: Path) -> None:
    target = tmp_path / "cut.mp4"
    run("-i", CLIPS[0], "-t", "1.2", "-c", "copy", target)
    one, other = fingerprint(CLIPS[0]), fingerprint(target)
    assert one and other and not one.is_like(other)


@pytest.mark.parametrize("data", [b"", b"no film", b"\0\0\0\x18ftypmp42" + bytes(100)])
def test_what_is_no_video_has_no_fingerprint(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.mp4").write_bytes(data)
    assert fingerprint(tmp_path / "x.mp4") is None


def test_a_file_that_is_gone_has_no_fingerprint(tmp_path: Path) -> None:
    assert fingerprint(tmp_path / "gone.mp4") is None

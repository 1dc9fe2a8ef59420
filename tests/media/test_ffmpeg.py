"""Finding ffmpeg, and running it: progress, stops, stalls, crashes and full disks."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from importer.errors import DiskFull, Refused, Stopped, UserError
from importer.media.ffmpeg import Ffmpeg, find
from importer.step import Step
from tests.clips import Clips

posix = pytest.mark.skipif(os.name != "posix", reason="stand-ins are shell scripts")


class Impatient(Step):
    """A step whose user stops it at the first sign of progress."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "done" and value:
            self.stop.set()


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def picture(seconds: int) -> list[str]:
    return ["-v", "error", "-f", "lavfi", "-i", f"testsrc2=s=64x112:r=10:d={seconds}"]


def test_find_falls_back_to_the_bundled_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find()
    assert found.source == "imageio-ffmpeg"
    assert found.path.is_file()
    assert found.version


@posix
def test_find_prefers_a_good_system_one(
    ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ffmpeg").symlink_to(ffmpeg.path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find().source == "system"


@posix
@pytest.mark.parametrize(
    "text",
    [
        "echo 'ffmpeg version 4.2.2-static'",
        # New enough, but without x264.
        "echo 'ffmpeg version 7.1'",
        "exit 1",
    ],
)
def test_find_passes_over_a_bad_system_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    script(tmp_path / "ffmpeg", text)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find().source == "imageio-ffmpeg"


def test_find_takes_the_named_one(ffmpeg: Ffmpeg) -> None:
    assert find(ffmpeg.path) == Ffmpeg(ffmpeg.path, ffmpeg.version, "settings")


@posix
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("echo 'ffmpeg version 4.4.1'", "version 4.4.1 is too old"),
        ("echo 'ffmpeg version n6.0-12-gabc'", "built without"),
        ("echo hello", "does not say it is ffmpeg"),
        ("exit 3", "does not run"),
    ],
)
def test_a_named_one_that_will_not_do(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        find(script(tmp_path / "mine", text))
    assert words in caught.value.text
    assert caught.value.hint
    assert caught.value.code == "no_ffmpeg"


def test_none_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "gone"))
    with pytest.raises(UserError, match="no usable ffmpeg"):
        find()


def test_run_reports_progress(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    step = Step()
    ffmpeg.run([*picture(3), str(tmp_path / "out.mp4")], step, 3.0)
    assert (step.unit, step.total) == ("seconds", 3.0)
    assert step.done == pytest.approx(3, abs=0.3)


def test_failure_says_why(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No such file") as caught:
        ffmpeg.run(["-v", "error", "-i", str(tmp_path / "gone.mp4"), "-f", "null", "-"], Step(), 1)
    assert caught.value.code == "ffmpeg_failed"


def test_a_stop_kills_within_a_moment(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    step = Impatient()
    begun = time.monotonic()
    with pytest.raises(Stopped):
        ffmpeg.run(["-re", *picture(60), "-f", "null", "-"], step, 60)
    # The picture would take a minute.
    assert time.monotonic() - begun < 45


def test_a_stop_before_the_start_starts_nothing(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        Ffmpeg(tmp_path / "gone", "0", "settings").run([], Step(stop), None)


@posix
def test_a_silent_child_is_stopped_too(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    # Nobody ever writes to this pipe, so ffmpeg waits for its first byte for ever.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    step = Step()
    timer = threading.Timer(0.3, step.stop.set)
    timer.start()
    with pytest.raises(Stopped):
        ffmpeg.run(["-i", str(pipe), "-f", "null", "-"], step, None)
    timer.join()


@posix
def test_a_stalled_child_is_killed(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    # A wrapper script, as some systems have. What it started holds our pipe open: only when that
    # ends too can `run` return.
    stuck = script(tmp_path / "stuck", "sleep 600 & wait")
    with pytest.raises(Refused) as caught:
        Ffmpeg(stuck, "9", "settings").run([], Step(), 1, stall_seconds=0.5)
    assert caught.value.code == "ffmpeg_stalled"


@posix
def test_a_crash_names_the_binary(tmp_path: Path) -> None:
    broken = script(tmp_path / "broken", "kill -SEGV $$")
    with pytest.raises(Refused) as caught:
        Ffmpeg(broken, "7.0.2", "settings").run([], Step(), 1)
    assert caught.value.code == "ffmpeg_crashed"
    assert str(broken) in caught.value.text
    assert "7.0.2" in caught.value.text


@posix
def test_where_the_systems_crashes_ours_is_tried(tmp_path: Path) -> None:
    broken = script(tmp_path / "broken", "kill -SEGV $$")
    target = tmp_path / "out.mp4"
    Ffmpeg(broken, "7.0.2", "system").run([*picture(1), str(target)], Step(), 1)
    assert target.stat().st_size


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /dev/full")
def test_a_full_disk(ffmpeg: Ffmpeg) -> None:
    with pytest.raises(DiskFull):
        ffmpeg.run([*picture(2), "-f", "mpegts", "-y", "/dev/full"], Step(), 2)


def test_a_binary_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be started"):
        Ffmpeg(tmp_path / "gone", "9", "settings").run([], Step(), 1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_child_gives_way_and_stands_apart(tmp_path: Path) -> None:
    # The stand-in reports its own session and, once we had time to set it, its priority.
    told = tmp_path / "told"
    session = "/proc/$$/autogroup"  # which kernels have that weigh sessions against each other
    child = script(
        tmp_path / "child",
        "until [ $(nice) = 19 ]; do :; done; "
        f"while [ -e {session} ] && ! grep -q 'nice 19$' {session}; do :; done; "
        f"ps -o sid= $$ >'{told}'",
    )
    Ffmpeg(child, "9", "settings").run([], Step(), 1, stall_seconds=10)
    assert told.read_text().strip() != str(os.getsid(0))


def test_the_environment_cannot_make_it_write_reports(
    ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report = tmp_path / "report.log"
    monkeypatch.setenv("FFREPORT", f"file={report}")
    ffmpeg.run([*picture(1), "-f", "null", "-"], Step(), 1)
    assert not report.exists()


def test_a_flood_of_complaints_does_not_block(ffmpeg: Ffmpeg, clips: Clips) -> None:
    ffmpeg.run(["-v", "trace", "-i", str(clips["keep.mp4"]), "-f", "null", "-"], Step(), 1)

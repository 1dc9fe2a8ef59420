"""Hardware encodes only when it was asked for and seen to work; software always steps in."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from importer.errors import UserError
from importer.media import encoder
from importer.media.encoders import HARDWARE, NAMES, SOFTWARE, Encoder
from importer.media.ffmpeg import Ffmpeg
from importer.media.fit import decide
from importer.media.probe import probe
from importer.media.transcode import convert
from importer.model import Action, Fit
from importer.step import Step
from tests.clips import Clips
from tests.media.matrix import LIMITS

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")
MakeFfmpeg = Callable[..., Ffmpeg]

# An ffmpeg on a computer with a video chip: the chip's encoder is x264 under another name.
CHIP = """#!{python}
import os, sys
name, needs, log = {name!r}, {needs!r}, {log!r}
given = sys.argv[1:]
with open(log, "a") as file:
    print(" ".join(given), file=file)
if name in given:
    if needs and not any(needs in word for word in given):
        sys.exit("the chip wants pictures in its own memory")
    drop = {{"-rc", "-cq", "-preset", "-rc_mode", "-global_quality", "-vaapi_device"}}
    drop |= {{"-q:v", "-b:v"}}
    kept, words = [], iter(given)
    for word in words:
        if word in drop:
            next(words)
        else:
            kept.append("libx264" if word == name else word.replace(",hwupload", ""))
    given = kept
os.execv({ffmpeg!r}, [{ffmpeg!r}, *given])
"""


@pytest.fixture
def with_chip(ffmpeg: Ffmpeg, tmp_path: Path) -> MakeFfmpeg:
    """An ffmpeg whose hardware encoder of that name works."""

    def make(name: str, needs: str = "") -> Ffmpeg:
        path = tmp_path / f"ffmpeg-{name}"
        path.write_text(
            CHIP.format(
                python=sys.executable,
                name=name,
                needs=needs,
                log=str(tmp_path / "log"),
                ffmpeg=str(ffmpeg.path),
            )
        )
        path.chmod(0o755)
        return Ffmpeg(path, ffmpeg.version, "settings")

    return make


def called(tmp_path: Path) -> list[str]:
    return (tmp_path / "log").read_text().splitlines()


def test_nothing_is_asked_of_hardware_by_itself(with_chip: MakeFfmpeg, tmp_path: Path) -> None:
    assert encoder.find("software", with_chip("h264_nvenc")) is SOFTWARE
    assert not (tmp_path / "log").exists()


def test_no_hardware_here(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    assert encoder.find("hardware", ffmpeg) is SOFTWARE
    assert encoder.working(ffmpeg) == []
    with pytest.raises(UserError, match="nvenc does not work") as caught:
        encoder.find("nvenc", ffmpeg)
    assert (caught.value.code, "software" in caught.value.hint) == ("no_encoder", True)


def test_an_unknown_name(ffmpeg: Ffmpeg) -> None:
    with pytest.raises(UserError, match="no encoder called turbo") as caught:
        encoder.find("turbo", ffmpeg)
    assert all(name in caught.value.hint for name in NAMES)


@pytest.mark.parametrize("chip", HARDWARE, ids=lambda chip: chip.name)
def test_what_works_is_found_and_used(
    clips: Clips, with_chip: MakeFfmpeg, tmp_path: Path, chip: Encoder
) -> None:
    name = chip.options["c:v"]
    program = with_chip(name, needs="hwupload" if chip.name == "vaapi" else "")
    assert encoder.find(chip.name, program) is chip
    assert encoder.find("hardware", program) is chip
    facts = probe(clips["hevc.mp4"])
    made, fit = convert(
        clips["hevc.mp4"], tmp_path / "out.mp4", facts, decide(facts, LIMITS), LIMITS, program,
        Step(), encoder=chip,
    )  # fmt: skip
    assert (made.codec, fit.action) == ("h264", Action.TRANSCODE)
    last = called(tmp_path)[-1]
    assert name in last
    assert "libx264" not in last
    if chip.device:
        assert "-vaapi_device /dev/dri" in last


def test_a_chip_that_fails_on_a_file_is_followed_by_software(
    clips: Clips, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    facts = probe(clips["hevc.mp4"])
    fit = Fit(Action.TRANSCODE, "")
    (nvenc,) = (chip for chip in HARDWARE if chip.name == "nvenc")
    target = tmp_path / "out.mp4"
    made, _ = convert(clips["hevc.mp4"], target, facts, fit, LIMITS, ffmpeg, Step(), encoder=nvenc)
    assert made.codec == "h264"
    assert list(tmp_path.iterdir()) == [target]


def test_the_size_cap_binds_hardware_too(
    clips: Clips, with_chip: MakeFfmpeg, tmp_path: Path
) -> None:
    program = with_chip("h264_nvenc")
    facts = probe(clips["noisy.mp4"])
    limits = LIMITS.__class__(200_000, 200_000, 180, "test")
    chip = encoder.find("nvenc", program)
    made, _ = convert(
        clips["noisy.mp4"], tmp_path / "out.mp4", facts, decide(facts, limits), limits, program,
        Step(), encoder=chip,
    )  # fmt: skip
    assert made.bytes <= 200_000
    assert "-maxrate" in called(tmp_path)[-1]

"""Treating media: our time as a share of bare commands, and what quality and size come out.

    python benchmarks/media_treatment.py

All inputs are drawn by the ffmpeg that Tokaway finds: a still full of detail under a moving camera,
with or without sensor noise, at the bit rates that phones and TikTok use. Times are the best of
several rounds, taken in turns; CPU is ours and that of the programs we start. Bare ffmpeg runs at
the same low priority as ours. Takes some six minutes, and 1 GB of disk.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
from PIL import Image
from pillow_heif import register_heif_opener

from importer.media.facts import MediaFacts
from importer.media.ffmpeg import Ffmpeg, find
from importer.media.fit import decide
from importer.media.fit_photo import decide_photo
from importer.media.photos import convert_photo, probe_photo
from importer.media.probe import probe
from importer.media.transcode import convert
from importer.model import Account, Action, Kind, Limits, Milestone, Post, Privacy, Role, post_id
from importer.pds.repo import Repo
from importer.stages.place import describe, post_folder
from importer.stages.prepare import prepare
from importer.stages.tools import Job, Tools
from importer.step import Step

LARGE, SMALL = 100_000_000, 2_000_000
ROOMY = Limits(10**9, 10**9, 600.0, "benchmark")
FILES = 1_000
CAPS = (0.25, 0.5, 0.75, 0.9)
LOWEST_PRIORITY = 19
WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)

STILL = (
    *("-f", "lavfi", "-i", "mandelbrot=s=1350x2400:start_x=-0.743643887:start_y=-0.131825904"),
    *("-f", "lavfi", "-i", "perlin=s=1350x2400:octaves=8:persistence=0.6:xscale=3:yscale=5"),
    *("-f", "lavfi", "-i", "gradients=s=1350x2400:n=6:seed=7"),
    "-filter_complex",
    "[0]gblur=sigma=1.5,format=gbrp[lines];[1]format=gray,format=gbrp[clouds];[2]format=gbrp[wash];"
    "[lines][wash]blend=all_mode=average[both];[both][clouds]blend=all_mode=overlay,format=rgb24",
    *("-frames:v", "1"),
)
CAMERA = (
    "zoompan=d=1:z='1.25+0.1*sin(on/20)':x='(iw-iw/zoom)/2*(1+0.9*sin(on/12))'"
    ":y='(ih-ih/zoom)/2*(1+0.9*cos(on/17))'"
)
NOISE = ",noise=alls=8:allf=t"
SOUND = ("-f", "lavfi", "-i", "anoisesrc=c=pink:a=0.1:r=44100:seed=1")
H264 = ("-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p")
HEVC = (
    *("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-tag:v", "hvc1"),
    *("-x265-params", "log-level=error"),
)
AAC = ("-c:a", "aac", "-b:a", "128k", "-ac", "2")
CLEAN = ("-map_metadata", "-1", "-fflags", "+bitexact", "-movflags", "+faststart")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus")
KINDS: dict[str, tuple[str, ...]] = {
    "plain.mp4": (*H264, *AAC, *CLEAN),
    "tagged.mp4": (*H264, *AAC, "-metadata", "comment=vid:v1"),
    "silent.mp4": (*H264, "-an", *CLEAN),
    "fragments.mp4": (*H264, *AAC, "-movflags", "+frag_keyframe+empty_moov"),
    "phone.mov": (*H264, *AAC),
    "hevc.mp4": (*HEVC, *AAC, *CLEAN),
    "hevc.mov": (*HEVC, *AAC),
    "vp9.webm": VP9,
    "vp9_silent.webm": (*VP9, "-an"),
    "matroska.mkv": (*H264, *AAC),
}
INDEXED = ("plain.mp4", "tagged.mp4", "silent.mp4", "phone.mov")


@dataclass(frozen=True)
class Recorded(Ffmpeg):
    """The same ffmpeg, keeping the arguments of each run."""

    runs: list[list[str]] = field(default_factory=list)

    def run(
        self,
        arguments: Sequence[str],
        step: Step,
        total_seconds: float | None,
        *,
        stall_seconds: float = 300.0,
    ) -> None:
        self.runs.append(list(arguments))
        super().run(arguments, step, total_seconds, stall_seconds=stall_seconds)


class NoRepo(Repo):
    """Preparing has nothing to do with the server."""

    def __init__(self) -> None:
        return


@dataclass(frozen=True)
class Spent:
    """What a call took, in seconds."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Target:
    """A measured value, and the most it may be (or the least)."""

    name: str
    value: float
    bound: float
    unit: str = ""
    at_least: bool = False

    def __str__(self) -> str:
        met = self.value >= self.bound if self.at_least else self.value <= self.bound
        which = "at least" if self.at_least else "at most"
        value, bound = f"{self.value:.3f}{self.unit}", f"{self.bound:g}{self.unit}"
        return f"{'met' if met else 'missed':<8}{self.name:<36}{value:>12}, {which} {bound}"


@dataclass(frozen=True)
class Conversion:
    """A conversion that can be run several times, and where its result lies."""

    work: Callable[[], MediaFacts]
    target: Path
    action: Action


@dataclass(frozen=True)
class Bench:
    """Where the files lie, and what makes them."""

    folder: Path
    ffmpeg: Recorded

    def make(self, name: str, *arguments: str | Path) -> Path:
        """Run ffmpeg; the file it makes."""
        path = self.folder / name
        quiet = ("-nostdin", "-hide_banner", "-v", "error", "-y")
        subprocess.run([self.ffmpeg.path, *quiet, *arguments, path], check=True)
        return path

    def film(
        self, name: str, *options: str, seconds: float, size: str, rate: int, look: str = ""
    ) -> Path:
        """The still under a moving camera, with pink noise as its sound."""
        still = self.folder / "still.png"
        if not still.exists():
            self.make("still.png", *STILL)
        moving = (
            f"format=yuv420p,loop=-1:1,fps={rate},settb=1/{rate},setpts=N,"
            f"{CAMERA}:s={size}:fps={rate}{look}"
        )
        inputs = ("-i", still, *SOUND, "-t", str(seconds), "-vf", moving)
        return self.make(name, *inputs, *options, *AAC, *CLEAN)

    def repeated(self, name: str, clip: Path, least_bytes: int) -> Path:
        """The clip again and again without encoding it, up to a size."""
        times = math.ceil(least_bytes / clip.stat().st_size)
        again = ("-stream_loop", str(times - 1), "-i", clip, "-c", "copy")
        return self.make(name, *again, *CLEAN)

    def convert(self, source: Path, limits: Limits = ROOMY, *, encode: bool = False) -> Conversion:
        """The conversion that the file needs, or encoding it whether it needs that or not."""
        facts = probe(source)
        fit = decide(facts, limits, encode=encode)
        target = self.folder / f"{source.stem}.converted.mp4"

        def work() -> MediaFacts:
            return convert(source, target, facts, fit, limits, self.ffmpeg, Step())[0]

        return Conversion(work, target, fit.action)


def best_of(turns: int, *works: Callable[[], object], settle: bool = False) -> list[Spent]:
    """The best wall and CPU seconds of each call; `settle` empties the disk's queue before it."""
    found: list[list[Spent]] = [[] for _ in works]
    for _ in range(turns):
        for spent, work in zip(found, works, strict=True):
            if settle:
                os.sync()
            spent.append(_spent(work))
    return [Spent(min(s.wall for s in each), min(s.cpu for s in each)) for each in found]


def _spent(work: Callable[[], object]) -> Spent:
    cpu, wall = _cpu(), time.perf_counter()
    work()
    return Spent(time.perf_counter() - wall, _cpu() - cpu)


def _cpu() -> float:
    """User and system seconds of this process and of the ended ones it started."""
    own, others = (resource.getrusage(who) for who in WHO)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def row(name: str, ours: float, theirs: float | None = None, note: str = "") -> None:
    """One line of the table; times in seconds."""
    ratio = "" if theirs is None else f"{_time(theirs):>12}{ours / theirs:>9.3f}"
    print(f"{name:<36}{_time(ours):>12}{ratio}  {note}".rstrip(), flush=True)


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.2f} ms"


def bare(ffmpeg: Ffmpeg, arguments: Sequence[str], *, flush: bool = False) -> Callable[[], None]:
    """The ffmpeg command alone at our priority; `flush` waits for its output to be on disk."""
    output = next(word for word in reversed(arguments) if word.startswith("file:"))

    def work() -> None:
        command = [str(ffmpeg.path), *arguments]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        os.setpriority(os.PRIO_PROCESS, child.pid, LOWEST_PRIORITY)
        if child.wait():
            raise RuntimeError(f"ffmpeg ended with {child.returncode}")
        if flush:
            with Path(output.removeprefix("file:")).open("rb+") as file:
                os.fsync(file.fileno())

    return work


def keep(bench: Bench, clip: Path) -> list[Target]:
    """Preparing a file of 100 MB that is right, against its SHA-256 alone, in milliseconds."""
    archive = bench.folder / "archive"
    job = _job(archive, bench.repeated("large.mp4", clip, LARGE))
    original = archive / job.files[Role.ORIGINAL][0].path

    def hashed() -> str:
        with original.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    with httpx.Client(trust_env=False) as http:
        account = Account("did:plc:benchmark", "maker.test", "https://pds.test")
        tools = Tools(account, NoRepo(), ROOMY, bench.ffmpeg, http, lambda: datetime.now(UTC))
        _expect(prepare(job, tools, Step()).files[0].fit, Action.KEEP)
        ours, theirs = best_of(40, lambda: prepare(job, tools, Step()), hashed)
    (alone,) = best_of(100, lambda: decide(probe(original), ROOMY))
    beyond = (ours.wall - theirs.wall) * 1000
    size = original.stat().st_size / 1e6
    row(f"keep, {size:.0f} MB, and SHA-256", ours.wall, theirs.wall, f"{beyond:.2f} ms beyond it")
    row("  of it probing and deciding", alone.wall)
    return [Target("keep, beyond the hash", beyond, 1, " ms")]


def _job(archive: Path, file: Path) -> Job:
    at = datetime(2024, 1, 31, tzinfo=UTC)
    post = Post(
        id=post_id(at, 0),
        ordinal=0,
        posted_at=at,
        kind=Kind.VIDEO,
        privacy=Privacy.EVERYONE,
        links=(),
        chosen=True,
        milestone=Milestone.FETCHED,
    )
    original = file.rename(post_folder(archive, post.id) / "original.mp4")
    noted = describe(Role.ORIGINAL, archive, original, probe(original))
    return Job(post, {Role.ORIGINAL: (noted,)}, archive)


def _expect(action: Action | None, wanted: Action) -> None:
    if action is not wanted:
        raise RuntimeError(f"a file was to be treated by {wanted}, not {action}")


def remux(bench: Bench, clip: Path) -> list[Target]:
    """Repacking MOV files, against the same ffmpeg command: wall seconds.

    Ours is on disk before it gets its name, so the target is beside a flushed file.
    """
    ratios = [_remuxed(bench, clip, size) for size in (SMALL, LARGE)]
    return [Target("remux, 100 MB, wall, of ffmpeg flushed", ratios[-1], 1.2)]


def _remuxed(bench: Bench, clip: Path, size: int) -> float:
    source = bench.repeated(f"phone{size}.mov", clip, size)
    conversion = bench.convert(source)
    _expect(conversion.action, Action.REMUX)
    conversion.work()
    alone, flushed = (bare(bench.ffmpeg, bench.ffmpeg.runs[-1], flush=on) for on in (False, True))
    ours, theirs, safe = best_of(7, conversion.work, alone, flushed, settle=True)
    name = f"remux, {source.stat().st_size / 1e6:.0f} MB"
    row(f"{name}, wall", ours.wall, theirs.wall)
    row("  against bare ffmpeg and fsync", ours.wall, safe.wall)
    row("  CPU", ours.cpu, theirs.cpu)
    return ours.wall / safe.wall


def probing(bench: Bench) -> list[Target]:
    """Probing 1,000 small files, against a process for each: wall seconds."""
    clips = [_kind(bench, name) for name in KINDS]
    indexed = [clip for clip in clips if clip.name in INDEXED]
    asked, program = _asker(bench.ffmpeg)
    for what, which in (("mixed", clips), ("H.264 MP4 and MOV", indexed)):
        files = _links(bench.folder / what, which, FILES)
        (ours,) = best_of(3, partial(_each, probe, files))
        (theirs,) = best_of(1, partial(_each, asked, files))
        row(f"probe {FILES:,}, {what}", ours.wall, theirs.wall, f"{program} for each")
    return [Target(f"probe {FILES:,} H.264 MP4 and MOV", ours.wall, 1, " s")]


def _each(look: Callable[[Path], object], files: Sequence[Path]) -> None:
    for file in files:
        look(file)


def _kind(bench: Bench, name: str) -> Path:
    drawn = ("-f", "lavfi", "-i", "testsrc2=s=180x320:r=15:d=1")
    return bench.make(name, *drawn, *SOUND, "-t", "1", *KINDS[name])


def _links(folder: Path, clips: Sequence[Path], number: int) -> list[Path]:
    folder.mkdir()
    files = [folder / f"{at}{clips[at % len(clips)].suffix}" for at in range(number)]
    for at, file in enumerate(files):
        file.hardlink_to(clips[at % len(clips)])
    return files


def _asker(ffmpeg: Ffmpeg) -> tuple[Callable[[Path], object], str]:
    """What starts a process that looks at a file, and what that process is."""
    ffprobe = shutil.which("ffprobe")
    command = [str(ffmpeg.path), "-hide_banner", "-i"]
    if ffprobe:
        command = [ffprobe, "-v", "error", "-show_format", "-show_streams", "-of", "json"]

    def ask(file: Path) -> object:
        # Without an output, `ffmpeg -i` tells about its input and ends with 1.
        return subprocess.run([*command, file], stdin=subprocess.DEVNULL, capture_output=True)

    return ask, "ffprobe" if ffprobe else "no ffprobe here: ffmpeg -i"


def transcode(bench: Bench) -> list[Target]:
    """Encoding 10 s of HEVC, against the same ffmpeg command alone: wall and CPU seconds."""
    clip = bench.film("hevc_part.mp4", *HEVC, "-b:v", "8M", seconds=2.5, size="1080x1920", rate=30)
    source = bench.repeated("hevc10.mp4", clip, 4 * clip.stat().st_size)
    conversion = bench.convert(source)
    _expect(conversion.action, Action.TRANSCODE)
    conversion.work()
    ours, theirs = best_of(5, conversion.work, bare(bench.ffmpeg, bench.ffmpeg.runs[-1]))
    row("transcode, 10 s of HEVC, wall", ours.wall, theirs.wall)
    row("  CPU", ours.cpu, theirs.cpu)
    return [
        Target("transcode, CPU, of bare ffmpeg", ours.cpu / theirs.cpu, 1.02),
        Target("transcode, wall, of bare ffmpeg", ours.wall / theirs.wall, 1.05),
    ]


def quality(bench: Bench, clear: Path) -> list[Target]:
    """How alike our encoding is to what it was made of: VMAF (0 to 100) and SSIM (0 to 1)."""
    print(f"{'':<36}{'source':>12}{'ours':>12}{'VMAF':>9}{'SSIM':>9}")
    noisy = bench.film(
        "noisy.mp4", *H264, *_at_most("27M"), seconds=5, size="1080x1920", rate=30, look=NOISE
    )
    poor = bench.make("poor.mp4", "-i", clear, *H264, *_at_most("1.6M"), "-c:a", "copy", *CLEAN)
    clips = {"detailed": clear, "noisy, like a phone's": noisy, "low bit rate": poor}
    scores = [_scored(bench, name, clip) for name, clip in clips.items()]
    targets = [Target("quality, lowest SSIM", min(ssim for _, ssim in scores), 0.95, at_least=True)]
    vmafs = [vmaf for vmaf, _ in scores if vmaf is not None]
    if vmafs:
        targets.append(Target("quality, lowest VMAF", min(vmafs), 90, at_least=True))
    return targets


def _at_most(rate: str) -> tuple[str, ...]:
    return ("-b:v", rate, "-maxrate", rate, "-bufsize", rate)


def _scored(bench: Bench, name: str, source: Path) -> tuple[float | None, float]:
    conversion = bench.convert(source, encode=True)
    seconds = conversion.work().seconds
    vmaf, ssim = _alike(bench, conversion.target, source)
    rates = (path.stat().st_size * 8 / seconds / 1e6 for path in (source, conversion.target))
    sizes = "".join(f"{f'{rate:.1f} Mb/s':>12}" for rate in rates)
    shown = "none" if vmaf is None else f"{vmaf:.1f}"
    print(f"{f'quality, {name}':<36}{sizes}{shown:>9}{ssim:>9.3f}", flush=True)
    return vmaf, ssim


def _alike(bench: Bench, made: Path, source: Path) -> tuple[float | None, float]:
    """VMAF of every third picture, if this ffmpeg can tell it, and SSIM of all."""
    graph = "[0:V]split[a][b];[1:V]split[c][d];[a][c]ssim"
    listed = subprocess.run(
        [bench.ffmpeg.path, "-hide_banner", "-filters"], capture_output=True, text=True, check=True
    )
    has_vmaf = " libvmaf " in listed.stdout
    graph += ";[b][d]libvmaf=n_threads=2:n_subsample=3" if has_vmaf else ";[b]nullsink;[d]nullsink"
    command: list[str | Path] = [
        bench.ffmpeg.path,
        "-nostdin",
        "-hide_banner",
        "-nostats",
        "-i",
        made,
        "-i",
        source,
    ]
    command += ["-an", "-lavfi", graph, "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    vmaf = re.search(r"VMAF score: ([\d.]+)", told)
    ssim = re.search(r"SSIM .*All:([\d.]+)", told)
    if ssim is None:
        raise RuntimeError("ffmpeg told no SSIM")
    return float(vmaf[1]) if vmaf else None, float(ssim[1])


def size_cap(bench: Bench) -> list[Target]:
    """How full a size cap gets, in percent of it, and in how many encodes.

    The clip has 540 x 960 pixels to be done in time; the caps are shares of its size without one.
    """
    clip = bench.film(
        "fast.mp4", *H264, *_at_most("25M"), seconds=5, size="540x960", rate=60, look=NOISE
    )
    source = bench.repeated("fast20.mp4", clip, 4 * clip.stat().st_size)
    free = bench.convert(source, encode=True).work()
    rate = free.bytes * 8 / free.seconds / 1e6
    print(f"{'':<36}{'cap':>12}{'of the cap':>12}{'encodes':>9}")
    print(f"{'size, CRF alone, 20 s at 60 fps':<36}{'none':>12}{f'{rate:.1f} Mb/s':>12}")
    found = [_capped(bench, source, free, share) for share in CAPS]
    encodes = [number for _, number in found]
    single = 100 * encodes.count(1) / len(encodes)
    return [
        Target("size, fullest, of the cap", max(full for full, _ in found), 100, " %"),
        Target("size, caps met in one encode", single, 75, " %", at_least=True),
        Target("size, most encodes", max(encodes), 2),
    ]


def _capped(bench: Bench, source: Path, free: MediaFacts, share: float) -> tuple[float, int]:
    cap = int(free.bytes * share)
    limits = Limits(cap, cap, 600.0, "benchmark")
    before = len(bench.ffmpeg.runs)
    full = 100 * bench.convert(source, limits).work().bytes / cap
    encodes = len(bench.ffmpeg.runs) - before
    name, told = f"size, cap at {share:.0%} of that", f"{cap / 1e6:.1f} MB"
    print(f"{name:<36}{told:>12}{f'{full:.1f} %':>12}{encodes:>9}", flush=True)
    return full, encodes


def photos(bench: Bench) -> None:
    """Cleaning a JPEG of 12 megapixels, and encoding a HEIC of it: wall milliseconds."""
    register_heif_opener()
    print(f"{'':<36}{'ours':>12}{'read, write':>12}{'ratio':>9}")
    drawn = ("-i", bench.folder / "still.png", "-vf", f"scale=3000:4000{NOISE}")
    with Image.open(bench.make("photo.png", *drawn)) as picture:
        notes = picture.getexif()
        notes[0x010F], notes[0x0110] = "Maker", "Camera"
        notes.get_ifd(0x8825)[1] = "N"
        jpeg, heic = bench.folder / "photo.jpg", bench.folder / "photo.heic"
        picture.save(jpeg, quality=90, exif=notes)
        picture.save(heic, quality=60)
    copy = bench.folder / "photo.copy"
    work = _photo(bench, jpeg, ROOMY.bytes, Action.REMUX)
    ours, theirs = best_of(5, work, lambda: copy.write_bytes(jpeg.read_bytes()), settle=True)
    row(f"photo, clean JPEG, {jpeg.stat().st_size / 1e6:.1f} MB", ours.wall, theirs.wall)
    for name, cap in (("any size", ROOMY.bytes), ("capped", ROOMY.photo_bytes)):
        (ours,) = best_of(2, _photo(bench, heic, cap, Action.TRANSCODE))
        size = heic.with_suffix(".made.jpg").stat().st_size / 1e6
        row(f"photo, HEIC to JPEG, {name}", ours.wall, None, f"{size:.1f} MB")


def _photo(bench: Bench, source: Path, cap: int, wanted: Action) -> Callable[[], object]:
    fit = decide_photo(probe_photo(source), cap)
    _expect(fit.action, wanted)
    return lambda: convert_photo(source, source.with_suffix(".made"), fit, cap)


def main() -> None:
    """Draw the clips, treat them, and print the ratios and which targets were met."""
    begin = time.perf_counter()
    found = find()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), Recorded(found.path, found.version, found.source))
        print(f"ffmpeg {found.version} ({found.source}), {os.cpu_count()} processors")
        print(f"{'':<36}{'ours':>12}{'theirs':>12}{'ratio':>9}")
        clip = bench.film(
            "clear.mp4", *H264, *_at_most("11M"), seconds=5, size="1080x1920", rate=30
        )
        short = bench.film(
            "short.mp4", *H264, *_at_most("5M"), seconds=1, size="1080x1920", rate=30
        )
        targets = [
            *keep(bench, clip),
            *remux(bench, short),
            *probing(bench),
            *transcode(bench),
            *quality(bench, clip),
            *size_cap(bench),
        ]
        photos(bench)
    print()
    for target in targets:
        print(target)
    print(f"{time.perf_counter() - begin:.0f} s in all, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()

"""Finding the ffmpeg program and running it: progress, prompt stop, honest failure."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from importer.errors import DiskFull, Refused, Stopped, UserError
from importer.step import Step

log = logging.getLogger("tokaway")
OLDEST = (5, 1)
_PROGRESS = ("-progress", "pipe:1", "-nostats", "-stats_period", "0.5")
_ENCODERS = frozenset({"libx264", "aac"})
_FILTERS = frozenset({"zscale", "tonemap", "bwdif", "sidedata"})
# Its own AV1 decoder works with video chips only.
_DECODERS = {
    "H.264": {"h264"},
    "HEVC": {"hevc"},
    "VP9": {"vp9", "libvpx-vp9"},
    "AV1": {"libdav1d", "libaom-av1"},
    "MPEG-4": {"mpeg4"},
}
_STOP_CHECK_SECONDS = 0.1
# The niceness of who takes only what nobody else wants.
_LEAST = 19
_TAIL_BYTES = 4096
# Variables by which ffmpeg would write files or colours of its own accord.
_UNWANTED_ENVIRONMENT = frozenset({"FFREPORT", "AV_LOG_FORCE_COLOR", "SVT_LOG_FILE"})
_GET_FFMPEG = "Install FFmpeg 5.1 or newer, or name one with --ffmpeg."


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """A working ffmpeg: its `path`, its `version` as it prints it, and where it came from.

    `source` is `settings`, `system` or `imageio-ffmpeg`.
    """

    path: Path
    version: str
    source: str

    def readable(self) -> dict[str, bool]:
        """The kinds of videos people have, and whether this program decodes them."""
        known = _words(_ask(self.path, "-decoders"))
        return {name: not known.isdisjoint(decoders) for name, decoders in _DECODERS.items()}

    def run(
        self,
        arguments: Sequence[str],
        step: Step,
        total_seconds: float | None,
        *,
        stall_seconds: float = 300.0,
    ) -> None:
        """Run ffmpeg with `arguments` at the lowest priority and wait for its end.

        `step` shows progress in seconds of video out of `total_seconds`. The program is killed
        as soon as the step must stop, or when nothing has moved for `stall_seconds`. Where the
        system's program crashes, which some builds do over some files, our own is tried.

        Raises:
            Stopped: the user asked to leave now.
            DiskFull: there was no room for the output.
            Refused: ffmpeg could not do it (`ffmpeg_failed`), crashed (`ffmpeg_crashed`) or
                stood still (`ffmpeg_stalled`).
            UserError: the program cannot be started any more.
        """
        try:
            self._run(arguments, step, total_seconds, stall_seconds)
        except Refused as refusal:
            other = _bundled_program() if self.source == "system" else None
            if refusal.code != "ffmpeg_crashed" or other is None:
                raise
            log.warning("%s; trying %s", refusal.text, other.path)
            other._run(arguments, step, total_seconds, stall_seconds)

    def _run(
        self,
        arguments: Sequence[str],
        step: Step,
        total_seconds: float | None,
        stall_seconds: float,
    ) -> None:
        step.check()
        step.unit, step.done, step.total = "seconds", 0, total_seconds
        with tempfile.TemporaryFile() as complaints:
            child = self._start(arguments, complaints)
            try:
                self._watch(child, step, stall_seconds)
            finally:
                _kill(child)
                child.wait()
                if child.stdout:
                    child.stdout.close()
            tail = _tail(complaints)
            # FFmpeg 5 and 6 end well when the last of the output found no room.
            if child.returncode or _says_full(tail):
                raise self._failure(child.returncode, tail)

    def _start(self, arguments: Sequence[str], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
        environment = {k: v for k, v in os.environ.items() if k not in _UNWANTED_ENVIRONMENT}
        try:
            child = subprocess.Popen(
                [str(self.path), *_PROGRESS, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=environment,
                **_detached(),
            )
        except OSError as error:
            raise UserError(
                f"ffmpeg cannot be started ({self.path}: {error.strerror}), so videos cannot be "
                "converted.",
                hint=_GET_FFMPEG,
                code="no_ffmpeg",
            ) from error
        _give_way(child.pid)
        return child

    def _watch(self, child: subprocess.Popen[bytes], step: Step, stall_seconds: float) -> None:
        pulse = _Pulse(step)
        reader = threading.Thread(target=pulse.read, args=(child.stdout,), daemon=True)
        reader.start()
        try:
            # The pipe closes when ffmpeg ends: no need to ask for its exit in the meantime.
            while reader.is_alive():
                reader.join(_STOP_CHECK_SECONDS)
                if step.stop.is_set():
                    raise Stopped
                if time.monotonic() - pulse.moved_at > stall_seconds:
                    raise Refused(
                        f"ffmpeg has stood still for {stall_seconds:.0f} s over this video, so "
                        "it was not converted.",
                        hint="Try again; if it stays so, the file is probably damaged.",
                        code="ffmpeg_stalled",
                    )
        finally:
            # Killing first lets the reader see the end of the pipe before it is closed.
            if reader.is_alive():
                _kill(child)
                reader.join()
        child.wait()
        step.check()

    def _failure(self, code: int, tail: str) -> DiskFull | Refused:
        log.warning("ffmpeg ended with code %d:\n%s", code, tail.strip())
        if _says_full(tail):
            return DiskFull(
                "The disk is full, so this video could not be converted.",
                hint="Make room, then run the same command again: nothing is lost.",
            )
        # Windows reports a crash as a status of 0xC0000000 and up.
        if code < 0 or code >= 0xC0000000:
            return Refused(
                f"ffmpeg {self.version} crashed over this video (code {code}): {self.path}",
                hint="Another ffmpeg may manage; perhaps the computer ran out of memory. "
                + _GET_FFMPEG,
                code="ffmpeg_crashed",
            )
        last = tail.strip().splitlines()[-1:] or ["it gave no reason"]
        return Refused(
            f"ffmpeg could not convert this video: {last[0]}",
            hint="Play the file to its end: if it stops half-way, download or copy it again.",
            code="ffmpeg_failed",
        )


class _Pulse:
    """The progress lines of a running ffmpeg, and when they last told of any movement."""

    def __init__(self, step: Step) -> None:
        self.moved_at = time.monotonic()
        self._step = step
        self._last: dict[bytes, bytes] = {}

    def read(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            key, _, value = line.strip().partition(b"=")
            if key not in {b"frame", b"total_size", b"out_time_us"}:
                continue
            if self._last.get(key) != value:
                self._last[key] = value
                self.moved_at = time.monotonic()
            if key == b"out_time_us" and value.isdigit():
                seconds = int(value) / 1_000_000
                self._step.done = min(seconds, self._step.total or seconds)


def find(explicit: Path | None = None) -> Ffmpeg:
    """The ffmpeg to use: the one named in the settings, the system's, or imageio-ffmpeg's.

    The system's must be 5.1 or newer and have what we need. Each program is asked once.

    Raises:
        UserError: the named one does not do, or there is none at all.
    """
    if explicit:
        found = _examine(explicit.expanduser().resolve(), "settings")
        if isinstance(found, Ffmpeg):
            return found
        raise UserError(
            f"The ffmpeg of your settings cannot be used ({explicit}): {found}.",
            hint="Name another one, or remove the setting to let Tokaway look for it.",
            code="no_ffmpeg",
        )
    troubles: list[str] = []
    for path, source in _candidates():
        found = _examine(path, source)
        if isinstance(found, Ffmpeg):
            return found
        troubles.append(f"\n  {path}: {found}")
    raise UserError(
        "There is no usable ffmpeg on this computer, so videos cannot be prepared."
        + "".join(troubles),
        hint=_GET_FFMPEG,
        code="no_ffmpeg",
    )


def _candidates() -> list[tuple[Path, str]]:
    candidates: list[tuple[Path, str]] = []
    system = shutil.which("ffmpeg")
    if system:
        candidates.append((Path(system), "system"))
    bundled = _bundled()
    if bundled:
        candidates.append((bundled, "imageio-ffmpeg"))
    return candidates


def _bundled_program() -> Ffmpeg | None:
    path = _bundled()
    found = _examine(path, "imageio-ffmpeg") if path else None
    return found if isinstance(found, Ffmpeg) else None


def _bundled() -> Path | None:
    try:
        import imageio_ffmpeg
    except ImportError:
        return None
    try:
        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        # Its source package, for platforms without a binary.
        return None


@functools.cache
def _examine(path: Path, source: str) -> Ffmpeg | str:
    """The ffmpeg at `path`, or in words why it will not do."""
    try:
        version = _version(_ask(path, "-version"))
        if version is None:
            return "it does not say it is ffmpeg"
        number = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
        # Nightly builds are named after a commit: they are new enough.
        if re.match(r"n?\d", version) and number < OLDEST:
            return f"version {version} is too old"
        missing = (_ENCODERS - _words(_ask(path, "-encoders"))) | (
            _FILTERS - _words(_ask(path, "-filters"))
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"it does not run ({error})"
    if missing:
        return f"it was built without {', '.join(sorted(missing))}"
    return Ffmpeg(path, version, source)


def _ask(path: Path, question: str) -> str:
    answer = subprocess.run(
        [str(path), "-hide_banner", question],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=30,
    )
    return answer.stdout.decode("utf-8", "replace")


def _version(answer: str) -> str | None:
    match = re.match(r"ffmpeg version (\S+)", answer)
    return match[1] if match else None


def _words(table: str) -> frozenset[str]:
    """The second word of each line, where ffmpeg's tables have the names."""
    return frozenset(parts[1] for line in table.splitlines() if len(parts := line.split()) > 1)


def _detached() -> dict[str, Any]:
    """Away from the terminal, so that Ctrl-C reaches us alone."""
    if sys.platform == "win32":
        flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _give_way(pid: int) -> None:
    if sys.platform != "win32":
        # Already gone, or not allowed: it runs all the same.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, _LEAST)
    if sys.platform == "linux":
        # Linux weighs whole sessions against each other, and this child has one of its own.
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(_LEAST))


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End a child that still runs, with its own children: `ffmpeg` may be a wrapper script."""
    if child.poll() is not None:
        return
    if sys.platform == "win32":
        child.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _says_full(tail: str) -> bool:
    return "No space left on device" in tail or "Disk quota exceeded" in tail


def _tail(complaints: IO[bytes]) -> str:
    end = complaints.seek(0, os.SEEK_END)
    complaints.seek(max(0, end - _TAIL_BYTES))
    return complaints.read().decode("utf-8", "replace")

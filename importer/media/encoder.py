"""Which program part encodes H.264: software, or a hardware encoder that was seen to work."""

from __future__ import annotations

import ffmpeg as command

from importer.errors import Refused, UserError
from importer.media.encoders import (
    ANY_HARDWARE,
    HARDWARE,
    NAMES,
    SOFTWARE,
    SOFTWARE_NAME,
    Encoder,
)
from importer.media.ffmpeg import Ffmpeg
from importer.step import Step


def find(wish: str, ffmpeg: Ffmpeg) -> Encoder:
    """The encoder a setting asks for.

    `hardware` takes the first that works, and software where none does. A named one must work.

    Raises:
        UserError: the named encoder is unknown or does not work here.
    """
    if wish == SOFTWARE_NAME:
        return SOFTWARE
    if wish == ANY_HARDWARE:
        return next((encoder for encoder in HARDWARE if is_working(encoder, ffmpeg)), SOFTWARE)
    for encoder in HARDWARE:
        if encoder.name == wish and is_working(encoder, ffmpeg):
            return encoder
    raise UserError(
        f"The encoder {wish} does not work on this computer with {ffmpeg.path}."
        if wish in NAMES
        else f"There is no encoder called {wish}.",
        hint=f"Choose one of {', '.join(NAMES)}; software always works.",
        code="no_encoder",
    )


def working(ffmpeg: Ffmpeg) -> list[Encoder]:
    """The hardware encoders that work here."""
    return [encoder for encoder in HARDWARE if is_working(encoder, ffmpeg)]


def is_working(encoder: Encoder, ffmpeg: Ffmpeg) -> bool:
    """Whether an encoder takes ten small pictures: being listed says nothing of the hardware."""
    drawn = command.input(
        "testsrc2=s=640x360:r=10:d=1", f="lavfi", nostdin=None, v="error", **dict(encoder.device)
    )
    output = command.output(
        drawn,
        "-",
        vf=",".join(("format=yuv420p", *encoder.upload)),
        f="null",
        **encoder.options,
        **encoder.rate_limit(2_000_000),
    )
    try:
        ffmpeg.run(command.compile(output, cmd="ffmpeg")[1:], Step(), None, stall_seconds=20)
    except Refused:
        return False
    return True

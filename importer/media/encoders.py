"""The H.264 encoders there are: software, and those of hardware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SOFTWARE_NAME = "software"
ANY_HARDWARE = "hardware"


@dataclass(frozen=True, slots=True)
class Encoder:
    """One H.264 encoder.

    `options` make it encode at constant quality, `upload` are filters that hand it the picture
    and `device` are options of the whole command. What limits its rate is the same for all.
    """

    name: str
    options: Mapping[str, Any]
    upload: tuple[str, ...] = ()
    device: Mapping[str, Any] = field(default_factory=dict)

    def rate_limit(self, rate: int) -> dict[str, Any]:
        """Options that never let it spend more than `rate` bits a second, two seconds ahead."""
        return {"maxrate": rate, "bufsize": 2 * rate}


SOFTWARE = Encoder(
    SOFTWARE_NAME, {"c:v": "libx264", "preset": "veryfast", "crf": 20, "profile:v": "high"}
)
HARDWARE = (
    Encoder("videotoolbox", {"c:v": "h264_videotoolbox", "q:v": 65, "profile:v": "high"}),
    Encoder(
        "nvenc",
        {"c:v": "h264_nvenc", "preset": "p5", "rc": "vbr", "cq": 21, "b:v": 0, "profile:v": "high"},
    ),
    Encoder(
        "qsv", {"c:v": "h264_qsv", "global_quality": 21, "profile:v": "high"}, ("format=nv12",)
    ),
    Encoder(
        "vaapi",
        {"c:v": "h264_vaapi", "rc_mode": "QVBR", "global_quality": 21, "profile:v": "high"},
        ("format=nv12", "hwupload"),
        {"vaapi_device": "/dev/dri/renderD128"},
    ),
)
NAMES = (SOFTWARE_NAME, ANY_HARDWARE, *(encoder.name for encoder in HARDWARE))

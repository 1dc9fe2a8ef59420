"""Makes the five small videos of the demo from FFmpeg's generators, and draws its three photos.

Run from the repository: `python samples/make_demo_media.py`. Nobody's footage is in them, so they
are free to share. Each needs another treatment on its way to the PDS.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageDraw

from importer.media.ffmpeg import find

FOLDER = Path(__file__).parent / "demo" / "media"
SIZE = "180x320"
PHOTO_SIZE = (720, 960)
_DESCRIPTION, _MAKE, _MODEL, _ORIENTATION, _GPS = 0x010E, 0x010F, 0x0110, 0x0112, 0x8825
_H264 = ["-c:v", "libx264", "-preset", "veryslow", "-crf", "30", "-pix_fmt", "yuv420p"]
_HEVC = ["-c:v", "libx265", "-crf", "33", "-pix_fmt", "yuv420p", "-tag:v", "hvc1"]
_AAC = ["-c:a", "aac", "-b:a", "40k", "-ac", "1"]
_EXACT = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]
_ONE_THREAD = ["-threads", "1"]


def _generated(picture: str, sound: str) -> list[str]:
    return ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]


def _commands() -> dict[str, list[str]]:
    return {
        # Right as it is.
        "clip1.mp4": [
            *_generated(
                f"gradients=s={SIZE}:r=30:d=3:n=4:seed=7:speed=0.02:type=radial"
                ":c0=0xff5f6d:c1=0xffc371:c2=0x2193b0:c3=0x6dd5ed",
                "aevalsrc=0.2*sin(2*PI*t*(330+110*floor(2*t)))*exp(-3*mod(t\\,0.5)):d=3",
            ),
            *(*_H264, *_AAC, "-movflags", "+faststart"),
        ],
        # A QuickTime file from a phone, with a made-up place and time in it.
        "clip2.mp4": [
            *_generated(
                f"mandelbrot=s={SIZE}:r=24:start_scale=3:end_scale=0.6:end_pts=72:maxiter=60",
                "sine=220:44100:d=3",
            ),
            *("-t", "3", "-vf", "gblur=1.2", *_H264, "-crf", "34", *_AAC, "-f", "mov"),
            *("-metadata", "location=+48.8577+002.2950/", "-metadata", "title=Paris"),
            *("-metadata", "creation_time=2024-02-03T04:05:06Z"),
        ],
        # TikTok's 1080p downloads are HEVC.
        "clip3.mp4": [
            *_generated(
                "life=s=18x32:r=6:ratio=0.3:seed=11:mold=12:life_color=0xffe066"
                ":death_color=0x1b3a4b:mold_color=0x3a6ea5",
                "sine=440:44100:d=3:beep_factor=4",
            ),
            *("-t", "3", "-vf", f"scale={SIZE.replace('x', ':')}:flags=bicubic", *_HEVC, *_AAC),
            *("-x265-params", "log-level=error:pools=none:frame-threads=1:info=0"),
            *("-movflags", "+faststart"),
        ],
        # As TikTok's servers write it: sound first, the video's ID in a comment.
        "clip4.mp4": [
            *_generated(
                f"gradients=s={SIZE}:r=30:d=4:n=3:seed=5:speed=0.02:type=linear"
                ":c0=0x11998e:c1=0x38ef7d:c2=0x0f2027",
                "aevalsrc=0.2*sin(2*PI*t*220)*sin(2*PI*t*1.5):d=4",
            ),
            *("-map", "1:a", "-map", "0:v", *_H264, *_AAC, "-movflags", "+faststart"),
            *("-metadata", "comment=vid:v0f044gc0000demodemodemodemodemo"),
        ],
        # Sixty pictures a second, kept as they are.
        "clip5.mp4": [
            *_generated(
                f"testsrc2=s={SIZE}:r=60:d=2",
                "sine=880:44100:d=2:beep_factor=2",
            ),
            *(*_H264, *_AAC, "-movflags", "+faststart"),
        ],
    }


def main() -> int:
    """Make all clips anew."""
    program = find().path
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, arguments in _commands().items():
        quiet = [str(program), "-nostdin", "-hide_banner", "-v", "error", "-y"]
        target = str(FOLDER / name)
        subprocess.run([*quiet, *arguments, *_ONE_THREAD, *_EXACT, target], check=True)
    for number in (1, 2, 3):
        _save_photo(number)
    return 0


def _save_photo(number: int) -> None:
    """Loaves on a stall: plain, with a made-up place and phone in it, and lying on its side."""
    photo, notes = _loaves(number), Image.Exif()
    if number == 2:
        notes[_DESCRIPTION], notes[_MAKE], notes[_MODEL] = "+48.8577+002.295/", "Phone maker", "12"
        notes.get_ifd(_GPS).update({1: "N", 2: (48.0, 51.0, 27.72), 3: "E", 4: (2.0, 17.0, 42.0)})
    if number == 3:
        notes[_ORIENTATION] = 6
        photo = photo.transpose(Image.Transpose.ROTATE_90)
    photo.save(FOLDER / f"photo{number}.jpeg", quality=82, exif=notes if number > 1 else b"")


def _loaves(number: int) -> Image.Image:
    width, height = PHOTO_SIZE
    image = Image.new("RGB", PHOTO_SIZE)
    draw = ImageDraw.Draw(image)
    for y in range(height):
        shade = (215 - y * 40 // height, 200 - y * 45 // height, 175 - y * 50 // height)
        draw.line([(0, y), (width, y)], fill=shade)
    table = height * 2 // 3
    draw.rectangle([0, table, width, height], fill=(120, 82, 50))
    for loaf in range(number):
        x = width * (loaf + 1) // (number + 1)
        draw.ellipse([x - 95, table - 100, x + 95, table + 60], fill=(176, 112, 52))
        draw.ellipse([x - 80, table - 92, x + 80, table + 20], fill=(200, 138, 72))
        for cut in (-40, 0, 40):
            arc = [x + cut - 30, table - 80, x + cut + 30, table]
            draw.arc(arc, 200, 320, fill=(244, 220, 180), width=8)
    return image


if __name__ == "__main__":
    sys.exit(main())

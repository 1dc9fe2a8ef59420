"""Making a photo one that the servers accept: upright, in sRGB, and nothing hidden in it."""

from __future__ import annotations

import contextlib
import functools
import io
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

from importer.errors import Refused
from importer.landing import landing
from importer.media import colours
from importer.media.facts import PhotoFacts
from importer.media.fit_photo import FORMS, decide_photo
from importer.media.image_chunks import BEHIND, clean, hidden_parts
from importer.media.probe import looks_like
from importer.model import Action, Fit

# A camera's largest; decoding takes four bytes for each.
MAX_PIXELS = 100_000_000
LONGEST_SIDE = 4000
BEST_QUALITY, LEAST_QUALITY = 92, 70
SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}

# By how a file begins, which of Pillow's formats it may be in.
_FIRST_BYTES = {
    re.compile(rb"\xff\xd8\xff"): ("JPEG",),
    re.compile(rb"\x89PNG"): ("PNG",),
    re.compile(rb"RIFF....WEBP", re.DOTALL): ("WEBP",),
    re.compile(rb"GIF8"): ("GIF",),
    re.compile(rb"....ftyp(hei|hev|avi|mif1|msf1)", re.DOTALL): ("AVIF", "HEIF"),
}
_ORIENTATION, _GPS = 0x0112, 0x8825
# How a viewer brings the stored picture upright (TIFF 6.0, page 36).
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_NOTES = {"Exif": "Exif", "eXIf": "Exif", "EXIF": "Exif", "tEXt": "text", "iTXt": "text"}
# Colours well inside what screens show, and greys: profiles that agree on them are one for the eye.
_COLOURS = ((200, 90, 80), (80, 180, 90), (70, 90, 200), (64, 64, 64), (128, 128, 128), (200,) * 3)
_PATCHES = bytes(value for colour in _COLOURS for value in colour)
_SAME_COLOUR = 3

# Files are opened without decoding, and `_opened` looks at their size itself.
Image.MAX_IMAGE_PIXELS = None
# What is wrong with a photo is told by us; its notes may be as damaged as they like.
warnings.filterwarnings("ignore", module=r"PIL\.")


def readable() -> dict[str, bool]:
    """The kinds of photos people have, and whether this installation reads them."""
    _learn_heif()
    Image.init()
    names = {"JPEG": "JPEG", "PNG": "PNG", "WebP": "WEBP", "HEIC": "HEIF", "AVIF": "AVIF"}
    return {name: form in Image.OPEN for name, form in names.items()}


def probe_photo(path: Path) -> PhotoFacts:
    """Look at a photo without decoding it.

    Raises:
        Refused: it is no photo we can use; the code is `empty`, `not_media`, `undecodable` or
            `damaged`.
        OSError: the file cannot be read.
    """
    with _opened(path) as image:
        form = "jpeg" if image.format == "MPO" else str(image.format).lower()
        notes = _notes(image)
        orientation = notes.get(_ORIENTATION, 1)
        width, height = image.size
        if orientation in {5, 6, 7, 8}:
            width, height = height, width
        return PhotoFacts(
            bytes=path.stat().st_size,
            form=form,
            width=width,
            height=height,
            is_upright=orientation not in _TURNS,
            is_srgb=_is_srgb(image),
            # Other pictures in MPO and HEIF files are not shown one after the other.
            is_animated=image.format not in {"MPO", "HEIF"} and getattr(image, "n_frames", 1) > 1,
            problems=_problems(path, form, has_place=_GPS in notes),
        )


def convert_photo(
    source: Path, stem: Path, fit: Fit, max_bytes: int, forms: frozenset[str] = FORMS
) -> tuple[Path, PhotoFacts, Fit]:
    """Treat a photo as `fit` says and put it at `stem` with the ending of what it became.

    `fit` must say REMUX or TRANSCODE, and `forms` are those it was decided with. Cleaning that
    fails, or leaves too much, is followed by encoding. The file appears whole and on disk, or not
    at all.

    Returns:
        Where it is, its facts, and what was done in the end.

    Raises:
        Refused: `damaged`, it cannot be read to its end; `conversion`, the result is not right;
            or as `probe_photo` says.
        DiskFull: there is no room.
    """
    cleaned = _cleaned(source, max_bytes) if fit.action is Action.REMUX else None
    if cleaned is None and fit.action is Action.REMUX:
        fit = Fit(Action.TRANSCODE, "Converted: cleaning it was not enough.")
    content, form = cleaned or _encoded(source, max_bytes, forms)
    target = stem.with_name(stem.name + SUFFIXES[form])
    with landing(target) as part:
        part.write_bytes(content)
        facts = probe_photo(part)
        left = decide_photo(facts, max_bytes, forms)
        if left.action is not Action.KEEP:
            raise Refused(
                f"The converted photo is still not what the server takes: {left.reason}",
                hint="Please report this with the kind of file it is.",
                code="conversion",
            )
    return target, facts, fit


def framed_jpeg(source: Path, width: int, height: int) -> bytes:
    """A photo whole on a black canvas of that size, as JPEG; what is transparent becomes white.

    Raises:
        Refused: as `convert_photo` does.
    """
    with _opened(source) as image:
        picture = _flattened(_decoded(image))
    framed = ImageOps.pad(picture, (width, height), method=Image.Resampling.LANCZOS, color="black")
    return _jpeg(framed, BEST_QUALITY, subsampling=0)


def small_picture(source: Path, longest: int) -> Image.Image:
    """A photo upright in RGB, its longer side `longest` pixels at most; white behind it.

    Raises:
        Refused: as `convert_photo` does.
        OSError: the file cannot be read.
    """
    with _opened(source) as image:
        # JPEG can be decoded at an eighth of its size, in as much less time.
        image.draft(None, (longest, longest))
        picture = _flattened(_decoded(image))
        return _scaled(picture, min(1.0, longest / max(picture.size)))


@functools.cache
def _learn_heif() -> None:
    # Imported here: its libraries take ten megabytes, and most commands open no photo.
    from pillow_heif import register_heif_opener

    register_heif_opener()


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    if path.stat().st_size == 0:
        raise Refused(
            "The file is empty, so there is no photo in it.",
            hint="Download or copy it again.",
            code="empty",
        )
    formats = _formats(path)
    if "HEIF" in formats:
        _learn_heif()
    try:
        with Image.open(path, formats=formats) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Refused(
                    f"The photo is {image.width} x {image.height} pixels, more than any screen "
                    "shows.",
                    hint="Save it again with at most 10,000 pixels a side.",
                    code="undecodable",
                )
            if not image.info.get("icc_profile"):
                image.info["icc_profile"] = colours.told_by_number(image, path)
            yield image
    except (Refused, FileNotFoundError, PermissionError):
        raise
    except Exception as error:
        # The decoders have a dozen words for damage.
        raise _damaged() from error


def _formats(path: Path) -> tuple[str, ...]:
    with path.open("rb") as file:
        head = file.read(512)
    for first_bytes, formats in _FIRST_BYTES.items():
        if first_bytes.match(head):
            return formats
    raise Refused(
        f"The file is {looks_like(head)} instead of a photo.",
        hint="Download it again: the link has probably expired.",
        code="not_media",
    )


def _notes(image: Image.Image) -> dict[int, int]:
    """The tags of the main EXIF directory (TIFF 6.0, page 14), each with its value as a short.

    Pillow would decode a whole PNG to look behind it, stumble over damaged tags, and turn pictures
    by what XMP says, which viewers do not.
    """
    exif = (image.info.get("exif") or b"").removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 8:
        return {}
    (start,) = struct.unpack_from(f"{order}I", exif, 4)
    (count,) = struct.unpack(f"{order}H", exif[start : start + 2].rjust(2, b"\0"))
    places = range(start + 2, min(start + 2 + 12 * count, len(exif) - 11), 12)
    return dict(struct.unpack_from(f"{order}H6xH", exif, at) for at in places)


def _problems(path: Path, form: str, *, has_place: bool) -> tuple[str, ...]:
    """What is hidden in the file, in words."""
    if form not in SUFFIXES:
        return ()
    try:
        parts = hidden_parts(path.read_bytes())
    except ValueError:
        return ("parts of it cannot be understood",)
    found = ["it tells where it was taken"] if has_place else []
    if BEHIND in parts:
        found.append("it has something else behind its end")
    names = dict.fromkeys(_NOTES.get(part, part) for part in parts if part != BEHIND)
    if names:
        listed = ", ".join("".join(c if c.isprintable() else "?" for c in name) for name in names)
        found.append(f"it carries hidden notes ({listed})")
    return tuple(found)


def _is_srgb(image: Image.Image) -> bool:
    """Whether the pixels mean what screens take them for."""
    if image.mode not in {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX"}:
        return False
    profile = image.info.get("icc_profile")
    if not profile:
        return True
    patches = Image.frombytes("RGB", (len(_PATCHES) // 3, 1), _PATCHES)
    if image.mode in {"1", "L", "LA"}:
        patches = patches.convert("L")
    try:
        shown = _to_srgb(patches, profile)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        # A profile that is broken, or for other colours: viewers ignore it, and so do we.
        return True
    pairs = zip(patches.convert("RGB").tobytes(), shown.tobytes(), strict=True)
    return all(abs(before - after) <= _SAME_COLOUR for before, after in pairs)


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    # Relative: white stays white, and colours that screens can show stay exactly as they are.
    made = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if made is None:
        raise ValueError("nothing was made")
    return made


def _cleaned(source: Path, max_bytes: int) -> tuple[bytes, str] | None:
    with _opened(source) as image:
        form = "jpeg" if image.format == "MPO" else str(image.format).lower()
    try:
        content = clean(source.read_bytes())
        # What is damaged would show now, or in every app.
        with Image.open(io.BytesIO(content), formats=(form.upper(),)) as image:
            image.load()
    except (OSError, ValueError, SyntaxError):
        return None
    return (content, form) if len(content) <= max_bytes else None


def _encoded(source: Path, max_bytes: int, forms: frozenset[str]) -> tuple[bytes, str]:
    with _opened(source) as image:
        picture = _decoded(image)
    longest = max(picture.size)
    if longest > LONGEST_SIDE:
        picture = _scaled(picture, LONGEST_SIDE / longest)
    if picture.mode == "RGBA":
        content = _saved(picture, "PNG", optimize=True)
        if len(content) <= max_bytes:
            return content, "png"
        content = _saved(picture, "WEBP", lossless=True) if "webp" in forms else b""
        if 0 < len(content) <= max_bytes:
            return content, "webp"
    whole = smaller = _flattened(picture)
    factor = 1.0
    while True:
        content = _best_jpeg(smaller, max_bytes)
        if len(content) <= max_bytes or max(smaller.size) <= 2:
            return content, "jpeg"
        factor *= min(0.95, (max_bytes / len(content)) ** 0.5)
        smaller = _scaled(whole, factor)


def _best_jpeg(picture: Image.Image, max_bytes: int) -> bytes:
    """The best quality that fits; the least one where none does."""
    content = _jpeg(picture, BEST_QUALITY, subsampling=0)
    if len(content) <= max_bytes:
        return content
    low, high = LEAST_QUALITY, BEST_QUALITY
    best = _jpeg(picture, low, subsampling=2)
    while low < high:
        middle = (low + high + 1) // 2
        content = _jpeg(picture, middle, subsampling=2)
        if len(content) <= max_bytes:
            low, best = middle, content
        else:
            high = middle - 1
    return best


def _decoded(image: Image.Image) -> Image.Image:
    """The first picture, upright, as 8-bit RGB in the colours of screens; RGBA if transparent."""
    profile = image.info.get("icc_profile")
    turn = _TURNS.get(_notes(image).get(_ORIENTATION, 1))
    picture = image.copy() if turn is None else image.transpose(turn)
    if picture.mode.startswith("I") or picture.mode == "F":
        # Sixteen bits a pixel; Pillow would clip them instead of scaling.
        picture = picture.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    alpha = None
    is_grey = picture.mode in {"1", "L", "LA"}
    if picture.mode in {"LA", "PA", "RGBA"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        alpha = picture.getchannel("A")
    if picture.mode != "CMYK":
        picture = picture.convert("L" if is_grey else "RGB")
    if profile:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            picture = _to_srgb(picture, profile)
    picture = picture.convert("RGB")
    if alpha and alpha.getextrema() != (255, 255):
        picture.putalpha(alpha)
    return picture


def _flattened(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white


def _scaled(picture: Image.Image, factor: float) -> Image.Image:
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _jpeg(picture: Image.Image, quality: int, *, subsampling: int) -> bytes:
    return _saved(
        picture, "JPEG", quality=quality, subsampling=subsampling, optimize=True, progressive=True
    )


def _saved(picture: Image.Image, form: str, **options: int | bool) -> bytes:
    # A bare copy: Pillow writes profiles and notes it finds in `info`.
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    content = io.BytesIO()
    bare.save(content, form, **options)
    return content.getvalue()


def _damaged() -> Refused:
    return Refused(
        "The photo is damaged: it cannot be read to its end.",
        hint="Download or copy it again.",
        code="damaged",
    )

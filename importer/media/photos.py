"""Making a photo one that the servers accept: upright, in sRGB, and nothing hidden in it."""

from __future__ import annotations

import contextlib
import errno
import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from importer.errors import Refused
from importer.media.fit_photo import decide_photo
from importer.media.image_chunks import clean, hidden_parts
from importer.media.part_file import full, land
from importer.media.probe import looks_like
from importer.model import Action, Fit, PhotoFacts

# A camera's largest; decoding takes four bytes for each.
MAX_PIXELS = 100_000_000
LONGEST_SIDE = 4000
BEST_QUALITY, LEAST_QUALITY = 92, 70
SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF")
_ORIENTATION, _GPS = 0x0112, 0x8825
_NOTES = {"Exif": "Exif", "eXIf": "Exif", "EXIF": "Exif", "tEXt": "text", "iTXt": "text"}
# Colours well inside what screens show, and greys: profiles that agree on them are one for the eye.
_COLOURS = ((200, 90, 80), (80, 180, 90), (70, 90, 200), (64, 64, 64), (128, 128, 128), (200,) * 3)
_PATCHES = bytes(value for colour in _COLOURS for value in colour)
_SAME_COLOUR = 3

register_heif_opener()
# Files are opened without decoding, and `_opened` looks at their size itself.
Image.MAX_IMAGE_PIXELS = None


def readable() -> dict[str, bool]:
    """The kinds of photos people have, and whether this installation reads them."""
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
        exif = _exif(image)
        orientation = exif.get(_ORIENTATION, 1)
        width, height = image.size
        if orientation in {5, 6, 7, 8}:
            width, height = height, width
        return PhotoFacts(
            bytes=path.stat().st_size,
            form=form,
            width=width,
            height=height,
            is_upright=orientation not in range(2, 9),
            is_srgb=_is_srgb(image),
            is_animated=image.format != "MPO" and getattr(image, "n_frames", 1) > 1,
            problems=_problems(path, form, has_place=_GPS in exif),
        )


def convert_photo(source: Path, stem: Path, fit: Fit, max_bytes: int) -> tuple[Path, PhotoFacts]:
    """Treat a photo as `fit` says and put it at `stem` with the ending of what it became.

    `fit` must say REMUX or TRANSCODE. Cleaning that fails, or leaves too much, is followed by
    encoding. The file appears whole and on disk, or not at all.

    Raises:
        Refused: `damaged`, it cannot be read to its end; `conversion`, the result is not right;
            or as `probe_photo` says.
        DiskFull: there is no room.
    """
    cleaned = _cleaned(source, max_bytes) if fit.action is Action.REMUX else None
    content, form = cleaned or _encoded(source, max_bytes)
    target = stem.with_name(stem.name + SUFFIXES[form])
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        part.write_bytes(content)
        facts = probe_photo(part)
        left = decide_photo(facts, max_bytes)
        if left.action is not Action.KEEP:
            raise Refused(
                f"The converted photo is still not what the server takes: {left.reason}",
                hint="Please report this with the kind of file it is.",
                code="conversion",
            )
        land(part, target)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise full(target) from error
        raise
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return target, facts


def framed_jpeg(source: Path, width: int, height: int) -> bytes:
    """A photo whole on a black canvas of that size, as JPEG; what is transparent becomes white.

    Raises:
        Refused: as `convert_photo` does.
    """
    with _opened(source) as image:
        picture = _flattened(_decoded(image))
    framed = ImageOps.pad(picture, (width, height), method=Image.Resampling.LANCZOS, color="black")
    return _jpeg(framed, BEST_QUALITY, subsampling=0)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    if path.stat().st_size == 0:
        raise Refused(
            "The file is empty, so there is no photo in it.",
            hint="Download or copy it again.",
            code="empty",
        )
    try:
        image = Image.open(path, formats=_FORMATS)
    except UnidentifiedImageError as error:
        with path.open("rb") as file:
            what = looks_like(file.read(512))
        raise Refused(
            f"The file is {what} instead of a photo.",
            hint="Download it again: the link has probably expired.",
            code="not_media",
        ) from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        if isinstance(error, (FileNotFoundError, PermissionError)):
            raise
        raise _damaged() from error
    with image:
        if image.width * image.height > MAX_PIXELS:
            raise Refused(
                f"The photo is {image.width} x {image.height} pixels, more than any screen shows.",
                hint="Save it again with at most 10,000 pixels a side.",
                code="undecodable",
            )
        yield image


def _exif(image: Image.Image) -> Image.Exif:
    if image.format != "PNG":
        return image.getexif()
    # Pillow would decode the whole picture to look behind it.
    exif = Image.Exif()
    exif.load(image.info.get("exif", b""))
    return exif


def _problems(path: Path, form: str, *, has_place: bool) -> tuple[str, ...]:
    """What is hidden in the file, in words."""
    if form not in SUFFIXES:
        return ()
    try:
        parts = hidden_parts(path.read_bytes())
    except ValueError:
        return ("parts of it cannot be understood",)
    found = ["it tells where it was taken"] if has_place else []
    behind = "data behind its end"
    if behind in parts:
        found.append("it has something else behind its end")
    names = dict.fromkeys(_NOTES.get(part, part) for part in parts if part != behind)
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
    try:
        shown = _to_srgb(patches, profile)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        # A broken profile, or one for greys: viewers ignore it, and so do we.
        return True
    pairs = zip(_PATCHES, shown.tobytes(), strict=True)
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
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            image.load()
    except (OSError, ValueError, SyntaxError):
        return None
    return (content, form) if len(content) <= max_bytes else None


def _encoded(source: Path, max_bytes: int) -> tuple[bytes, str]:
    with _opened(source) as image:
        picture = _decoded(image)
    longest = max(picture.size)
    if longest > LONGEST_SIDE:
        picture = _scaled(picture, LONGEST_SIDE / longest)
    if picture.mode == "RGBA":
        content = _saved(picture, "PNG", optimize=True)
        if len(content) <= max_bytes:
            return content, "png"
        content = _saved(picture, "WEBP", lossless=True)
        if len(content) <= max_bytes:
            return content, "webp"
    picture = _flattened(picture)
    while True:
        content = _best_jpeg(picture, max_bytes)
        if len(content) <= max_bytes or max(picture.size) <= 2:
            return content, "jpeg"
        picture = _scaled(picture, min(0.95, (max_bytes / len(content)) ** 0.5))


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
    try:
        image.load()
        picture = ImageOps.exif_transpose(image)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        raise _damaged() from error
    if picture.mode.startswith("I") or picture.mode == "F":
        # Sixteen bits a pixel; Pillow would clip them instead of scaling.
        picture = picture.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if picture.mode in {"LA", "PA", "RGBA", "La", "RGBa"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        opaque = picture.getchannel("A").getextrema() == (255, 255)
        alpha = None if opaque else picture.getchannel("A")
        picture = picture.convert("RGB")
    else:
        alpha = None
    if profile and picture.mode in {"RGB", "CMYK"}:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            picture = _to_srgb(picture, profile)
    picture = picture.convert("RGB")
    if alpha:
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

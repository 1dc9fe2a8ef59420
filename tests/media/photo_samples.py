"""Small photos in every shape people have, with secrets planted in each place that can hold one."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pillow_heif
from PIL import Image, ImageCms

PLACE = b"48.8577 Paris"
SIZE = (60, 40)
RED, BLUE = (220, 40, 40), (40, 40, 220)

# The tests look into HEIC themselves, whether a photo was opened by us before or not.
pillow_heif.register_heif_opener()

Maker = Callable[[Path], object]
MAKERS: dict[str, Maker] = {}
P3_RED = (234, 51, 35)
"""What sRGB's full red is called in Display P3, about."""


def sample(folder: Path, name: str) -> Path:
    """The photo of that name, made in `folder`."""
    path = folder / name
    if not path.exists():
        MAKERS[name](path)
    return path


def picture(mode: str = "RGB") -> Image.Image:
    """Red in the top left quarter, blue elsewhere."""
    image = Image.new("RGB", SIZE, BLUE)
    image.paste(RED, (0, 0, SIZE[0] // 2, SIZE[1] // 2))
    return image.convert(mode)


def exif(orientation: int | None = None, *, place: bool = True) -> bytes:
    """EXIF with a description and, if wanted, a position."""
    notes = Image.Exif()
    notes[0x010E] = PLACE.decode()
    notes[0x0110] = "Phone 12"
    if orientation:
        notes[0x0112] = orientation
    if place:
        notes.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 27.0)})
    return notes.tobytes()


def xmp() -> bytes:
    return b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + PLACE + b"</x:xmpmeta>"


def icc(*colorants: tuple[float, float, float], gamma: float = 2.2) -> bytes:
    """A minimal profile (ICC.1:2001), its owner's name inside; for greys if it has no colorants."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    words = PLACE + b"\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", len(words)) + words + bytes(78)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    tags = {b"desc": text, b"cprt": b"text\0\0\0\0" + words, b"wtpt": xyz(0.9642, 1.0, 0.8249)}
    tags |= {name: xyz(*c) for name, c in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=False)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC") if colorants else (b"kTRC",), curve)
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    size, space = start + len(body), b"RGB " if colorants else b"GRAY"
    head = struct.pack(">I4xI4s4s4s", size, 0x02100000, b"mntr", space, b"XYZ ")
    head = head.ljust(36, b"\0") + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body


BY_NUMBER = {"color_primaries": 12, "transfer_characteristics": 13}
"""Display P3 by ITU-T H.273."""
P3 = icc((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def jpeg(**options: object) -> bytes:
    content = io.BytesIO()
    picture().save(content, "JPEG", quality=95, **options)
    return content.getvalue()


def _photo(name: str) -> Callable[[Maker], Maker]:
    def keep(maker: Maker) -> Maker:
        MAKERS[name] = maker
        return maker

    return keep


def _saved(name: str, form: str, mode: str = "RGB", **options: object) -> None:
    MAKERS[name] = lambda path: picture(mode).save(path, form, **options)


# Right as they are.
_saved("plain.jpg", "JPEG", quality=95)
_saved("progressive.jpg", "JPEG", quality=95, progressive=True)
_saved("grey.jpg", "JPEG", "L", quality=95)
_saved("plain.png", "PNG")
_saved("palette.png", "PNG", "P")
_saved("plain.webp", "WEBP", lossless=True)

# Something is hidden in them.
_saved("exif.jpg", "JPEG", quality=95, exif=exif())
_saved("no_place.jpg", "JPEG", quality=95, exif=exif(place=False))
_saved("xmp.jpg", "JPEG", quality=95, xmp=xmp())
_saved("comment.jpg", "JPEG", quality=95, comment=PLACE)
_saved("srgb_profile.jpg", "JPEG", quality=95, icc_profile=SRGB)
_saved("exif.webp", "WEBP", lossless=True, exif=exif(), xmp=xmp())
_saved("profile.webp", "WEBP", lossless=True, icc_profile=SRGB)
_saved("exif.png", "PNG", exif=exif())


@_photo("motion.jpg")
def _(path: Path) -> None:
    """A motion photo: the video of the moment lies behind the picture."""
    path.write_bytes(jpeg() + struct.pack(">I", 24) + b"ftypmp42" + PLACE)


@_photo("iptc.jpg")
def _(path: Path) -> None:
    note = b"Photoshop 3.0\0" + PLACE
    data = jpeg()
    path.write_bytes(data[:2] + jpeg_segment(0xED, note) + data[2:])


@_photo("thumbnail.jpg")
def _(path: Path) -> None:
    """JFIF may hold a small picture of its own, cropped or not."""
    data = jpeg()
    assert data[2:4] == b"\xff\xe0"
    length = int.from_bytes(data[4:6], "big")
    small = bytes((2, 2)) + bytes(12)
    header = data[6 : 4 + length - 2] + small
    path.write_bytes(data[:4] + struct.pack(">H", len(header) + 2) + header + data[4 + length :])


@_photo("texts.png")
def _(path: Path) -> None:
    content = io.BytesIO()
    picture().save(content, "PNG")
    data = content.getvalue()
    notes = {
        b"tEXt": b"Comment\0" + PLACE,
        b"zTXt": b"Comment\0\0" + zlib.compress(PLACE),
        b"iTXt": b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(),
        b"tIME": bytes((7, 231, 2, 3, 4, 5, 6)),
        b"eXIf": exif()[6:],
        b"prVt": PLACE,
    }
    chunks = b"".join(png_chunk(kind, note) for kind, note in notes.items())
    path.write_bytes(data[:33] + chunks + data[33:] + PLACE)


def jpeg_segment(code: int, content: bytes) -> bytes:
    return bytes((0xFF, code)) + struct.pack(">H", len(content) + 2) + content


def png_chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


@_photo("camera.jpg")
def _(path: Path) -> None:
    """As phones write it: EXIF alone, and the video of the moment behind it."""
    data = jpeg(exif=exif())
    path.write_bytes(data[:2] + data[4 + int.from_bytes(data[4:6], "big") :] + bytes(99))


@_photo("turned_by_xmp.jpg")
def _(path: Path) -> None:
    """XMP tells of a turn that was made long ago; viewers heed EXIF alone."""
    path.write_bytes(jpeg(xmp=b'<x:xmpmeta tiff:Orientation="6"/>'))


@_photo("damaged_notes.jpg")
def _(path: Path) -> None:
    path.write_bytes(jpeg(exif=exif()[:30]))


_saved("damaged_notes.png", "PNG", exif=b"Exif\0\0" + PLACE)
_saved("damaged_notes.webp", "WEBP", lossless=True, exif=PLACE)


@_photo("odd_segments.jpg")
def _(path: Path) -> None:
    """Notes where no reader of photos looks for them."""
    data = jpeg()
    path.write_bytes(data[:2] + jpeg_segment(0xEE, b"Mine" + PLACE) + data[2:])


# The picture must be made anew.
for _number in range(2, 9):
    _saved(f"turned_{_number}.jpg", "JPEG", quality=95, exif=exif(_number))
_saved("cmyk.jpg", "JPEG", "CMYK", quality=95)
_saved("transparent_gif.gif", "GIF", "P")
_saved("photo.avif", "AVIF", quality=95)
_saved("see_through_profile.png", "PNG", "RGBA", icc_profile=P3)


@_photo("p3.jpg")
def _(path: Path) -> None:
    Image.new("RGB", SIZE, P3_RED).save(path, "JPEG", quality=98, subsampling=0, icc_profile=P3)


@_photo("p3.png")
def _(path: Path) -> None:
    Image.new("RGB", SIZE, P3_RED).save(path, "PNG", icc_profile=P3, exif=exif())


@_photo("p3_palette.png")
def _(path: Path) -> None:
    Image.new("RGB", SIZE, P3_RED).quantize(4).save(path, "PNG", icc_profile=P3)


@_photo("linear_grey.jpg")
def _(path: Path) -> None:
    """Half of the light, in a profile for greys: 188 where 128 is written."""
    Image.new("L", SIZE, 128).save(path, "JPEG", quality=95, icc_profile=icc(gamma=1.0))


@_photo("p3_by_number.heic")
def _(path: Path) -> None:
    pillow_heif.from_pillow(Image.new("RGB", SIZE, P3_RED)).save(path, quality=95, **BY_NUMBER)


@_photo("p3_by_number.avif")
def _(path: Path) -> None:
    Image.new("RGB", SIZE, P3_RED).save(path, "AVIF", quality=95)
    data = bytearray(path.read_bytes())
    at = data.index(b"colrnclx") + 8
    struct.pack_into(">HH", data, at, BY_NUMBER["color_primaries"], 13)
    path.write_bytes(data)


@_photo("photo.heic")
def _(path: Path) -> None:
    made = pillow_heif.from_pillow(picture())
    made.save(path, quality=95, exif=exif(6), xmp=xmp())


@_photo("moving.gif")
def _(path: Path) -> None:
    picture().save(path, "GIF", save_all=True, append_images=[Image.new("RGB", SIZE, "green")])


@_photo("moving.webp")
def _(path: Path) -> None:
    others = [Image.new("RGB", SIZE, "green")]
    picture().save(path, "WEBP", save_all=True, append_images=others, lossless=True)


@_photo("sixteen_bit.png")
def _(path: Path) -> None:
    """A grey of half the brightness, in sixteen bits."""
    Image.new("I;16", SIZE, 128 * 257).save(path, "PNG")


@_photo("see_through.png")
def _(path: Path) -> None:
    """Its left half is not there; EXIF forces nothing, so it may stay as it is but clean."""
    image = picture("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, SIZE[0] // 2, SIZE[1]))
    image.save(path, "PNG", exif=exif(6))


# Beyond help.
@_photo("gigapixel.png")
def _(path: Path) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + body + png_chunk(b"IEND", b"")
    )


@_photo("cut_short.jpg")
def _(path: Path) -> None:
    data = jpeg(exif=exif(6))
    path.write_bytes(data[: len(data) * 3 // 4])


@_photo("cut_short.png")
def _(path: Path) -> None:
    content = io.BytesIO()
    Image.effect_noise((200, 200), 100).save(content, "PNG")
    path.write_bytes(content.getvalue()[:8000])


@_photo("damaged.heic")
def _(path: Path) -> None:
    """A size of its own invention."""
    content = io.BytesIO()
    pillow_heif.from_pillow(picture()).save(content)
    data = content.getvalue()
    at = data.index(b"ispe") + 8
    path.write_bytes(data[:at] + struct.pack(">II", 60_000, 60_000) + data[at + 8 :])


@_photo("damaged_header.png")
def _(path: Path) -> None:
    content = io.BytesIO()
    picture().save(content, "PNG")
    path.write_bytes(content.getvalue().replace(b"IHDR", b"IHDQ"))


MAKERS["empty.jpg"] = lambda path: path.write_bytes(b"")
MAKERS["web_page.jpg"] = lambda path: path.write_text("<!DOCTYPE html><p>denied</p>")
MAKERS["json.jpg"] = lambda path: path.write_text('{"statusCode": 10204}')
MAKERS["video.jpg"] = lambda path: path.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(99))
MAKERS["picture.svg"] = lambda path: path.write_text("<svg xmlns='x'/>")

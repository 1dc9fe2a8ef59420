"""Every photo becomes one the servers accept: the same to the eye, and silent about its owner."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, UnidentifiedImageError

from importer.errors import Refused
from importer.media.facts import PhotoFacts
from importer.media.fit_photo import FORMS, decide_photo
from importer.media.image_chunks import clean, hidden_parts
from importer.media.photos import LONGEST_SIDE, convert_photo, framed_jpeg, probe_photo
from importer.model import Action
from tests.media.photo_samples import BLUE, PLACE, RED, SIZE, jpeg, picture, sample, xmp

# As the product has it: pytest makes every warning an error again.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")

CAP = 2_000_000
KEPT = ["plain.jpg", "progressive.jpg", "grey.jpg", "plain.png", "palette.png", "plain.webp"]
CLEANED = [
    "exif.jpg", "no_place.jpg", "xmp.jpg", "comment.jpg", "srgb_profile.jpg", "motion.jpg",
    "camera.jpg", "turned_by_xmp.jpg", "damaged_notes.jpg", "damaged_notes.png",
    "damaged_notes.webp", "odd_segments.jpg", "iptc.jpg", "thumbnail.jpg", "texts.png",
    "exif.png", "exif.webp", "profile.webp",
]  # fmt: skip
ENCODED = [
    *(f"turned_{number}.jpg" for number in range(2, 9)),
    "cmyk.jpg", "transparent_gif.gif", "photo.avif", "photo.heic", "p3.jpg", "p3.png",
    "p3_palette.png", "linear_grey.jpg", "p3_by_number.heic", "p3_by_number.avif",
    "moving.gif", "moving.webp", "sixteen_bit.png", "see_through.png", "see_through_profile.png",
]  # fmt: skip
EXPECTED = (
    [(name, Action.KEEP) for name in KEPT]
    + [(name, Action.REMUX) for name in CLEANED]
    + [(name, Action.TRANSCODE) for name in ENCODED]
)


def treated(source: Path, folder: Path, cap: int = CAP) -> Path:
    """The photo as it would be sent."""
    fit = decide_photo(probe_photo(source), cap)
    if fit.action is Action.KEEP:
        return source
    target, facts, _ = convert_photo(source, folder / "prepared.0", fit, cap)
    assert facts == probe_photo(target)
    return target


def corner(path: Path) -> tuple[int, ...]:
    """The colour near the top left."""
    with Image.open(path) as image:
        return image.convert("RGB").getpixel((5, 5))  # type: ignore[return-value]


def is_near(first: tuple[int, ...], second: tuple[int, ...], by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize(("name", "action"), EXPECTED)
def test_each_photo_is_treated_as_gently_as_can_be(
    tmp_path: Path, name: str, action: Action
) -> None:
    source = sample(tmp_path, name)
    before = source.read_bytes()
    fit = decide_photo(probe_photo(source), CAP)
    assert (fit.action, fit.reason.endswith(".")) == (action, True)
    result = treated(source, tmp_path)
    facts = probe_photo(result)
    assert decide_photo(facts, CAP).action is Action.KEEP
    assert facts.form in FORMS
    assert (facts.width, facts.height) == (
        probe_photo(source).width,
        probe_photo(source).height,
    )
    assert source.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == sorted({source, result})


@pytest.mark.parametrize("name", CLEANED)
def test_cleaning_touches_no_pixel(tmp_path: Path, name: str) -> None:
    source = sample(tmp_path, name)
    result = treated(source, tmp_path)
    with Image.open(source) as before, Image.open(result) as after:
        assert before.mode == after.mode
        assert ImageChops.difference(before.convert("RGB"), after.convert("RGB")).getbbox() is None


@pytest.mark.parametrize("name", [name for name, _ in EXPECTED])
def test_nothing_personal_is_left(tmp_path: Path, name: str) -> None:
    content = treated(sample(tmp_path, name), tmp_path).read_bytes()
    secrets = [PLACE, b"Exif", b"eXIf", b"EXIF", b"xmpmeta", b"Photoshop", b"ICC", b"iCC", b"Phone"]
    assert [secret for secret in [*secrets, b"ftyp"] if secret in content] == []
    with Image.open(io.BytesIO(content)) as image:
        assert not image.getexif()
        assert not {"icc_profile", "exif", "xmp", "comment"} & image.info.keys()


def test_most_samples_do_hold_the_secret(tmp_path: Path) -> None:
    held = [name for name, _ in EXPECTED if PLACE in sample(tmp_path, name).read_bytes()]
    assert len(held) > 15


@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned_photos_are_upright(tmp_path: Path, orientation: int) -> None:
    """The corner that a viewer shows at the top left, by the meaning of the tag."""
    result = treated(sample(tmp_path, f"turned_{orientation}.jpg"), tmp_path)
    with Image.open(result) as image:
        size = SIZE if orientation < 5 else SIZE[::-1]
        assert image.size == size
        width, height = size
        # Where the stored top left corner is shown (TIFF 6.0, page 36).
        x, y = {
            2: (width - 5, 5), 3: (width - 5, height - 5), 4: (5, height - 5), 5: (5, 5),
            6: (width - 5, 5), 7: (width - 5, height - 5), 8: (5, height - 5),
        }[orientation]  # fmt: skip
        assert is_near(image.convert("RGB").getpixel((x, y)), RED)  # type: ignore[arg-type]


def test_colours_of_wide_screens_look_the_same(tmp_path: Path) -> None:
    names = ("p3.jpg", "p3.png", "p3_palette.png", "p3_by_number.heic", "p3_by_number.avif")
    for name in names:
        assert is_near(corner(treated(sample(tmp_path, name), tmp_path)), (255, 0, 0), by=16)


@pytest.mark.parametrize(
    ("primaries", "transfer", "named", "shown"),
    [
        (12, 13, (234, 51, 35), (255, 0, 0)),  # Display P3
        (9, 14, (207, 74, 35), (255, 0, 0)),  # BT.2020
        (1, 13, (200, 60, 40), (200, 60, 40)),
        (2, 2, (200, 60, 40), (200, 60, 40)),
        (9, 16, (200, 60, 40), (200, 60, 40)),  # HDR, of which no profile can tell
    ],
)
def test_colours_that_a_heic_names_by_number(
    tmp_path: Path,
    primaries: int,
    transfer: int,
    named: tuple[int, int, int],
    shown: tuple[int, int, int],
) -> None:
    numbers = {"color_primaries": primaries, "transfer_characteristics": transfer}
    source = tmp_path / "photo.heic"
    pillow_heif.from_pillow(Image.new("RGB", (64, 64), named)).save(source, quality=95, **numbers)
    assert is_near(corner(treated(source, tmp_path)), shown, by=8)


def test_greys_keep_their_brightness(tmp_path: Path) -> None:
    result = treated(sample(tmp_path, "linear_grey.jpg"), tmp_path)
    assert is_near(corner(result), (188, 188, 188), by=4)


def test_heic_and_avif_show_what_they_showed(tmp_path: Path) -> None:
    avif = treated(sample(tmp_path, "photo.avif"), tmp_path)
    assert (avif.suffix, is_near(corner(avif), RED)) == (".jpg", True)
    heic = treated(sample(tmp_path, "photo.heic"), tmp_path)
    with Image.open(heic) as image:
        # The tag turns it once; a decoder that has done so already must not be followed.
        assert image.size == SIZE[::-1]
        assert is_near(image.getpixel((SIZE[1] - 5, 5)), RED)  # type: ignore[arg-type]


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    source = sample(tmp_path, "sixteen_bit.png")
    assert is_near(corner(treated(source, tmp_path)), (128, 128, 128), by=2)


def test_what_is_transparent_stays_so_where_it_can(tmp_path: Path) -> None:
    source = sample(tmp_path, "see_through.png")
    with Image.open(treated(source, tmp_path)) as image:
        assert image.format == "PNG"
        assert image.getchannel("A").getextrema() == (0, 255)
    small = treated(source, tmp_path, cap=600)
    with Image.open(io.BytesIO(framed_jpeg(source, 60, 60))) as image:
        assert is_near(image.getpixel((30, 5)), (255, 255, 255))  # type: ignore[arg-type]
        assert is_near(image.getpixel((2, 30)), (0, 0, 0))  # type: ignore[arg-type]
    assert small.stat().st_size <= 600


def test_of_moving_pictures_the_first_is_taken(tmp_path: Path) -> None:
    for name in ("moving.gif", "moving.webp"):
        assert is_near(corner(treated(sample(tmp_path, name), tmp_path)), RED)


@pytest.mark.parametrize("cap", [400_000, 120_000, 30_000, 5_000])
def test_the_limit_holds_with_the_least_loss(tmp_path: Path, cap: int) -> None:
    source = tmp_path / "noisy.jpg"
    Image.effect_noise((900, 700), 60).convert("RGB").save(source, "JPEG", quality=100)
    assert source.stat().st_size > 400_000
    result = treated(source, tmp_path, cap)
    assert cap * 0.6 < result.stat().st_size <= cap
    facts = probe_photo(result)
    assert facts.width / facts.height == pytest.approx(900 / 700, rel=0.05)
    if cap > 300_000:
        assert facts.width == 900


def test_a_photo_that_fits_once_it_is_clean_is_not_encoded(tmp_path: Path) -> None:
    source = tmp_path / "motion.jpg"
    source.write_bytes(jpeg() + bytes(50_000))
    result = treated(source, tmp_path, cap=20_000)
    assert result.read_bytes() == jpeg()


def test_a_photo_that_cleaning_does_not_make_small_enough_says_so(tmp_path: Path) -> None:
    source = tmp_path / "noisy.jpg"
    noise = Image.effect_noise((300, 300), 60).convert("RGB")
    noise.save(source, "JPEG", quality=100, comment=PLACE)
    fit = decide_photo(probe_photo(source), 20_000)
    assert fit.action is Action.REMUX
    _, facts, done = convert_photo(source, tmp_path / "prepared.0", fit, 20_000)
    assert (done.action, "not enough" in done.reason) == (Action.TRANSCODE, True)
    assert facts.bytes <= 20_000


def test_huge_photos_are_made_as_large_as_apps_show(tmp_path: Path) -> None:
    source = tmp_path / "large.heic"
    Image.new("RGB", (5000, 100), RED).save(source, "HEIF")
    facts = probe_photo(treated(source, tmp_path))
    assert (facts.width, facts.height) == (LONGEST_SIDE, 80)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("empty.jpg", "empty"),
        ("web_page.jpg", "not_media"),
        ("json.jpg", "not_media"),
        ("video.jpg", "not_media"),
        ("picture.svg", "not_media"),
        ("gigapixel.png", "undecodable"),
    ],
)
def test_what_is_no_photo_is_refused_with_the_reason(tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        probe_photo(sample(tmp_path, name))
    assert (caught.value.code, bool(caught.value.hint)) == (code, True)


@pytest.mark.parametrize("cut", [12, 30])
def test_a_torn_photo_is_damaged_rather_than_something_else(tmp_path: Path, cut: int) -> None:
    for name in ("plain.jpg", "plain.png", "plain.webp", "photo.heic", "photo.avif"):
        source = tmp_path / "torn"
        source.write_bytes(sample(tmp_path, name).read_bytes()[:cut])
        with pytest.raises(Refused) as caught:
            probe_photo(source)
        assert caught.value.code == "damaged"


@pytest.mark.parametrize(
    "name", ["cut_short.jpg", "cut_short.png", "damaged.heic", "damaged_header.png"]
)
def test_damage_is_told_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    source = sample(tmp_path, name)
    with pytest.raises(Refused) as caught:
        treated(source, tmp_path, cap=3000)
    assert caught.value.code == "damaged"
    assert list(tmp_path.iterdir()) == [source]


def test_a_missing_file_is_no_damaged_photo(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        probe_photo(tmp_path / "gone.jpg")


def test_the_reasons_name_what_is_hidden(tmp_path: Path) -> None:
    def problems(name: str) -> str:
        return "; ".join(probe_photo(sample(tmp_path, name)).problems)

    assert problems("exif.jpg") == "it tells where it was taken; it carries hidden notes (Exif)"
    assert problems("no_place.jpg") == "it carries hidden notes (Exif)"
    assert problems("camera.jpg") == (
        "it tells where it was taken; it has something else behind its end; "
        "it carries hidden notes (Exif)"
    )
    assert problems("motion.jpg") == "it has something else behind its end"
    assert "comment" in problems("comment.jpg")
    assert "XMP" in problems("xmp.jpg")
    assert "IPTC" in problems("iptc.jpg")
    assert "thumbnail" in problems("thumbnail.jpg")


FINE = PhotoFacts(bytes=1000, form="jpeg", width=60, height=40)


@pytest.mark.parametrize(
    ("change", "action", "word"),
    [
        ({}, Action.KEEP, "exactly as it is"),
        ({"problems": ("it is odd",)}, Action.REMUX, "it is odd"),
        ({"problems": ("it is odd",), "bytes": CAP + 1}, Action.REMUX, "it is odd"),
        ({"bytes": CAP + 1}, Action.TRANSCODE, "2,000,001 bytes"),
        ({"form": "heif"}, Action.TRANSCODE, "HEIF"),
        ({"is_upright": False}, Action.TRANSCODE, "turned"),
        ({"is_srgb": False}, Action.TRANSCODE, "sRGB"),
        ({"is_animated": True}, Action.TRANSCODE, "moves"),
    ],
)
def test_decisions(change: dict[str, object], action: Action, word: str) -> None:
    fit = decide_photo(replace(FINE, **change), CAP)  # type: ignore[arg-type]
    assert fit.action is action
    assert word in fit.reason


def test_cleaning_twice_is_cleaning_once(tmp_path: Path) -> None:
    for name in (*KEPT, *CLEANED):
        once = clean(sample(tmp_path, name).read_bytes())
        assert clean(once) == once
        assert hidden_parts(once) == []


@pytest.mark.parametrize(
    "head", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x20\0\0\0WEBP"]
)
@given(data=st.binary(max_size=300))
def test_whatever_comes_is_cleaned_or_refused(head: bytes, data: bytes) -> None:
    try:
        cleaned = clean(head + data)
    except ValueError:
        return
    assert len(cleaned) <= len(head + data) + 8


@given(st.data())
def test_any_change_of_a_real_photo_leaks_nothing(data: st.DataObject) -> None:
    content = bytearray(jpeg(exif=b"Exif\0\0" + PLACE, xmp=xmp()))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        cleaned = clean(bytes(content))
    except ValueError:
        return
    # A damaged name may hide a note from everybody, but never one that a reader would find.
    with suppress(UnidentifiedImageError, SyntaxError), Image.open(io.BytesIO(cleaned)) as image:
        assert not image.getexif()


def test_the_test_picture_is_what_the_tests_say() -> None:
    assert picture().getpixel((5, 5)) == RED
    assert picture().getpixel((SIZE[0] - 5, 5)) == BLUE

"""Photos of one post are known by their names, in their order, and nothing else is among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from importer.media.photo_set import photo_set, place_in_set

ID, OTHER = "7341657448278412548", "7341657448278412549"


@pytest.mark.parametrize(
    ("name", "place"),
    [
        (f"{ID}_01 Five loaves [7f3c].jpeg", (ID, 1)),
        (f"{ID}_12.JPG", (ID, 12)),
        (f"ada.bakes_1709362841_{ID}_index_0.jpg", (ID, 0)),
        (f"{ID}_3.webp", (ID, 3)),
        (f"{ID}.jpg", None),
        (f"{ID}_01 Five loaves.mp4", None),
        (f"{ID}_1709362841.jpg", None),
        (f"1{ID}_01.jpg", None),
        ("IMG_0001.jpg", None),
    ],
)
def test_names(name: str, place: tuple[str, int] | None) -> None:
    assert place_in_set(name) == place


def test_a_set_with_its_sound(tmp_path: Path) -> None:
    for name in (
        f"{ID}_10 Loaf.jpg", f"{ID}_2 Loaf.webp", f"{ID}_1 Loaf.jpg", f"{ID} Loaf.mp3",
        f"{ID}_1 Loaf.jpg.json", f"{ID}.jpg", f"{OTHER}_1 Loaf.jpg", f"{OTHER} Loaf.mp3",
    ):  # fmt: skip
        (tmp_path / name).touch()
    photos, sound = photo_set(tmp_path / f"{ID}_1 Loaf.jpg")
    assert [path.name for path in photos] == [
        f"{ID}_1 Loaf.jpg",
        f"{ID}_2 Loaf.webp",
        f"{ID}_10 Loaf.jpg",
    ]
    assert sound == tmp_path / f"{ID} Loaf.mp3"


def test_a_photo_that_is_alone(tmp_path: Path) -> None:
    (tmp_path / "IMG_0001.jpg").touch()
    (tmp_path / "IMG_0002.jpg").touch()
    assert photo_set(tmp_path / "IMG_0001.jpg") == ([tmp_path / "IMG_0001.jpg"], None)

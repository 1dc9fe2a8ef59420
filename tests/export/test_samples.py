"""Each sample, in each shape people hand it over in, gives exactly what its expectation says."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from importer.export.reader import Export, read
from importer.model import Link

SAMPLES = Path(__file__).parents[2] / "samples" / "exports"
NAMES = sorted(path.stem for path in SAMPLES.glob("expected/*.json"))
Files = dict[str, bytes]


def told(export: Export) -> dict[str, Any]:
    """All that an export says, except for where it was read."""
    profile = export.profile
    return {
        "layout": export.layout,
        "username": export.username,
        "profile": profile
        and {
            "display_name": profile.display_name,
            "bio": profile.bio,
            "avatar_url": profile.avatar_url,
            "links": [list(link) for link in profile.links],
        },
        "not_taken": {item.code: item.count for item in export.not_taken},
        "unknown_sections": list(export.unknown_sections),
        "unknown_keys": dict(export.unknown_keys),
        "posts": [
            {
                "id": post.id,
                "kind": post.kind.value,
                "privacy": post.privacy.value,
                "title": post.title,
                "alt": post.alt,
                "likes": post.likes,
                "comments, duets, stitches": [
                    post.allow_comments,
                    post.allow_duets,
                    post.allow_stitches,
                ],
                "links": [_link(link) for link in post.links],
                "cover": post.cover_url and post.cover_url.split("?")[0],
            }
            for post in export.posts
        ],
    }


def _link(link: Link) -> list[str | None]:
    name = link.url.split("?")[0].rstrip("/").rsplit("/", 1)[1]
    return [link.kind.value, name, link.expires_at.isoformat() if link.expires_at else None]


def files_of(name: str) -> Files:
    folder = SAMPLES / name
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def zipped(folder: Path, files: Files, name: str = "TikTok_Data_1735588272.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in files.items():
            archive.writestr(member, data)
    return path


def unpacked(folder: Path, files: Files) -> Path:
    for name, data in files.items():
        path = folder / "export" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / "export"


def renamed(files: Files, change: Callable[[str], str]) -> Files:
    return {change(name): data for name, data in files.items()}


def saved_again(files: Files, encoding: str, *, line_ends: bytes = b"\n") -> Files:
    return {
        name: data.replace(b"\n", line_ends).decode().encode(encoding)
        for name, data in files.items()
    }


def second_download(name: str) -> str:
    stem, ending = name.rsplit(".", 1)
    return f"{stem} (1).{ending}"


LEFTOVERS = {
    "__MACOSX/TikTok/._user_data_tiktok.json": b"\0\5\x16\7",
    "._Posts.txt": b"\0\5\x16\7",
    ".DS_Store": b"\0\0\0\1Bud1",
}
LEMON8 = {"user_data_lemon8.json": b'{"Post": {"Posts": {"VideoList": []}}}'}

LAYOUTS: dict[str, Callable[[Path, Files], Path]] = {
    "folder": unpacked,
    "ZIP": zipped,
    "Data Portability ZIP": lambda at, files: zipped(at, files, "7412345678901234567.zip"),
    "ZIP without a name": lambda at, files: zipped(at, files, "download"),
    "leading slash": lambda at, files: zipped(at, renamed(files, lambda name: f"/{name}")),
    "inside a folder": lambda at, files: zipped(at, renamed(files, lambda name: f"My data/{name}")),
    "backslashes": lambda at, files: zipped(
        at, renamed(files, lambda name: "Tiktok\\" + name.replace("/", "\\"))
    ),
    "second download": lambda at, files: zipped(at, renamed(files, second_download)),
    "macOS leftovers": lambda at, files: zipped(at, LEFTOVERS | files),
    "macOS leftovers, unpacked": lambda at, files: unpacked(at, LEFTOVERS | files),
    "Lemon8 first": lambda at, files: zipped(at, LEMON8 | files),
    "byte-order mark": lambda at, files: zipped(at, saved_again(files, "utf-8-sig")),
    "UTF-16": lambda at, files: unpacked(at, saved_again(files, "utf-16")),
    "Windows line ends": lambda at, files: unpacked(
        at, saved_again(files, "utf-8", line_ends=b"\r\n")
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_sample_in_every_layout(name: str, layout: str, tmp_path: Path) -> None:
    expected = json.loads((SAMPLES / "expected" / f"{name}.json").read_text("utf-8"))
    assert told(read(LAYOUTS[layout](tmp_path, files_of(name)))) == expected


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("txt")])
def test_a_bare_renamed_json(name: str, tmp_path: Path) -> None:
    (data,) = files_of(name).values()
    path = tmp_path / "my tiktok.JSON"
    path.write_bytes(data)
    expected = json.loads((SAMPLES / "expected" / f"{name}.json").read_text("utf-8"))
    assert told(read(path)) == expected


def test_every_sample_has_an_expectation() -> None:
    folders = sorted(path.name for path in SAMPLES.iterdir() if path.name != "expected")
    assert folders == NAMES


def test_json_and_text_side_by_side(tmp_path: Path) -> None:
    files = files_of("v4") | files_of("txt-2025")
    assert read(zipped(tmp_path, files)).layout == "V4"


def test_a_sample_is_not_changed_by_reading(tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(SAMPLES, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for name in NAMES:
        read(folder / name)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

"""TikTok's JSON is found in whatever the user has, and everything else is refused clearly."""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path

import pytest

from importer.errors import UserError
from importer.export.container import find
from importer.export.entries import LARGEST
from importer.export.reader import read

SAMPLES = Path(__file__).parents[2] / "samples"
TIKTOK = (SAMPLES / "exports" / "v3" / "user_data_tiktok.json").read_bytes()
OTHER = (SAMPLES / "exports" / "v2" / "user_data.json").read_bytes()


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def unpacked(folder: Path, members: dict[str, bytes]) -> Path:
    for name, data in members.items():
        path = folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as raised:
        find(path)
    assert raised.value.exit_code == 2
    assert "\n" not in raised.value.text
    assert raised.value.hint
    return raised.value.code


@pytest.mark.parametrize(
    "name",
    [
        "user_data_tiktok.json",
        "/user_data_tiktok.json",
        "TikTok/user_data_tiktok.json",
        "a/b/User_Data_TikTok (1).json",
        "user_data.json",
        "renamed by hand.json",
        "TikTok\\user_data.json",
    ],
)
def test_names_of_the_member(tmp_path: Path, name: str) -> None:
    path = zipped(
        tmp_path / "TikTok_Data_1773002972.zip",
        {
            "user_data_lemon8.json": b'{"Profile": {}}',
            "__MACOSX/._user_data_tiktok.json": b"\x00\x05\x16\x07",
            "._user_data_tiktok.json": b"\x00",
            "Notes.json": b'{"a": 1}',
            name: TIKTOK,
        },
    )
    member = find(path)
    assert Path(member.name).name.casefold() == name.replace("\\", "/").split("/")[-1].casefold()
    assert read(path).username == "deniz.demo"


def test_a_folder_is_as_good_as_its_zip(tmp_path: Path) -> None:
    members = {
        "TikTok/user_data_tiktok.json": TIKTOK,
        "__MACOSX/TikTok/._user_data_tiktok.json": b"\x00",
        "user_data_lemon8.json": b"{}",
    }
    assert find(unpacked(tmp_path, members)).name == "TikTok/user_data_tiktok.json"


def test_the_newer_name_goes_first(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"user_data.json": OTHER, "user_data_tiktok.json": TIKTOK})
    assert find(path).name == "user_data_tiktok.json"


def test_of_two_downloads_the_newer_is_taken(tmp_path: Path) -> None:
    folder = unpacked(
        tmp_path, {"user_data_tiktok.json": OTHER, "user_data_tiktok (1).json": TIKTOK}
    )
    os.utime(folder / "user_data_tiktok.json", (1_700_000_000, 1_700_000_000))
    assert find(folder).name == "user_data_tiktok (1).json"
    os.utime(folder / "user_data_tiktok (1).json", (1_600_000_000, 1_600_000_000))
    assert find(folder).name == "user_data_tiktok.json"


def test_a_named_file_without_tiktok_data_does_not_hide_the_right_one(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"user_data.json": b'{"a": 1}', "export.json": TIKTOK})
    assert find(path).name == "export.json"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_files_that_were_saved_again(tmp_path: Path, encoding: str) -> None:
    bom = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}.get(encoding, "")
    text = (bom + TIKTOK.decode()).encode(encoding)
    path = tmp_path / "user_data_tiktok (2).json"
    path.write_bytes(text)
    assert read(path).posts[1].title == "Güneşli bir gün"
    assert len(read(zipped(tmp_path / "a.zip", {"user_data.json": text})).posts) == 3


def test_a_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nothing.zip") == "not_found"
    assert refusal(Path("a\0b")) == "not_found"
    (tmp_path / "file").write_bytes(b"x")
    assert refusal(tmp_path / "file" / "below.json") == "not_found"


def test_a_path_that_no_system_takes(tmp_path: Path) -> None:
    assert refusal(tmp_path / ("x" * 5000)) == "unreadable"


@pytest.mark.parametrize(
    "data", [b"", b"\x00\x00\x00 ftypisom", b"<!DOCTYPE html>", b"Rar!\x1a\x07", b"\xff\xfe\xff"]
)
def test_a_file_of_another_kind(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "export.zip").write_bytes(data)
    assert refusal(tmp_path / "export.zip") == "not_an_export"


def test_a_cut_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"user_data_tiktok.json": TIKTOK})
    path.write_bytes(path.read_bytes()[:-200])
    assert refusal(path) == "damaged_zip"


def test_a_zip_with_rotten_bytes(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"user_data_tiktok.json": TIKTOK})
    data = bytearray(path.read_bytes())
    data[200:260] = b"\xff" * 60
    path.write_bytes(data)
    assert refusal(path) == "damaged_zip"


def test_a_locked_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"user_data_tiktok.json": TIKTOK})
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    data[6] |= 1
    data[directory + 8] |= 1
    path.write_bytes(data)
    assert refusal(path) == "encrypted_zip"


def test_a_zip_that_declares_too_much(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"user_data_tiktok.json": TIKTOK})
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 0xF0000000)
    path.write_bytes(data)
    assert refusal(path) == "too_big"


def test_a_zip_that_declares_too_little(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"user_data_tiktok.json": b'{"Post":"' + b"x" * 50_000_000})
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 1000)
    path.write_bytes(data)
    assert refusal(path) == "damaged_zip"


@pytest.mark.parametrize(
    "name", ["../user_data_tiktok.json", "a/../../b.json", "..\\b.json", "/../b.json"]
)
def test_a_zip_whose_names_lead_out_of_it(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "a.zip", {"user_data_tiktok.json": TIKTOK, name: b"{}"})
    assert refusal(path) == "strange_zip"


@pytest.mark.parametrize("name", ["user_data_tiktok.json", "TikTok/Posts/Posts.txt"])
def test_a_zip_bomb(tmp_path: Path, name: str) -> None:
    # 200 MB of blanks pack to a thousandth of that; TikTok's text packs to a tenth.
    path = zipped(tmp_path / "a.zip", {name: b" " * 200_000_000})
    assert refusal(path) == "too_big"


def test_a_bare_file_that_is_too_big(tmp_path: Path) -> None:
    path = tmp_path / "user_data_tiktok.json"
    with path.open("wb") as file:
        file.write(b"{")
        file.truncate(LARGEST + 1)
    assert refusal(path) == "too_big"


def test_nothing_from_tiktok(tmp_path: Path) -> None:
    assert refusal(zipped(tmp_path / "a.zip", {})) == "no_tiktok_data"
    assert refusal(zipped(tmp_path / "b.zip", {"photo.jpg": b"x"})) == "no_tiktok_data"
    assert refusal(zipped(tmp_path / "c.zip", {"x.json": b'{"Post": 1}'})) == "no_tiktok_data"
    assert refusal(zipped(tmp_path / "d.zip", {"x.json": b"{broken"})) == "no_tiktok_data"
    assert refusal(unpacked(tmp_path / "e", {"a/b/c/d/user_data.json": TIKTOK})) == "no_tiktok_data"
    (tmp_path / "f").mkdir()
    assert refusal(tmp_path / "f") == "no_tiktok_data"


def test_only_lemon8(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"user_data_lemon8.json": b'{"Profile": {}}'})
    assert refusal(path) == "lemon8_only"
    bare = tmp_path / "user_data_lemon8.json"
    bare.write_bytes(b"{}")
    assert refusal(bare) == "lemon8_only"


def test_the_text_form_is_named_and_the_way_out_too(tmp_path: Path) -> None:
    tree = {"TikTok/Like List.txt": b"Date: 2025-05-01 10:00:00 UTC\n", "TikTok/Profile.txt": b""}
    assert refusal(zipped(tmp_path / "a.zip", tree)) == "txt_export"
    assert refusal(unpacked(tmp_path / "b", tree)) == "txt_export"
    with pytest.raises(UserError) as raised:
        find(tmp_path / "b" / "TikTok" / "Like List.txt")
    assert raised.value.code == "txt_export"
    assert "Download your data" in raised.value.hint
    assert "JSON" in raised.value.hint

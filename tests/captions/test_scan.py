"""What a scan finds in the folders that tools leave behind; it changes nothing in them."""

from __future__ import annotations

import base64
import gzip
import json
import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from importer.captions.finding import Finding, Source
from importer.captions.names import minted_at
from importer.captions.scan import LARGEST_SIDECAR, Scan, scan
from importer.errors import UserError
from importer.media.container import VIDEO_ENDINGS
from importer.model import Kind

ID, OTHER = "7329999999999999999", "7330000000000000000"
AT = datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC)
UNIX = int(AT.timestamp())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "films"
    made.mkdir()
    return made


def put(folder: Path, name: str, content: object = b"film") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(data)
    return path


def only(found: Scan) -> Finding:
    assert found.unreadable == ()
    (finding,) = found.findings
    return finding


def info(**more: Any) -> dict[str, Any]:
    """What yt-dlp writes, in short; the formats make real ones long."""
    return {
        "id": ID,
        "title": "Rye bread, baked",
        "formats": [{"format_id": "h264_540p", "url": "https://example.com/x", "n": [1, {}]}],
        "description": "Rye bread, baked at home #rye",
        "timestamp": UNIX,
        "uploader": "Ada.Bakes",
        "duration": 15,
        "width": 576,
        "height": 1024,
        "format_id": "h264_540p_1",
        "extractor": "TikTok",
        "extractor_key": "TikTok",
        "_type": "video",
        **more,
    }


@pytest.mark.parametrize("ending", [*sorted(VIDEO_ENDINGS), ".AVI"])
def test_every_kind_of_video_that_can_be_read_is_found(folder: Path, ending: str) -> None:
    video = put(folder, f"Rye bread [{ID}]{ending}")
    found = only(scan(folder))
    assert (found.file, found.video_id) == (video, ID)


# yt-dlp


@pytest.mark.parametrize("stem", [f"Rye bread [{ID}]", ID, "ada - Rye", "20240131 - Rye [x] 100%"])
def test_a_video_with_an_info_json_is_one_finding(folder: Path, stem: str) -> None:
    video = put(folder, f"{stem}.mp4")
    sidecar = put(folder, f"{stem}.info.json", info())
    assert only(scan(folder)) == Finding(
        source=Source.YT_DLP,
        path=sidecar,
        video_id=ID,
        posted_at=AT,
        author="ada.bakes",
        caption="Rye bread, baked at home #rye",
        file=video,
        seconds=15.0,
        width=576,
        height=1024,
        watermarked=False,
    )


def test_an_info_json_without_its_video_is_worth_knowing(folder: Path) -> None:
    put(folder, f"{ID}.info.json", info())
    finding = only(scan(folder))
    assert (finding.file, finding.caption) == (None, "Rye bread, baked at home #rye")


@pytest.mark.parametrize(
    ("more", "caption"),
    [
        ({"description": None, "title": "Short"}, "Short"),
        ({"description": None, "title": "x" * 69 + "..."}, None),
        ({"description": None, "title": f"TikTok video #{ID}"}, ""),
        ({"description": ""}, ""),
        ({"description": " a\r\nb\u0065\u0301 "}, "a\nb\u00e9"),
    ],
)
def test_only_whole_captions_are_taken(
    folder: Path, more: dict[str, Any], caption: str | None
) -> None:
    put(folder, f"{ID}.info.json", info(**more))
    found = scan(folder)
    assert found.findings[0].caption == caption


def test_the_watermarked_format_is_known(folder: Path) -> None:
    put(folder, f"{ID}.info.json", info(format_id="download"))
    assert only(scan(folder)).watermarked is True


def test_a_description_beside_a_video_is_its_caption(folder: Path) -> None:
    video = put(folder, f"Rye [{ID}].mp4")
    put(folder, f"Rye [{ID}].description", "Grüße 🍞\r\n#rye\n".encode())
    finding = only(scan(folder))
    assert (finding.file, finding.video_id, finding.caption) == (video, ID, "Grüße 🍞\n#rye")


@pytest.mark.parametrize(
    "other",
    [
        {"extractor": "youtube", "extractor_key": "Youtube", "id": "abc"},
        {"_type": "playlist", "extractor_key": "TikTokUser"},
        {"extractor": None, "extractor_key": None},
    ],
)
def test_sidecars_of_other_things_are_left_alone(folder: Path, other: dict[str, Any]) -> None:
    put(folder, "other.info.json", info(**other))
    assert scan(folder).findings == ()
    assert scan(folder).unreadable == ()


# gallery-dl and others that keep TikTok's own item


def item(**more: Any) -> dict[str, Any]:
    return {
        "category": "tiktok",
        "id": ID,
        "desc": "Five pictures #rye",
        "createTime": str(UNIX),
        "author": {"uniqueId": "Ada.Bakes", "id": "1"},
        **more,
    }


def test_the_metadata_of_gallery_dl(folder: Path) -> None:
    photo = put(folder, f"tiktok/ada/{ID}_01 Five [x].jpg")
    put(folder, f"tiktok/ada/{ID}_02 Five [y].jpg")
    put(folder, f"tiktok/ada/{ID} Five.mp3")
    put(folder, f"tiktok/ada/{ID} cover.jpg")
    put(folder, f"tiktok/ada/{ID}_01 Five [x].jpg.json", item(imagePost={"images": []}))
    video = put(folder, f"tiktok/ada/{OTHER} Six.mp4")
    put(folder, f"tiktok/ada/{OTHER} Six.mp4.json", item(id=OTHER, desc="Six"))
    by_file = {found.file: found for found in scan(folder).findings}
    first, photos, second = by_file[None], by_file[photo], by_file[video]
    assert (photos.video_id, photos.kind, photos.file) == (ID, Kind.PHOTO, photo)
    assert (first.source, first.video_id, first.kind) == (Source.GALLERY_DL, ID, Kind.PHOTO)
    assert (first.author, first.posted_at, first.file) == ("ada.bakes", AT, None)
    assert (second.video_id, second.caption, second.file) == (OTHER, "Six", video)


def test_an_item_beside_a_video_named_by_its_date(folder: Path) -> None:
    video = put(folder, "20240131_235959.mp4")
    put(folder, "20240131_235959.json", item(category=None))
    finding = only(scan(folder))
    assert (finding.file, finding.caption, finding.posted_at) == (video, "Five pictures #rye", AT)


# myfaveTT


def raw(name: str, content: object) -> bytes:
    return f"window.{name}=String.raw`{json.dumps(content)}`".encode()


def packed(name: str, content: object) -> bytes:
    data = base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()
    return f'window.{name}_base64="{data}"'.encode()


@pytest.mark.parametrize("encoded", [raw, packed])
def test_the_databases_of_myfavett(folder: Path, encoded: Callable[[str, object], bytes]) -> None:
    data = folder / "data"
    videos = {ID: {"authorId": "9", "createTime": UNIX, "diggCount": 3}, "nonsense": {}}
    put(data, ".appdata/db_videos.js", encoded("dbv", videos))
    put(data, ".appdata/db_texts.js", encoded("db", {ID: "Rye 🍞", OTHER: "Only words"}))
    put(data, ".appdata/db_authors.js", encoded("dba", {"9": {"uniqueId": "Ada.Bakes"}}))
    video = put(data, f"Following/9/videos/{ID}.mp4")
    found = scan(folder)
    assert found.unreadable == ()
    file, first, second = sorted(found.findings, key=lambda each: each.source == Source.MYFAVETT)
    assert (file.file, file.video_id, file.caption) == (video, ID, None)
    assert (first.video_id, first.posted_at, first.author) == (ID, AT, "ada.bakes")
    assert (first.caption, second.caption, second.video_id) == ("Rye 🍞", "Only words", OTHER)


@pytest.mark.parametrize(
    "script",
    [
        b"alert(1)",
        b'window.db_base64="!!!"',
        b'window.db_base64="' + base64.b64encode(b"no gzip") + b'"',
        b'window.db_base64="' + base64.b64encode(gzip.compress(bytes(300 << 20), 9)) + b'"',
        b"window.db=String.raw`[1, 2]`",
        b"window.db=String.raw`" + b'{"a":' * 100_000,
    ],
    ids=["another script", "no base64", "no gzip", "a bomb", "a list", "deep"],
)
def test_a_broken_database_of_myfavett_is_named(folder: Path, script: bytes) -> None:
    put(folder, "data/.appdata/db_videos.js", script)
    found = scan(folder)
    assert found.findings == ()
    assert found.unreadable[0].startswith("data/.appdata/db_videos.js cannot be understood: ")


# 4K Tokkit


def tokkit(folder: Path, *rows: tuple[object, ...]) -> Path:
    with closing(sqlite3.connect(folder / "data.sqlite")) as db, db:
        db.execute(
            "CREATE TABLE MediaItems (id, authorName, description, relativePath, downloaded)"
        )
        db.executemany("INSERT INTO MediaItems VALUES (?, ?, ?, ?, 1)", rows)
    return folder / "data.sqlite"


def test_the_database_of_tokkit(folder: Path) -> None:
    minted = int(minted_at(ID).timestamp())
    name = f"ada.bakes_{minted + 20}_{ID}.mp4"
    video = put(folder, f"ada.bakes/{name}")
    database = tokkit(
        folder,
        (ID, "Ada.Bakes", "Rye 🍞", f"ada.bakes\\{name}"),
        (f"{OTHER}_index_0", "ada.bakes", "Pictures", "ada.bakes/x.jpg"),
        (f"{OTHER}_index_1", "ada.bakes", "Pictures", "../../secret.mp4"),
        ("nonsense", None, None, None),
    )
    by_name, first, second = sorted(
        scan(folder).findings, key=lambda each: each.source == Source.TOKKIT
    )
    assert (by_name.file, by_name.author) == (video, "ada.bakes")
    assert by_name.posted_at == datetime.fromtimestamp(minted + 20, UTC)
    assert (first.path, first.video_id, first.caption, first.file) == (
        database,
        ID,
        "Rye 🍞",
        video,
    )
    assert (second.video_id, second.kind, second.file) == (OTHER, Kind.PHOTO, None)


def test_another_programs_database_is_not_touched(folder: Path) -> None:
    database = tokkit(folder, (ID, "ada", "Rye", None))
    before = (database.read_bytes(), database.stat().st_mtime_ns)
    scan(folder)
    assert (database.read_bytes(), database.stat().st_mtime_ns) == before
    assert [path.name for path in folder.iterdir()] == ["data.sqlite"]


@pytest.mark.parametrize("data", [b"", b"not a database at all" * 100])
def test_a_database_of_something_else_is_named(folder: Path, data: bytes) -> None:
    put(folder, "data.sqlite", data)
    (complaint,) = scan(folder).unreadable
    assert complaint.startswith("data.sqlite cannot be understood: ")


# names


@pytest.mark.parametrize(
    ("stem", "video_id", "posted_at", "watermarked"),
    [
        (f"snaptik_{ID}_v2", ID, None, False),
        (f"SnapTik_{ID}", ID, None, False),
        (f"{ID}_watermark", ID, None, True),
        (f"{ID}-no-watermark", ID, None, False),
        ("ssstik.io_@ada_1706745599000", None, None, None),
        ("2024-01-31-23-59-59", None, AT, None),
        ("20240131_235959", None, AT, None),
        ("20240131T235959", None, AT, None),
        ("20240131T235959 (2)", None, AT, None),
        ("TikTok video - 2024-01-31 at 23-59-59", None, AT, None),
        ("TikTok video - 2024-01-31 at 23-59-59 (2)", None, AT, None),
        ("2024-02-31-23-59-59", None, None, None),
        (f"{ID} and {OTHER}", None, None, None),
        (f"1{ID}", None, None, None),
        ("7999999999999999999", None, None, None),
        ("holiday", None, None, None),
    ],
)
def test_what_a_name_says(
    folder: Path,
    stem: str,
    video_id: str | None,
    posted_at: datetime | None,
    *,
    watermarked: bool | None,
) -> None:
    video = put(folder, f"{stem}.mp4")
    assert only(scan(folder)) == Finding(
        source=Source.FILE_NAME,
        path=video,
        video_id=video_id,
        posted_at=posted_at,
        file=video,
        watermarked=watermarked,
    )


# the walk


def test_a_download_archive_is_named_and_joins_nothing(folder: Path) -> None:
    put(folder, f"Ada {ID}.mp4")
    listed = put(folder, "archive.txt", f"youtube abc\ntiktok {ID}\ntiktok {OTHER}\n".encode())
    put(folder, "notes.txt", b"tiktok is where my videos are")
    found = scan(folder)
    assert found.lists == ((listed, 2),)
    assert only(found).source == Source.FILE_NAME
    again = scan(folder, found.seen)
    assert (again.lists, again.read) == (found.lists, 0)


def test_what_is_not_the_creators_is_left_out(folder: Path) -> None:
    for name in (".hidden.mp4", "._x.mp4", "__MACOSX/x.mp4", ".cache/x.mp4", "me.tokaway/x.mp4"):
        put(folder, name)
    put(folder, "notes.txt")
    put(folder, "config.json", {"id": ID})
    put(folder, "list.json", [1, 2])
    put(folder, "broken.json", b"{")
    assert scan(folder).findings == ()
    assert scan(folder).unreadable == ()


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_link_to_its_own_folder_is_no_loop(folder: Path) -> None:
    put(folder, "a.mp4")
    (folder / "again").symlink_to(folder, target_is_directory=True)
    assert len(scan(folder).findings) == 1


@pytest.mark.parametrize(
    "data",
    [
        b'{"id": ',
        b"\xff\xfe",
        b'{"title": "half an emoji \\ud83d"}',
        b"",
        b'{"a":' * 100_000,
        b" " * (LARGEST_SIDECAR + 1),
    ],
    ids=["cut off", "bytes", "half an emoji", "empty", "deep", "huge"],
)
def test_a_broken_info_json_is_named_and_its_video_still_found(folder: Path, data: bytes) -> None:
    put(folder, f"{ID}.mp4")
    put(folder, f"{ID}.info.json", data)
    found = scan(folder)
    assert [finding.video_id for finding in found.findings] == [ID]
    assert found.unreadable[0].startswith(f"{ID}.info.json cannot be understood: ")


def test_a_folder_that_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(UserError) as raised:
        scan(folder / "gone")
    assert raised.value.code == "not_found"


def test_progress_is_told(folder: Path) -> None:
    for number in range(1200):
        put(folder, f"{number}.mp4", b"")
    told: list[int] = []
    assert scan(folder, on_progress=told.append).files == 1200
    assert told == [500, 1000, 1200]


# the second scan


def test_a_second_scan_opens_only_what_changed(folder: Path) -> None:
    for number in range(3):
        put(folder, f"{number}.mp4")
        put(folder, f"{number}.info.json", info(description=f"Words {number}"))
    tokkit(folder, (OTHER, "ada", "Rye", None))
    put(folder, "x.description", b"Words of x")
    put(folder, "x.mp4")
    first = scan(folder)
    assert first.read == 5
    again = scan(folder, first.seen)
    assert (again.read, again.findings, again.seen) == (0, first.findings, first.seen)
    put(folder, "1.info.json", info(description="Other words"))
    (folder / "2.info.json").unlink()
    (folder / "data.sqlite").unlink()
    put(folder, "4.info.json", info(id=OTHER, description="New"))
    third = scan(folder, again.seen)
    assert third.read == 2
    assert {finding.caption for finding in third.findings} == {
        *("Words 0", "Other words", "New", "Words of x", None)
    }
    assert third.findings == scan(folder).findings
    assert third.seen.keys() == {*("0.info.json", "1.info.json", "4.info.json", "x.description")}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is text")
def test_a_name_that_is_no_text_is_told_and_not_taken(folder: Path) -> None:
    """What names a file is noted in the archive, which holds text."""
    put(folder, f"{ID}.mp4")
    put(folder, os.fsdecode(b"caf\xe9 7330000000000000000.mp4"))
    put(folder, os.fsdecode(b"caf\xe9.info.json"), info())
    put(folder, os.fsdecode(b"notes \xe9.txt"))
    found = scan(folder)
    assert [finding.video_id for finding in found.findings] == [ID]
    assert found.unreadable == (
        r"'caf\udce9 7330000000000000000.mp4' is not taken: its name is no text (UTF-8).",
        r"'caf\udce9.info.json' is not taken: its name is no text (UTF-8).",
    )
    bad = folder / os.fsdecode(b"\xe9")
    put(bad, f"{OTHER}.mp4")
    with pytest.raises(UserError, match="is no text") as raised:
        scan(bad)
    assert raised.value.code == "unreadable"

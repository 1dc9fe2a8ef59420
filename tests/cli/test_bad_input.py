"""Whatever is given wrong ends with one clear line, a hint and the right exit code."""

from __future__ import annotations

import json
import os
import random
import socket
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from importer.archive.lock import locked
from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from tests.cli.conftest import SAMPLE
from tests.cli.refusing import assert_refused
from tests.conftest import TestAccount
from tests.end_to_end.command_line import PROGRAM, CommandLine
from tests.posts import ACCOUNT, exported
from tests.stand_in import StandIn

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A sound archive with one post."""
    folder = tmp_path / "creator.tokaway"
    with Archive.create(folder) as made:
        made.absorb([exported()])
    return folder


# what is no export


def _file(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data)
        return path

    return make


def _zip(name: str, members: dict[str, bytes]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        with zipfile.ZipFile(folder / name, "w") as archive:
            for member, data in members.items():
                archive.writestr(member, data)
        return folder / name

    return make


def _folder(files: dict[str, bytes]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        for name, data in files.items():
            path = folder / "given" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder / "given"

    return make


def _no_posts(folder: Path) -> Path:
    export = json.loads(SAMPLE.read_text(encoding="utf-8"))
    export["Post"]["Posts"]["VideoList"] = None
    path = folder / SAMPLE.name
    path.write_text(json.dumps(export), encoding="utf-8")
    return path


def _half_downloaded(folder: Path) -> Path:
    whole = _zip("export.zip", {SAMPLE.name: SAMPLE.read_bytes()})(folder)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return whole


def _unreadable(folder: Path) -> Path:
    path = folder / "export.zip"
    path.write_bytes(b"")
    path.chmod(0)
    return path


def _broken_link(folder: Path) -> Path:
    path = folder / "export.zip"
    path.symlink_to(folder / "gone.zip")
    return path


TXT = {"TikTok/Activity/Like List.txt": b"Date: 2024-01-31 23:59:59 UTC"}
NO_TXT_POSTS = {"TikTok/Posts/Posts.txt": b"You have no data in this section\n"}
CUT_SHORT = SAMPLE.read_bytes()[:2000]
NO_EXPORTS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "random bytes": (_file("export.zip", random.Random(1).randbytes(4096)), "not_an_export"),
    "half a ZIP": (_half_downloaded, "damaged_zip"),
    "ZIP of other things": (_zip("photos.zip", {"a.json": b"{}"}), "no_tiktok_data"),
    "Lemon8 alone": (_zip("export.zip", {"user_data_lemon8.json": b"{}"}), "lemon8_only"),
    "truncated JSON": (_file(SAMPLE.name, CUT_SHORT), "truncated_json"),
    "truncated JSON in a ZIP": (_zip("export.zip", {SAMPLE.name: CUT_SHORT}), "truncated_json"),
    "folder of TXT files": (_folder(TXT), "txt_export"),
    "ZIP of TXT files": (_zip("export.zip", TXT), "txt_export"),
    "no posts": (_no_posts, "no_posts"),
    "no posts in TXT files": (_zip("export.zip", NO_TXT_POSTS), "no_posts"),
    "nothing there": (lambda folder: folder / "gone.zip", "not_found"),
    "empty file": (_file("export.zip", b""), "not_an_export"),
    "folder of other things": (_folder({"notes.md": b"hello"}), "no_tiktok_data"),
    "no permission": (_broken_link, "not_found") if IS_ROOT else (_unreadable, "unreadable"),
    "archive that was moved": (lambda folder: folder / "creator.tokaway", "no_archive"),
}


@pytest.mark.parametrize("case", NO_EXPORTS)
def test_what_is_no_export_is_named_and_leaves_nothing_behind(
    tokaway: CommandLine, tmp_path: Path, case: str
) -> None:
    make, word = NO_EXPORTS[case]
    given = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert_refused(tokaway("plan", given, "--json"), 2, word)
    assert sorted(tmp_path.rglob("*")) == before


def test_without_json_the_error_is_two_lines_on_standard_error(
    tokaway: CommandLine, tmp_path: Path
) -> None:
    ended = tokaway("run", tmp_path / "gone.zip")
    assert (ended.code, ended.out) == (2, "")
    first, second = ended.err.splitlines()
    assert first == f"tokaway: There is no file or folder {tmp_path / 'gone.zip'}. " + (
        "No video was touched."
    )
    assert second.startswith("  → Give the path of the ZIP")


# what is no command


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pubish",), "No such command 'pubish'"),
        (("plan", "export.zip", "--archiv", "x"), "No such option '--archiv'"),
        (("plan",), "Missing argument 'EXPORT|ARCHIVE'"),
    ],
    ids=lambda given: given[0] if isinstance(given, tuple) else given,
)
def test_what_is_no_command_is_refused_with_the_way_to_the_help(
    tokaway: CommandLine, arguments: tuple[str, ...], said: str
) -> None:
    error = assert_refused(tokaway(*arguments, "--json"), 2, "usage")
    assert said in error["text"]
    assert error["hint"].endswith("--help")


def test_a_file_is_no_place_for_an_archive(tokaway: CommandLine, export: Path) -> None:
    error = assert_refused(tokaway("plan", export, "--archive", export, "--json"), 2, "usage")
    assert "--archive" in error["text"]


# accounts and servers


def test_a_wrong_password_is_refused_by_the_server(
    tokaway: CommandLine, archive: Path, password: Path, account: TestAccount
) -> None:
    ended = tokaway(
        *("run", archive, "--to", account.handle, "--pds", account.pds),
        *("--password-file", password, "--json"),
    )
    error = assert_refused(ended, 3, "sign_in")
    assert account.handle in error["text"]
    assert "not-the-password" not in ended.out + ended.err


def test_an_archive_stays_with_its_account(
    tokaway: CommandLine, archive: Path, password: Path, account: TestAccount
) -> None:
    with Archive.create(archive) as made:
        made.set_account(ACCOUNT)
    password.write_text(account.password, encoding="utf-8")
    error = assert_refused(
        tokaway(
            *("run", archive, "--to", account.handle, "--pds", account.pds),
            *("--password-file", password, "--json"),
        ),
        2,
        "other_account",
    )
    assert ACCOUNT.handle in error["text"] and account.handle in error["text"]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("--to", "maker.test"), 3, "password_needed"),
        (("--to", "maker.test", "--password-file", "empty"), 2, "password_file"),
        (("--to", "maker.test", "--password-file", "gone"), 2, "password_file"),
        (("--password-file", "empty"), 2, "no_account"),
        (("--to", "maker.test", "--pds", "http://["), 2, "server_url"),
        (("--to", "maker.test", "--ffmpeg", "empty"), 2, "no_ffmpeg"),
        (("--to", "maker.test", "--ffmpeg", sys.executable), 2, "no_ffmpeg"),
    ],
    ids=[
        "no password",
        "empty password file",
        "no password file",
        "no account",
        "no server",
        "no program",
        "another program",
    ],
)
def test_what_signing_in_needs_is_asked_for_before_anything_is_sent(
    tokaway: CommandLine,
    archive: Path,
    tmp_path: Path,
    arguments: tuple[str, ...],
    code: int,
    word: str,
) -> None:
    (tmp_path / "home" / "empty").write_bytes(b"\n")
    assert_refused(tokaway("run", archive, *arguments, "--json"), code, word)


def test_a_server_that_is_not_there_is_unreachable(
    tokaway: CommandLine, archive: Path, password: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    run = ("run", archive, "--to", "maker.test", "--password-file", password, "--json")
    error = assert_refused(tokaway(*run, "--pds", url), 6, "unreachable")
    assert url.removeprefix("http://") in error["text"]


@pytest.mark.parametrize(("status", "code", "word"), [(404, 3, "sign_in"), (200, 6, "unreachable")])
def test_a_server_that_is_no_pds_is_told_from_one(
    tokaway: CommandLine, archive: Path, password: Path, status: int, code: int, word: str
) -> None:
    with StandIn({}, otherwise=(status, "<!doctype html><title>Shop</title>")) as server:
        ended = tokaway(
            *("run", archive, "--to", "maker.test", "--pds", server.url),
            *("--password-file", password, "--json"),
        )
    error = assert_refused(ended, code, word)
    assert server.url.removeprefix("http://") in error["text"]
    assert "--pds" in error["hint"]


# settings


@pytest.mark.parametrize(
    ("toml", "said", "hint"),
    [
        ("fetch_job = 3", "Unknown setting 'fetch_job'", "Did you mean 'fetch_jobs'?"),
        ("fetch_jobs = 'many'", "wrong form", "See docs/settings.md."),
    ],
)
def test_a_wrong_setting_is_named(
    tokaway: CommandLine, archive: Path, toml: str, said: str, hint: str
) -> None:
    (archive / "tokaway.toml").write_text(toml, encoding="utf-8")
    error = assert_refused(tokaway("run", archive, "--json"), 2, "settings")
    assert said in error["text"] and error["hint"] == hint


def test_an_unknown_variable_is_named(tokaway: CommandLine, archive: Path) -> None:
    program = ("env", "TOKAWAY_FETCHJOBS=3", *PROGRAM)
    error = assert_refused(tokaway("run", archive, "--json", program=program), 2, "settings")
    assert "fetchjobs" in error["text"] and "fetch_jobs" in error["hint"]


def test_a_settings_file_that_is_named_must_be_there(tokaway: CommandLine, archive: Path) -> None:
    assert_refused(tokaway("run", archive, "--config", "gone.toml", "--json"), 2, "settings")


# archives


@pytest.mark.parametrize("command", ["status", "retry"])
def test_a_folder_that_is_no_archive_is_named_and_left_alone(
    tokaway: CommandLine, tmp_path: Path, command: str
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    assert_refused(tokaway(command, folder, "--json"), 2, "no_archive")
    assert not list(folder.iterdir())


@pytest.mark.parametrize("command", ["status", "run"])
def test_a_damaged_database_is_named_with_the_way_out(
    tokaway: CommandLine, archive: Path, command: str
) -> None:
    (archive / "archive.db").write_bytes(random.Random(2).randbytes(20_000))
    error = assert_refused(tokaway(command, archive, "--json"), 2, "damaged_archive")
    assert "archive.db" in error["hint"]


def test_two_runs_do_not_share_an_archive(tokaway: CommandLine, archive: Path) -> None:
    with locked(archive):
        assert_refused(tokaway("run", archive, "--json"), 5, "archive_in_use")
        assert tokaway("status", archive).code == 0


def test_what_nobody_foresaw_is_a_fault_with_its_traceback(
    tokaway: CommandLine, archive: Path
) -> None:
    with sqlite3.connect(archive / "archive.db") as db:
        db.execute("DROP TABLE posts")
    db.close()
    ended = tokaway("status", archive, "--json")
    assert (ended.code, ended.named("error")[0]["code"]) == (70, "fault")
    assert "Traceback" in ended.err and "no such table: posts" in ended.err


def profiled(folder: Path, name: str, *seconds: int) -> Path:
    """An export of the account `name`, with a post at each of these seconds of one minute."""
    rows = [
        {
            "Date": f"2025-06-01 12:00:{second:02d}",
            "Link": f"https://video-va.tiktokv.com/o{second}?mime_type=video_mp4",
            "WhoCanView": "Everyone",
        }
        for second in seconds
    ]
    root = {
        "Profile": {"Profile Info": {"ProfileMap": {"userName": name}}},
        "Post": {"Posts": {"VideoList": rows}},
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(root), encoding="utf-8")
    return path


def test_an_archive_takes_no_posts_of_another_account(tokaway: CommandLine, tmp_path: Path) -> None:
    archive = tmp_path / "ada.tokaway"
    assert tokaway("plan", profiled(tmp_path, "ada", 1, 2), "--archive", archive).code == 0
    ended = tokaway("plan", profiled(tmp_path, "bob", 3), "--archive", archive, "--json")
    assert (ended.code, ended.lines[-1]["code"]) == (2, "another_account")
    with ArchiveView.open(archive) as view:
        assert len(view.posts()) == 2


def test_an_account_may_change_its_name(tokaway: CommandLine, tmp_path: Path) -> None:
    archive = tmp_path / "ada.tokaway"
    tokaway("plan", profiled(tmp_path, "ada", 1, 2), "--archive", archive)
    ended = tokaway("plan", profiled(tmp_path, "ada.bakes", 1, 2, 3), "--archive", archive)
    assert ended.code == 0
    with ArchiveView.open(archive) as view:
        assert len(view.posts()) == 3

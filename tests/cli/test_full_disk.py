"""A disk that is full, or fills up, is told; with room again the same command goes on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from importer.archive.store import Archive
from importer.archive.view import PLACED, ArchiveView
from importer.demo.local_pds import LocalPds
from importer.demo.media_server import MediaServer
from importer.model import Action
from tests.cli.refusing import assert_refused
from tests.conftest import TestAccount
from tests.end_to_end.command_line import CommandLine
from tests.posts import exported
from tests.staged_export import Staged, stage


class SmallDisk:
    """A file system of its own in memory, as large as it is told to be."""

    def __init__(self, path: Path, size: str) -> None:
        self.path = path
        path.mkdir()
        self._mount(f"size={size}")

    def resize(self, size: str) -> None:
        self._mount(f"remount,size={size}")

    def fill(self) -> None:
        """Take the last byte of room."""
        with (self.path / "filler").open("wb", buffering=0) as file:
            while shutil.disk_usage(self.path).free:
                file.write(bytes(4096))

    def unmount(self) -> None:
        subprocess.run(["umount", self.path], check=True)

    def _mount(self, options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tokaway-test", str(self.path)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], SmallDisk]]:
    if not shutil.which("mount") or sys.platform != "linux":
        pytest.skip("a small disk needs Linux and its mount")
    made: list[SmallDisk] = []

    def make(size: str) -> SmallDisk:
        made.append(SmallDisk(tmp_path / "disk", size))
        return made[-1]

    yield make
    for disk in made:
        disk.unmount()


def assert_whole(pds: LocalPds, account: TestAccount, archive: Path, staged: Staged) -> None:
    """Each post is published, once."""
    stored = pds.list_records(account.did, "app.bsky.feed.post")
    dates = sorted(record["value"]["createdAt"] for record in stored)
    assert dates == sorted(post.created_at() for post in staged.public)
    with ArchiveView.open(archive) as view:
        assert {post.milestone for post in view.posts()} <= set(PLACED)
        assert len(view.records()) == len(staged.public)


def test_a_disk_without_room_for_a_video_stops_the_run_and_the_same_command_goes_on(
    tokaway: CommandLine,
    tmp_path: Path,
    small_disk: Callable[[str], SmallDisk],
    pds: LocalPds,
    account: TestAccount,
    password: Path,
) -> None:
    disk = small_disk("2m")
    password.write_text(account.password, encoding="utf-8")
    staged = stage(tmp_path / "media", [Action.KEEP] * 2)
    archive = disk.path / "creator.tokaway"
    with MediaServer(staged.media) as media:
        run = (
            *("run", staged.write(tmp_path / "export.zip", media.url(""))),
            *("--archive", archive, "--to", account.handle, "--pds", account.pds),
            *("--password-file", password, "--json"),
        )
        stopped = tokaway(*run)
        assert_refused(stopped, 4, "disk_full")
        (finished,) = stopped.named("run_finished")
        assert (finished["outcome"], finished["exit"]) == ("disk_full", 4)
        assert finished["counts"]["failed"] == 0
        disk.resize("256m")
        assert tokaway(*run).code == 0
    assert_whole(pds, account, archive, staged)


def test_a_disk_that_fills_up_under_a_copy_stops_the_run_and_the_same_command_goes_on(
    tokaway: CommandLine,
    tmp_path: Path,
    small_disk: Callable[[str], SmallDisk],
    pds: LocalPds,
    account: TestAccount,
    password: Path,
) -> None:
    disk = small_disk("2m")
    password.write_text(account.password, encoding="utf-8")
    staged = stage(tmp_path / "media", [Action.KEEP] * 3, large={0, 1, 2})
    for post in staged.posts:
        (staged.media / post.file).rename(staged.media / f"{post.posted_at:%Y%m%d_%H%M%S}.mp4")
    archive = disk.path / "creator.tokaway"
    run = (
        *("run", staged.write(tmp_path / "export.zip", "http://127.0.0.1:9/")),
        *("--source", staged.media, "--archive", archive, "--to", account.handle),
        *("--pds", account.pds, "--password-file", password, "--json"),
    )
    assert_refused(tokaway(*run), 4, "disk_full")
    assert not list(archive.rglob("report.html?*"))
    disk.resize("64m")
    assert tokaway(*run).code == 0
    assert not list(archive.rglob("*.part*"))
    assert_whole(pds, account, archive, staged)


def test_a_disk_without_room_for_the_database_is_told_and_filled_once_there_is(
    tokaway: CommandLine, export: Path, small_disk: Callable[[str], SmallDisk]
) -> None:
    disk = small_disk("100k")
    plan = ("plan", export, "--archive", disk.path / "creator.tokaway", "--json")
    assert_refused(tokaway(*plan), 4, "disk_full")
    disk.resize("64m")
    (planned,) = tokaway(*plan).named("plan")
    assert planned["posts"] == 8


def test_an_archive_on_a_disk_without_any_room_left_is_told(
    tokaway: CommandLine, small_disk: Callable[[str], SmallDisk]
) -> None:
    disk = small_disk("2m")
    archive = disk.path / "creator.tokaway"
    with Archive.create(archive) as made:
        made.absorb([exported()])
    disk.fill()
    assert_refused(tokaway("run", archive, "--to", "maker.test", "--json"), 4, "disk_full")

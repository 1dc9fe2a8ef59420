"""Killed at every moment that design.md tells apart, an import goes on to the same end.

Each test kills the real command line at one exact place, with SIGKILL, and gives the same command
again.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path

import pytest

from tests.crash.conftest import LARGE
from tests.crash.mortal import Mortal


@pytest.mark.parametrize(
    "moment",
    [
        "making-tables:3",
        "absorbing:2",
        "landed-note-left:2",
        "uploaded-no-record:2",
        "in-transaction:5",
    ],
)
def test_the_same_command_goes_on(mortal: Mortal, moment: str) -> None:
    mortal.die(moment)
    assert not mortal.is_finished()
    mortal.goes_on_to_the_end()


def test_a_download_goes_on_where_it_stopped(mortal: Mortal) -> None:
    large = next(post for post in mortal.staged.posts if post.file == f"v{LARGE:04}.mp4")
    before = len(mortal.media.requests)
    mortal.die("downloading:4")
    part = mortal.archive / "media" / large.id / "original.mp4.part"
    arrived = part.stat().st_size
    assert 0 < arrived < (mortal.staged.media / large.file).stat().st_size
    mortal.goes_on_to_the_end()
    asked = [r for r in mortal.media.requests[before:] if r.path == f"/{large.file}"]
    assert [(request.range, request.status) for request in asked] == [
        (None, 200),
        (f"bytes={arrived}-", 206),
    ]


def test_a_file_in_place_is_not_fetched_again(mortal: Mortal) -> None:
    mortal.die("fetched-not-noted:1")
    in_place = {path.split("/")[1] for path in mortal.files("original.mp4")}
    files = {f"/{post.file}" for post in mortal.staged.posts if post.id in in_place}
    assert files
    before = len(mortal.media.requests)
    mortal.goes_on_to_the_end()
    assert not files & {request.path for request in mortal.media.requests[before:]}


def test_a_prepared_file_in_place_is_taken(mortal: Mortal) -> None:
    mortal.die("prepared-not-noted:1")
    assert mortal.files("prepared.0.mp4")
    # A second try to make it would die here.
    ended = mortal.trapped("encoding:1")
    assert ended.code == 0, ended.err
    mortal.assert_whole()


def test_an_orphaned_ffmpeg_spoils_nothing(mortal: Mortal) -> None:
    ended = mortal.die("encoding:1")
    orphan = int(ended.err.rpartition("orphan ")[2])
    try:
        assert len(mortal.files("prepared.0.mp4.*.part")) == 1
        mortal.goes_on_to_the_end()
    finally:
        os.kill(orphan, signal.SIGCONT)
        mortal.wait_for_orphans()
    mortal.assert_whole()


def test_an_orphaned_ffmpeg_may_work_on_beside_the_next_run(mortal: Mortal) -> None:
    ended = mortal.die("encoding:1")
    os.kill(int(ended.err.rpartition("orphan ")[2]), signal.SIGCONT)
    mortal.goes_on_to_the_end()
    mortal.wait_for_orphans()
    mortal.assert_whole()


def test_a_half_sent_upload_leaves_no_trace(mortal: Mortal) -> None:
    mortal.die("uploading:2")
    assert mortal.on_server() < len(mortal.staged.public)
    mortal.goes_on_to_the_end()


@pytest.mark.parametrize("moment", ["record-written:1", "published-not-noted:4"])
def test_a_record_that_was_not_noted_is_found(mortal: Mortal, moment: str) -> None:
    mortal.die(moment)
    assert mortal.on_server()
    assert not mortal.is_finished()
    ended = mortal.run()
    assert ended.code == 0
    assert "found on the server already" in ended.err
    mortal.assert_whole()


def test_no_prepared_copy_stays_on_the_disk(mortal: Mortal) -> None:
    mortal.die("published-copy-left:1")
    assert mortal.files("prepared.0.mp4")
    mortal.goes_on_to_the_end()


def test_a_half_written_report_is_swept(mortal: Mortal) -> None:
    mortal.die("reporting:1")
    assert mortal.files("report.html*.part")
    assert mortal.is_finished()
    mortal.goes_on_to_the_end()


@pytest.mark.parametrize("lost", ["database", "folder"])
def test_a_lost_archive_finds_its_own_records(mortal: Mortal, lost: str) -> None:
    mortal.die("published-copy-left:2")
    written = mortal.on_server()
    assert written >= 2
    if lost == "folder":
        shutil.rmtree(mortal.archive)
    else:
        for file in mortal.archive.glob("archive.db*"):
            file.unlink()
    ended = mortal.run()
    assert ended.code == 0, ended.err
    found = re.search(r"(\d+) posts found on the server already", ended.err)
    # What was on its way when the program died may have been written after the look.
    assert found and int(found[1]) >= written
    mortal.assert_whole()


def test_killed_again_while_it_recovers(mortal: Mortal) -> None:
    mortal.die("record-written:3")
    shutil.rmtree(mortal.archive)
    mortal.die("published-not-noted:2")
    mortal.die("in-transaction:2")
    mortal.goes_on_to_the_end()


def test_what_a_killed_run_left_half_made_is_swept(mortal: Mortal) -> None:
    mortal.die("fetched-not-noted:3")
    stale = _strew(mortal.archive)
    mortal.goes_on_to_the_end()
    assert not any(path.exists() for path in stale)


def _strew(archive: Path) -> list[Path]:
    """Parts as they lie about after kills, in a folder of a post and in one of nobody."""
    folders = [next((archive / "media").iterdir()), archive / "media" / "20180101T000000"]
    folders[1].mkdir()
    stale = [folder / "prepared.0.mp4.0badcafe.part" for folder in folders]
    stale.append(folders[1] / "original.mp4.part")
    for path in stale:
        path.write_bytes(b"half a video")
    return stale

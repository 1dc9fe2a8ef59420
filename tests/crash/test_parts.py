"""Posts of several files and records come out whole, wherever the import dies in them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from importer.demo.media_server import MediaServer
from tests.crash.conftest import MakeMortal
from tests.crash.mortal import Mortal
from tests.staged_export import Staged


@pytest.fixture
def mortal(make_mortal: MakeMortal, album: Staged, album_served: MediaServer) -> Iterator[Mortal]:
    made = make_mortal(album, album_served)
    yield made
    made.wait_for_orphans()


def test_photos_that_are_here_are_not_fetched_again(mortal: Mortal) -> None:
    before = len(mortal.media.requests)
    mortal.die("landed-note-left:6")
    assert mortal.files("original-*.jpeg")
    mortal.goes_on_to_the_end()
    whole = [r.path for r in mortal.media.requests[before:] if r.status == 200]
    assert sorted(whole) == sorted(set(whole))


@pytest.mark.parametrize("nth", [1, 7, 12])
def test_it_dies_between_two_photos(mortal: Mortal, nth: int) -> None:
    mortal.die(f"photo-prepared:{nth}")
    assert len(mortal.files("prepared.*.jpg")) == nth
    assert mortal.on_server() < 2
    mortal.goes_on_to_the_end()


@pytest.mark.parametrize("nth", [2, 8, 13])
def test_it_dies_among_the_uploads_of_a_thread(mortal: Mortal, nth: int) -> None:
    mortal.die(f"uploading:{nth}")
    mortal.goes_on_to_the_end()


def test_everything_is_uploaded_and_no_record_written(mortal: Mortal) -> None:
    mortal.die("thread-uploaded:1")
    assert mortal.on_server() < 2
    mortal.goes_on_to_the_end()


def test_a_thread_that_was_not_noted_is_found_whole(mortal: Mortal) -> None:
    mortal.die("thread-written:1")
    assert mortal.on_server() >= 2
    ended = mortal.run()
    assert ended.code == 0
    assert "found on the server already" in ended.err
    mortal.assert_whole()


def test_a_lost_archive_finds_its_threads(mortal: Mortal) -> None:
    mortal.die("thread-written:1")
    shutil.rmtree(mortal.archive)
    mortal.goes_on_to_the_end()

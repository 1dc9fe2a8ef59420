"""What is carried through a store: all that a step needs, whole, and nothing else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from importer.cluster.carrying import Parcel, Shelf, carry, pack, sweep
from importer.cluster.store import Store
from importer.errors import Stopped, TryLater
from importer.model import Role
from importer.stages.tools import Job
from importer.step import Step
from tests.posts import write_file

POST = "20240131T235959"
NEEDED = {"original.mp4": b"film", "original.eng-US.vtt": b"words", "original.mp3": b"sound"}
NOT_NEEDED = ("original.mp4.part", "original.mp4.part.json", "prepared.0.mp4", "notes.txt")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A place for one post in an empty folder."""
    (tmp_path / "store").mkdir()
    return Shelf(Store((tmp_path / "store").as_uri()), "tokaway-me.now.post.")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A post in an archive, and what lies there for it."""
    folder = tmp_path / "archive" / "media" / POST
    folder.mkdir(parents=True)
    for name, content in NEEDED.items():
        (folder / name).write_bytes(content)
    for name in NOT_NEEDED:
        (folder / name).write_bytes(b"of no use to a worker")
    return cast(Job, SimpleNamespace(post=SimpleNamespace(id=POST), archive=tmp_path / "archive"))


def stored(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "store").iterdir())


def test_a_worker_gets_the_original_and_what_lies_beside_it(
    shelf: Shelf, job: Job, tmp_path: Path
) -> None:
    parcels = pack(shelf, job, Step())
    for parcel in parcels:
        shelf.take(tmp_path / "scratch", parcel)
    there = tmp_path / "scratch" / "media" / POST
    assert {path.name: path.read_bytes() for path in there.iterdir()} == NEEDED
    shelf.clear()
    assert stored(tmp_path) == []


def test_packed_twice_it_lies_there_once(shelf: Shelf, job: Job, tmp_path: Path) -> None:
    assert pack(shelf, job, Step()) == pack(shelf, job, Step())
    assert len(stored(tmp_path)) == len(NEEDED)


def test_what_was_cut_off_on_its_way_there_is_put_anew(
    shelf: Shelf, job: Job, tmp_path: Path
) -> None:
    video = next(one for one in pack(shelf, job, Step()) if one.path.endswith(".mp4"))
    (tmp_path / "store" / f"{shelf.start}{video.sha256}").write_bytes(b"fi")
    pack(shelf, job, Step())
    shelf.take(tmp_path / "scratch", video)


def test_what_comes_back_damaged_is_not_taken(shelf: Shelf, job: Job, tmp_path: Path) -> None:
    video = next(one for one in pack(shelf, job, Step()) if one.path.endswith(".mp4"))
    (tmp_path / "store" / f"{shelf.start}{video.sha256}").write_bytes(b"flim")
    with pytest.raises(TryLater) as damaged:
        shelf.take(tmp_path / "scratch", video)
    assert damaged.value.code == "store_unreachable" and damaged.value.shared
    assert list((tmp_path / "scratch" / "media" / POST).iterdir()) == []


def test_what_a_step_leaves_as_it_was_is_not_carried_back(job: Job) -> None:
    archive = job.archive
    kept = write_file(archive, job.post, Role.ORIGINAL)
    made = write_file(archive, job.post, Role.PREPARED, b"made")
    taken: list[Parcel] = []
    carry([kept, made, made], [Parcel.of(kept)], Step().check, taken.append)
    assert taken == [Parcel.of(made)]


def test_a_step_that_is_broken_off_carries_no_more(shelf: Shelf, job: Job, tmp_path: Path) -> None:
    step = Step()
    step.break_off()
    with pytest.raises(Stopped):
        pack(shelf, job, step)
    assert stored(tmp_path) == []


def test_a_run_sweeps_what_other_runs_of_its_archive_left_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    kept = ["notes.txt", "tokaway-me.now.post.1", "tokaway-you.then.post.1"]
    for name in (*kept, "tokaway-me.then.post.1", "tokaway-me.then.post.2"):
        (tmp_path / "store" / name).touch()
    sweep(Store((tmp_path / "store").as_uri()), "tokaway-me.", "now")
    assert stored(tmp_path) == kept


def test_what_is_gone_already_is_no_trouble_to_remove(shelf: Shelf) -> None:
    shelf.store.remove(["tokaway-me.then.post.1"])
    assert shelf.store.names("tokaway-") == []

"""Posts of several files where names mislead, other runs meddle, or much is said of many photos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from importer.demo.local_pds import LocalPds
from importer.media.photos import probe_photo
from importer.media.probe import probe
from importer.model import Kind, Milestone, Photos, Role
from importer.records.keys import record_key
from importer.stages.place import describe, post_folder, sweep
from importer.stages.publish import publish
from importer.stages.tools import Job
from importer.stages.update import change_of
from importer.step import Step
from tests.breaking_proxy import BreakingProxy
from tests.media.photo_samples import sample
from tests.stages.conftest import CLIP, POSTED_AT, Desk
from tests.stages.test_parts import PARTS, limited, long_clip, photo_job, prepared, video_job
from tests.stages.test_recognise import look
from tests.stages.test_verify import check

__all__ = ["long_clip"]
DeskAt = Callable[[str], Desk]
WRITE = "com.atproto.repo.applyWrites"


@pytest.mark.parametrize("suffix", [".mov", ".m4v"])
def test_a_video_is_one_whatever_its_name_says(desk: Desk, suffix: str) -> None:
    post = desk.post(milestone=Milestone.FETCHED)
    path = post_folder(desk.archive, post.id) / f"original{suffix}"
    path.write_bytes(CLIP.read_bytes())
    original = describe(Role.ORIGINAL, desk.archive, path, probe(path))
    job = prepared(Job(post, {Role.ORIGINAL: (original,)}, desk.archive), desk)
    assert job.files[Role.PREPARED][0].path.endswith(suffix)
    publish(job, desk.tools, Step())
    (record,) = desk.records()
    assert record["value"]["embed"]["video"]["mimeType"] == "video/mp4"


@pytest.mark.parametrize("suffix", [".heic", ".gif"])
def test_a_photo_is_what_is_in_it_whatever_its_name_says(desk: Desk, suffix: str) -> None:
    post = desk.post(kind=Kind.PHOTO, milestone=Milestone.FETCHED)
    path = post_folder(desk.archive, post.id) / f"original-00{suffix}"
    path.write_bytes(sample(desk.archive, "plain.jpg").read_bytes())
    original = describe(Role.ORIGINAL, desk.archive, path, probe_photo(path))
    job = prepared(Job(post, {Role.ORIGINAL: (original,)}, desk.archive), desk)
    publish(job, desk.tools, Step())
    (record,) = desk.records()
    assert record["value"]["embed"]["images"][0]["image"]["mimeType"] == "image/jpeg"


def test_a_thread_that_another_run_wrote_between_two_looks(
    pds: LocalPds, proxy: BreakingProxy, desk_at: DeskAt, long_clip: Path
) -> None:
    desk, other = limited(desk_at(proxy.url)), limited(desk_at(pds.url))
    job = prepared(video_job(desk, long_clip), desk)
    proxy.before(WRITE, lambda: publish(job, other.tools, Step()))
    done = publish(job, desk.tools, Step())
    assert len(done.records) == len(desk.records()) == PARTS


def test_many_photos_and_much_said_of_each(desk: Desk) -> None:
    job = prepared(photo_job(desk, ["plain.jpg"] * 35, alt="😀 " * 3_000), desk)
    done = publish(job, desk.tools, Step())
    assert len(done.records) == len(desk.records()) == 4
    assert [check(job.post, record, desk.repo) for record in done.records] == [None] * 4


def test_threads_among_many_other_posts(desk: Desk) -> None:
    first, last = desk.post(kind=Kind.PHOTO), desk.post(POSTED_AT + timedelta(hours=1))
    last = replace(last, kind=Kind.PHOTO)
    jobs = []
    for post in (first, last):
        job = photo_job(desk, ["plain.jpg"] * 12, posted_at=post.posted_at, id=post.id)
        jobs.append(prepared(job, desk))
    noted = [publish(job, desk.tools, Step()) for job in jobs]
    for second in range(260):
        key = record_key(POSTED_AT + timedelta(seconds=second * 14), 0, part=1, attempt=500)
        desk.write_foreign(key)
    found = look(desk, [first, last])
    assert [len(records) for _, records in found] == [2, 2]
    assert [r.cid for _, rs in found for r in rs] == [r.cid for one in noted for r in one.records]
    desk.delete(noted[1].records[1].rkey)
    wrong = [check(last, record, desk.repo) for record in noted[1].records]
    assert [trouble and trouble.code for trouble in wrong] == [None, "record_missing"]


def test_fewer_parts_than_last_time_are_still_the_same_post(desk: Desk) -> None:
    job = prepared(photo_job(desk, ["plain.jpg"] * 12), desk)
    publish(job, desk.tools, Step())
    again = replace(job, post=replace(job.post, photos=Photos.FIRST))
    done = publish(prepared(again, desk), desk.tools, Step())
    assert done.found
    assert len(done.records) == len(desk.records()) == 2


@pytest.mark.parametrize("before", [["おはよう", "海" * 300, "海" * 155], ["おはよう…"]])
def test_a_caption_that_was_cut_otherwise_is_of_the_same_post(
    desk: Desk, before: list[str]
) -> None:
    """As an older Tokaway cut it: into more records than today, or fewer."""
    post = desk.post(caption="おはよう " + "海" * 455)
    standing = replace(post, caption="海" * 300 * len(before))
    publish(desk.job(standing), desk.tools, Step())
    for stored, text in zip(reversed(desk.records()), before, strict=True):
        desk.overwrite(stored["uri"].rpartition("/")[2], stored["value"] | {"text": text})
    written = desk.records()
    ((_, recognised),) = look(desk, [post])
    done = publish(desk.job(post), desk.tools, Step())
    assert done.found
    assert len(done.records) == len(recognised) == len(before)
    assert [check(post, record, desk.repo) for record in done.records] == [None] * len(before)
    assert desk.records() == written
    offered = change_of(post, done.records, desk.repo, desk.tools.style, POSTED_AT)
    assert offered
    assert offered.before == tuple(before)
    assert [len(text) for text in offered.after] == [300, 160]


def test_what_a_killed_slideshow_left_is_swept(tmp_path: Path) -> None:
    for name in ("done", "waiting"):
        left = post_folder(tmp_path, name) / "prepared.0.mp4.x7k2"
        left.mkdir()
        (left / "0000.jpg").write_bytes(b"photo")
        (left.parent / "original-00.jpg").write_bytes(b"photo")
    assert sweep(tmp_path, frozenset({"waiting"})) == 2
    kept = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert kept == ["original-00.jpg"] * 2

"""Publishing once, whatever happens on the way, on the real PDS."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from importer.demo.local_pds import LocalPds
from importer.errors import Refused, Stopped, TryLater
from importer.model import Role
from importer.pds.xrpc import TRIES
from importer.records.bluesky import COLLECTION, drafts
from importer.records.cid import blob_cid
from importer.records.destination import Uploaded
from importer.records.keys import record_key
from importer.stages.present import KEYS_TO_TRY
from importer.stages.publish import publish
from importer.stages.tools import FileGone
from importer.step import Step
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.stages.conftest import CLIP, POSTED_AT, Desk

DeskAt = Callable[[str], Desk]

LOOK = "com.atproto.repo.getRecord"
PUT = "com.atproto.repo.putRecord"
UPLOAD = "com.atproto.repo.uploadBlob"


def key(attempt: int = 0) -> str:
    return record_key(POSTED_AT, 0, attempt=attempt)


def test_a_post_arrives_as_it_was(desk: Desk) -> None:
    post = desk.post()
    job = desk.job(post)
    before = datetime.now(UTC)
    done = publish(job, desk.tools, Step())
    assert not done.found
    (listed,) = desk.records()
    record = done.records[0]
    assert (record.uri, record.cid) == (listed["uri"], listed["cid"])
    assert record.uri == f"at://{desk.tools.account.did}/{COLLECTION}/{key()}"
    assert (record.post, record.did, record.rkey) == (post.id, desk.tools.account.did, key())
    assert before <= record.published_at <= datetime.now(UTC)
    value = listed["value"]
    assert value["createdAt"] == "2021-05-04T12:00:00.000Z"
    assert value["text"] == "A walk by the sea #sea"
    assert value["facets"][0]["features"][0]["tag"] == "sea"
    file = job.files[Role.PREPARED][0]
    assert value["embed"]["aspectRatio"] == {"width": file.width, "height": file.height}
    (cid,) = record.blob_cids
    digest, size = desk.repo.blob_sha256(cid)
    assert (digest, size) == (hashlib.sha256(CLIP.read_bytes()).digest(), CLIP.stat().st_size)


def test_twice_is_once(proxy: BreakingProxy, desk_at: DeskAt) -> None:
    desk = desk_at(proxy.url)
    job = desk.job(desk.post())
    first = publish(job, desk.tools, Step())
    second = publish(job, desk.tools, Step())
    assert second.found
    assert (
        replace(second.records[0], published_at=first.records[0].published_at) == first.records[0]
    )
    assert len(desk.records()) == 1
    # What is there already costs one look: no upload, no write.
    assert (len(proxy.calls(UPLOAD)), len(proxy.calls(PUT))) == (1, 1)


@pytest.mark.parametrize("method", [UPLOAD, PUT])
@pytest.mark.parametrize(
    "fault",
    [
        Breakage.DROP_ANSWER,
        Breakage.CUT_ANSWER,
        Breakage.CUT_BODY,
        Breakage.RESET,
        Breakage.EXPIRED_TOKEN,
    ],
)
def test_one_record_over_a_bad_line(
    proxy: BreakingProxy, desk_at: DeskAt, method: str, fault: Breakage
) -> None:
    desk = desk_at(proxy.url)
    proxy.breakage(method, fault)
    done = publish(desk.job(desk.post()), desk.tools, Step())
    (listed,) = desk.records()
    assert (done.records[0].uri, done.records[0].cid) == (listed["uri"], listed["cid"])


def test_a_record_whose_answer_never_came_is_found_next_time(
    proxy: BreakingProxy, desk_at: DeskAt
) -> None:
    desk = desk_at(proxy.url)
    job = desk.job(desk.post())
    proxy.breakage(PUT, Breakage.DROP_ANSWER, times=TRIES)
    with pytest.raises(TryLater):
        publish(job, desk.tools, Step())
    assert publish(job, desk.tools, Step()).found
    assert len(desk.records()) == 1
    assert len(proxy.calls(UPLOAD)) == 1


@pytest.mark.parametrize("seed", range(5))
def test_many_posts_through_chaos(proxy: BreakingProxy, desk_at: DeskAt, seed: int) -> None:
    """What a step cannot do now it does later, as the engine would have it."""
    desk = desk_at(proxy.url)
    posts = [desk.post(POSTED_AT, ordinal) for ordinal in range(6)]
    proxy.chaos(seed, 0.4)
    for post in posts:
        for _ in range(50):
            try:
                publish(desk.job(post), desk.tools, Step())
            except TryLater:
                continue
            break
    proxy.calm()
    expected = {record_key(post.posted_at, post.ordinal) for post in posts}
    keys = [record["uri"].rpartition("/")[2] for record in desk.records()]
    assert sorted(keys) == sorted(expected)


def test_many_runs_at_once_write_once(pds: LocalPds, desk_at: DeskAt) -> None:
    desks = [desk_at(pds.url) for _ in range(4)]
    job = desks[0].job(desks[0].post())
    with ThreadPoolExecutor(len(desks)) as pool:
        done = list(pool.map(lambda desk: publish(job, desk.tools, Step()), desks))
    assert len({result.records[0].cid for result in done}) == 1
    assert len(desks[0].records()) == 1


def test_a_foreign_record_keeps_its_key(desk: Desk) -> None:
    desk.write_foreign(key())
    job = desk.job(desk.post())
    first = publish(job, desk.tools, Step())
    assert (first.records[0].rkey, first.found) == (key(1), False)
    second = publish(job, desk.tools, Step())
    assert (second.records[0].rkey, second.found) == (key(1), True)
    assert {record["value"]["text"] for record in desk.records()} == {
        "Not ours",
        "A walk by the sea #sea",
    }


def test_a_foreign_record_that_comes_between_look_and_write(
    pds: LocalPds, proxy: BreakingProxy, desk_at: DeskAt
) -> None:
    desk, other = desk_at(proxy.url), desk_at(pds.url)
    proxy.before(PUT, lambda: other.write_foreign(key()))
    done = publish(desk.job(desk.post()), desk.tools, Step())
    assert (done.records[0].rkey, done.found) == (key(1), False)
    assert proxy.statuses(PUT) == [400, 200]


def test_another_run_of_ours_that_comes_between_look_and_write(
    pds: LocalPds, proxy: BreakingProxy, desk_at: DeskAt
) -> None:
    """It had another caption, so its record is not the same, but it is this post's."""
    desk, other = desk_at(proxy.url), desk_at(pds.url)
    theirs = other.job(other.post(caption="Edited"))
    proxy.before(PUT, lambda: publish(theirs, other.tools, Step()))
    done = publish(desk.job(desk.post()), desk.tools, Step())
    assert (done.records[0].rkey, done.found) == (key(), True)
    assert [record["value"]["text"] for record in desk.records()] == ["Edited"]


@pytest.mark.parametrize("is_ours", [False, True])
def test_an_account_just_read_is_not_asked_again_and_the_write_still_guards(
    pds: LocalPds, proxy: BreakingProxy, desk_at: DeskAt, is_ours: bool
) -> None:
    desk, other = desk_at(proxy.url), desk_at(pds.url)
    job = replace(desk.job(desk.post()), is_absent=True)
    assert not publish(job, desk.tools, Step()).found
    assert proxy.statuses(LOOK) == [] and proxy.statuses(PUT) == [200]

    late = replace(desk.job(desk.post(ordinal=1)), is_absent=True)
    if is_ours:
        publish(other.job(other.post(ordinal=1, caption="Edited")), other.tools, Step())
    else:
        other.write_foreign(record_key(POSTED_AT, 1, attempt=0))
    done = publish(late, desk.tools, Step())
    assert done.found == is_ours
    assert len(desk.records()) == (2 if is_ours else 3)


def test_an_edited_caption_does_not_post_again(desk: Desk) -> None:
    first = publish(desk.job(desk.post()), desk.tools, Step())
    edited = publish(desk.job(desk.post(caption="Better words")), desk.tools, Step())
    assert edited.found
    assert edited.records[0].cid == first.records[0].cid
    assert len(desk.records()) == 1


def test_a_file_converted_anew_does_not_post_again(desk: Desk) -> None:
    post = desk.post()
    first = publish(desk.job(post), desk.tools, Step())
    desk.archive.joinpath("media", post.id, "original.mp4").unlink()
    other = desk.job(post, padding=b"another encoder")
    again = publish(other, desk.tools, Step())
    assert again.found
    assert again.records[0].blob_cids == first.records[0].blob_cids
    assert len(desk.records()) == 1


def test_no_key_is_free(desk: Desk) -> None:
    for attempt in range(KEYS_TO_TRY):
        desk.write_foreign(key(attempt))
    with pytest.raises(Refused) as caught:
        publish(desk.job(desk.post()), desk.tools, Step())
    assert caught.value.code == "no_free_key"
    assert len(desk.records()) == KEYS_TO_TRY


def test_posts_of_one_second_have_keys_of_their_own(desk: Desk) -> None:
    for ordinal in range(3):
        publish(desk.job(desk.post(ordinal=ordinal)), desk.tools, Step())
    dates = [record["value"]["createdAt"] for record in desk.records()]
    assert dates == [f"2021-05-04T12:00:00.{milli:03d}Z" for milli in (2, 1, 0)]


def test_a_blob_that_the_server_lost_is_sent_again_later(
    proxy: BreakingProxy, desk_at: DeskAt
) -> None:
    desk = desk_at(proxy.url)
    job = desk.job(desk.post())
    proxy.before(PUT, lambda: forget_blobs(desk))
    with pytest.raises(TryLater) as caught:
        publish(job, desk.tools, Step())
    assert (caught.value.code, caught.value.whole_stage) == ("blob_missing", False)
    assert desk.records() == []
    assert not publish(job, desk.tools, Step()).found
    assert len(desk.records()) == 1


def forget_blobs(desk: Desk) -> None:
    """Have the PDS lose what was uploaded and not yet posted, as its clean-up would."""
    did = desk.tools.account.did
    (database,) = desk.pds._data.glob(f"actors/*/{did}/store.sqlite")
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        connection.execute("DELETE FROM blob WHERE tempKey IS NOT NULL")


def test_a_file_that_is_gone_or_was_cut(desk: Desk) -> None:
    job = desk.job(desk.post())
    path = desk.archive / job.files[Role.PREPARED][0].path
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileGone):
        publish(job, desk.tools, Step())
    path.unlink()
    with pytest.raises(FileGone):
        publish(job, desk.tools, Step())
    with pytest.raises(FileGone):
        publish(replace(job, files={}), desk.tools, Step())
    assert desk.records() == []


def test_a_file_with_other_bytes_than_were_checked_is_not_published(desk: Desk) -> None:
    job = desk.job(desk.post())
    path = desk.archive / job.files[Role.PREPARED][0].path
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(Refused) as caught:
        publish(job, desk.tools, Step())
    assert caught.value.code == "file_changed"
    assert desk.records() == []


def test_stopping_leaves_no_record(desk: Desk) -> None:
    step = Step()
    step.stop.set()
    with pytest.raises(Stopped):
        publish(desk.job(desk.post()), desk.tools, step)
    assert desk.records() == []


def test_our_record_is_the_same_in_every_run(desk: Desk) -> None:
    """Byte for byte, or a lost answer would look like a foreign record."""
    post = desk.post()
    job = desk.job(post)
    done = publish(job, desk.tools, Step())
    blob = desk.records()[0]["value"]["embed"]["video"]
    file = job.files[Role.PREPARED][0]
    shown = [Uploaded(blob, file.width, file.height)]
    (draft,) = drafts(post, shown, desk.tools.account.did, is_video=True)
    again = desk.repo.create(COLLECTION, draft.rkey, draft.value)
    assert again.cid == done.records[0].cid
    assert done.records[0].blob_cids == (blob_cid(bytes.fromhex(file.sha256)),)

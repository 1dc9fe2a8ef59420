"""Finding one's own records again after the archive was lost."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from importer.archive.store import Archive
from importer.engine.reconcile import reconcile
from importer.model import ExportPost, Kind, Milestone, Post, Privacy, Record
from importer.pds.snapshot import Key, Snapshot, take
from importer.records.bluesky import COLLECTION, THREADGATE
from importer.records.keys import record_key
from importer.records.style import Style
from importer.stages.publish import publish
from importer.stages.recognise import recognise
from importer.step import Step
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.stages.conftest import POSTED_AT, Desk

DeskAt = Callable[[str], Desk]

READ = "com.atproto.sync.getRepo"
NOW = "2024-01-01T00:00:00.000Z"


@pytest.fixture
def desk(proxy: BreakingProxy, desk_at: DeskAt) -> Desk:
    """A desk whose calls are counted."""
    return desk_at(proxy.url)


def write_others(desk: Desk, first: int, count: int) -> None:
    """Posts by other apps, one an hour, starting `first` hours after ours."""
    writes = [
        {
            "$type": "com.atproto.repo.applyWrites#create",
            "collection": COLLECTION,
            "rkey": record_key(POSTED_AT + timedelta(hours=first + hour), 0, attempt=500),
            "value": {
                "$type": COLLECTION,
                "text": f"Post {hour}",
                "createdAt": "2023-01-01T00:00:00.000Z",
            },
        }
        for hour in range(count)
    ]
    body = {"repo": desk.tools.account.did, "writes": writes}
    desk.repo._session.call(
        lambda token: desk.repo.server.procedure("com.atproto.repo.applyWrites", body, token)
    )


def look(desk: Desk, posts: list[Post]) -> list[tuple[Post, tuple[Record, ...]]]:
    """Recognise posts in the account as it is now."""
    path = desk.archive / "account.car"
    return recognise(posts, desk.tools, take(desk.repo.server, desk.tools.account.did, path))


def test_a_lost_archive_comes_back(proxy: BreakingProxy, desk: Desk) -> None:
    posts = [desk.post(POSTED_AT + timedelta(days=day)) for day in range(3)]
    noted = [publish(desk.job(post), desk.tools, Step()).records[0] for post in posts]
    proxy.breakage(READ, Breakage.CUT_ANSWER)
    unknown = desk.post(POSTED_AT + timedelta(days=1, seconds=1))
    fresh = [replace(post, milestone=Milestone.FOUND, caption="") for post in (*posts, unknown)]
    found = look(desk, fresh)
    assert [post.id for post, _ in found] == [post.id for post in posts]
    for (_, (record,)), before in zip(found, noted, strict=True):
        assert replace(record, published_at=before.published_at) == before


def test_what_a_run_died_over_is_found_by_the_next(desk: Desk) -> None:
    """Only what is new is read once a run has looked; what it could not note is new still."""
    posts = [desk.post(POSTED_AT + timedelta(days=day)) for day in range(3)]
    for post in posts:
        publish(desk.job(post), desk.tools, Step())
    with Archive.create(desk.archive / "again.tokaway") as archive:
        archive.absorb(
            [ExportPost(one.posted_at, 0, Kind.VIDEO, Privacy.EVERYONE, ()) for one in posts]
        )
        for post, records in reconcile(archive, desk.tools):
            archive.note_recognised(post, records)
            break
        again = list(reconcile(archive, desk.tools))
        assert [post.id for post, _ in again] == [post.id for post in posts[1:]]
        assert list(reconcile(archive, desk.tools)) == []


def test_a_failed_or_skipped_post_is_found_too(desk: Desk) -> None:
    post = desk.post()
    publish(desk.job(post), desk.tools, Step())
    for milestone in (Milestone.FAILED, Milestone.SKIPPED, Milestone.FETCHED):
        assert len(look(desk, [replace(post, milestone=milestone)])) == 1


def test_what_is_known_is_not_looked_for(desk: Desk) -> None:
    post = desk.post()
    publish(desk.job(post), desk.tools, Step())
    for milestone in (Milestone.PUBLISHED, Milestone.VERIFIED):
        assert look(desk, [replace(post, milestone=milestone)]) == []
    assert look(desk, []) == []


def test_an_account_with_many_other_posts(proxy: BreakingProxy, desk: Desk) -> None:
    posts = [desk.post(POSTED_AT), desk.post(POSTED_AT + timedelta(hours=170))]
    write_others(desk, first=1, count=150)
    for post in posts:
        publish(desk.job(post), desk.tools, Step())
    found = look(desk, posts)
    assert [post.id for post, _ in found] == [post.id for post in posts]
    (call,) = proxy.calls(READ)
    assert call.status == 200


class Counting(Snapshot):
    """A snapshot that counts the keys it is asked for."""

    asked = 0

    def find(self, wanted: Collection[Key]) -> dict[Key, str]:
        self.asked += len(wanted)
        return super().find(wanted)


def test_few_keys_are_looked_for(desk: Desk) -> None:
    """With all parts and gates that there could be, ten thousand posts would take a gigabyte."""
    posts = [desk.post(POSTED_AT + timedelta(days=day)) for day in range(5)]
    for post in posts:
        publish(desk.job(post), desk.tools, Step())
    path = desk.archive / "account.car"
    take(desk.repo.server, desk.tools.account.did, path)
    snapshot = Counting(path)
    fresh = [replace(post, milestone=Milestone.FOUND) for post in posts]
    assert len(recognise(fresh, desk.tools, snapshot)) == len(posts)
    # Eight keys there could be at two destinations, then its gates and a second part.
    assert snapshot.asked <= 24 * len(posts)


def test_memory_does_not_grow_with_the_posts(desk: Desk) -> None:
    post = desk.post()
    publish(desk.job(post), desk.tools, Step())
    path = desk.archive / "account.car"
    snapshot = take(desk.repo.server, desk.tools.account.did, path)
    peaks = []
    for number in (3_000, 12_000):
        posts = [
            replace(post, id=f"p{hour}", posted_at=POSTED_AT + timedelta(hours=hour))
            for hour in range(number)
        ]
        tracemalloc.start()
        ((known, _),) = recognise(posts, desk.tools, snapshot)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert known.id == "p0"
    few, many = peaks
    assert many < 1.3 * few


def test_a_key_beside_a_foreign_record(desk: Desk) -> None:
    taken = record_key(POSTED_AT, 0)
    desk.write_foreign(taken)
    post = desk.post()
    noted = publish(desk.job(post), desk.tools, Step()).records[0]
    assert noted.rkey != taken
    ((_, (record,)),) = look(desk, [post])
    assert record.rkey == noted.rkey
    # Nor does it come in the way that the foreign record goes.
    desk.delete(taken)
    ((_, (record,)),) = look(desk, [post])
    assert record.rkey == noted.rkey


def test_a_foreign_record_is_not_ours(desk: Desk) -> None:
    desk.write_foreign(record_key(POSTED_AT, 0))
    assert look(desk, [desk.post()]) == []


def test_threads_come_back_with_their_gates(desk: Desk) -> None:
    desk = replace(desk, tools=replace(desk.tools, style=Style(quote_gates=True)))
    closed: dict[str, Any] = {"allow_comments": False, "allow_stitches": False}
    post = desk.post(caption="One sentence of a long story. " * 25, **closed)
    other = desk.post(ordinal=1)
    noted = publish(desk.job(post), desk.tools, Step()).records
    publish(desk.job(other), desk.tools, Step())
    assert len(noted) == 3 + 1 + 3
    ((_, records), (_, [_])) = look(desk, [post, other])
    known = {record.uri: (record.cid, record.part) for record in noted}
    assert {record.uri: (record.cid, record.part) for record in records} == known


def test_a_gate_of_somebody_else_is_not_ours(desk: Desk) -> None:
    post = desk.post()
    (record,) = publish(desk.job(post), desk.tools, Step()).records
    theirs = f"at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/{COLLECTION}/{record.rkey}"
    gate = {"$type": THREADGATE, "post": theirs, "allow": [], "createdAt": NOW}
    desk.repo.create(THREADGATE, record.rkey, gate)
    ((_, records),) = look(desk, [post])
    assert [found.uri for found in records] == [record.uri]

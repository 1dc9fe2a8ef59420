"""Finding one's own records again after the archive was lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from importer.errors import Unreachable
from importer.model import Milestone
from importer.pds.xrpc import TRIES
from importer.records.bluesky import COLLECTION, DESTINATION
from importer.records.keys import record_key
from importer.stages.publish import publish
from importer.stages.recognise import recognise
from importer.step import Step
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.stages.conftest import POSTED_AT, Desk

DeskAt = Callable[[str], Desk]

LIST = "com.atproto.repo.listRecords"


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
            "rkey": record_key(POSTED_AT + timedelta(hours=first + hour), 0, "another app"),
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


def test_a_lost_archive_comes_back(proxy: BreakingProxy, desk: Desk) -> None:
    posts = [desk.post(POSTED_AT + timedelta(days=day)) for day in range(3)]
    noted = [publish(desk.job(post), desk.tools, Step()).records[0] for post in posts]
    proxy.breakage(LIST, Breakage.CUT_ANSWER)
    unknown = desk.post(POSTED_AT + timedelta(days=1, seconds=1))
    fresh = [replace(post, milestone=Milestone.FOUND, caption="") for post in (*posts, unknown)]
    found = recognise(fresh, desk.tools)
    assert [post.id for post, _ in found] == [post.id for post in posts]
    for (_, (record,)), before in zip(found, noted, strict=True):
        assert replace(record, published_at=before.published_at) == before


def test_a_failed_or_skipped_post_is_found_too(desk: Desk) -> None:
    post = desk.post()
    publish(desk.job(post), desk.tools, Step())
    for milestone in (Milestone.FAILED, Milestone.SKIPPED, Milestone.FETCHED):
        assert len(recognise([replace(post, milestone=milestone)], desk.tools)) == 1


def test_what_is_known_is_not_asked_for(proxy: BreakingProxy, desk: Desk) -> None:
    posts = [
        desk.post(milestone=Milestone.PUBLISHED),
        desk.post(milestone=Milestone.VERIFIED),
    ]
    assert recognise(posts, desk.tools) == []
    assert recognise([], desk.tools) == []
    assert proxy.calls(LIST) == []


def test_an_account_with_many_other_posts(proxy: BreakingProxy, desk: Desk) -> None:
    posts = [desk.post(POSTED_AT), desk.post(POSTED_AT + timedelta(hours=170))]
    write_others(desk, first=1, count=150)
    for post in posts:
        publish(desk.job(post), desk.tools, Step())
    found = recognise(posts, desk.tools)
    assert [post.id for post, _ in found] == [post.id for post in posts]
    assert len(proxy.calls(LIST)) <= 3


def test_only_the_needed_stretch_is_read(proxy: BreakingProxy, desk: Desk) -> None:
    write_others(desk, first=-160, count=150)
    write_others(desk, first=10, count=150)
    post = desk.post()
    publish(desk.job(post), desk.tools, Step())
    assert len(recognise([post], desk.tools)) == 1
    (call,) = proxy.calls(LIST)
    ours = record_key(POSTED_AT, 0, DESTINATION)
    assert call.parameters["cursor"] < ours


def test_a_key_beside_a_foreign_record(desk: Desk) -> None:
    taken = record_key(POSTED_AT, 0, DESTINATION)
    desk.write_foreign(taken)
    post = desk.post()
    noted = publish(desk.job(post), desk.tools, Step()).records[0]
    assert noted.rkey != taken
    ((_, (record,)),) = recognise([post], desk.tools)
    assert record.rkey == noted.rkey
    # Nor does it come in the way that the foreign record goes.
    desk.delete(taken)
    ((_, (record,)),) = recognise([post], desk.tools)
    assert record.rkey == noted.rkey


def test_a_foreign_record_is_not_ours(desk: Desk) -> None:
    desk.write_foreign(record_key(POSTED_AT, 0, DESTINATION))
    assert recognise([desk.post()], desk.tools) == []


def test_a_server_that_does_not_answer(proxy: BreakingProxy, desk: Desk) -> None:
    proxy.breakage(LIST, Breakage.UNAVAILABLE, times=TRIES)
    with pytest.raises(Unreachable, match="Nothing was sent"):
        recognise([desk.post()], desk.tools)

"""What `verify` sees of records that were changed behind our back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from importer.demo.local_pds import LocalPds
from importer.errors import TryLater
from importer.model import Post, Record, Trouble
from importer.pds.repo import PublicRepo
from importer.pds.xrpc import TRIES, Server
from importer.stages.publish import publish
from importer.stages.verify import verify
from importer.step import Step
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.stages.conftest import Desk

GET_RECORD = "com.atproto.repo.getRecord"
GET_BLOB = "com.atproto.sync.getBlob"


@pytest.fixture
def post(desk: Desk) -> Post:
    return desk.post()


@pytest.fixture
def record(desk: Desk, post: Post) -> Record:
    """A post that was published."""
    return publish(desk.job(post), desk.tools, Step()).records[0]


@pytest.fixture
def public(proxy: BreakingProxy, connect: Callable[[str], Server], desk: Desk) -> PublicRepo:
    """What everybody sees, without a session."""
    return PublicRepo(connect(proxy.url), desk.tools.account.did)


def code(trouble: Trouble | None) -> str | None:
    return trouble.code if trouble else None


def value_of(desk: Desk) -> dict[str, Any]:
    value: dict[str, Any] = desk.records()[0]["value"]
    return value


def blob_file(desk: Desk, record: Record) -> Path:
    (cid,) = record.blob_cids
    (path,) = desk.pds._data.glob(f"blobs/{record.did}/{cid}")
    return path


def test_all_is_well(post: Post, record: Record, public: PublicRepo) -> None:
    assert verify(post, record, public) is None


def test_a_deleted_record(desk: Desk, post: Post, record: Record, public: PublicRepo) -> None:
    desk.delete(record.rkey)
    trouble = verify(post, record, public)
    assert code(trouble) == "record_missing"
    assert trouble
    assert record.uri in trouble.text


def test_a_changed_record(desk: Desk, post: Post, record: Record, public: PublicRepo) -> None:
    desk.overwrite(record.rkey, {**value_of(desk), "text": "Edited in another app"})
    assert code(verify(post, record, public)) == "record_changed"


def test_a_wrong_date(desk: Desk, post: Post, record: Record, public: PublicRepo) -> None:
    redated = {**value_of(desk), "createdAt": "2024-01-01T00:00:00.000Z"}
    desk.overwrite(record.rkey, redated)
    noted = replace(record, cid=desk.records()[0]["cid"])
    assert code(verify(post, noted, public)) == "wrong_date"
    moved = replace(post, posted_at=post.posted_at + timedelta(seconds=1))
    assert code(verify(moved, noted, public)) == "wrong_date"


def test_a_damaged_blob(desk: Desk, post: Post, record: Record, public: PublicRepo) -> None:
    path = blob_file(desk, record)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert code(verify(post, record, public)) == "blob_damaged"


def test_a_lost_blob(desk: Desk, post: Post, record: Record, public: PublicRepo) -> None:
    blob_file(desk, record).unlink()
    assert code(verify(post, record, public)) == "blob_missing"


@pytest.mark.parametrize("method", [GET_RECORD, GET_BLOB])
@pytest.mark.parametrize(
    "fault", [Breakage.CUT_ANSWER, Breakage.RESET, Breakage.BAD_GATEWAY, Breakage.DROP_ANSWER]
)
def test_a_bad_line_is_no_damage(
    proxy: BreakingProxy,
    post: Post,
    record: Record,
    public: PublicRepo,
    method: str,
    fault: Breakage,
) -> None:
    proxy.breakage(method, fault, times=TRIES - 1)
    assert verify(post, record, public) is None
    proxy.breakage(method, fault, times=TRIES)
    with pytest.raises(TryLater):
        verify(post, record, public)


def test_a_server_that_has_had_enough(
    proxy: BreakingProxy, post: Post, record: Record, public: PublicRepo
) -> None:
    proxy.breakage(GET_BLOB, Breakage.RATE_LIMIT)
    with pytest.raises(TryLater):
        verify(post, record, public)


def test_a_server_that_never_heard_of_the_account(
    small_pds: LocalPds, connect: Callable[[str], Server], post: Post, record: Record
) -> None:
    elsewhere = PublicRepo(connect(small_pds.url), record.did)
    assert code(verify(post, record, elsewhere)) == "record_hidden"


def test_a_closed_account(desk: Desk, post: Post, record: Record, public: PublicRepo) -> None:
    desk.repo._session.call(
        lambda token: desk.repo.server.procedure("com.atproto.server.deactivateAccount", {}, token)
    )
    assert code(verify(post, record, public)) == "record_hidden"

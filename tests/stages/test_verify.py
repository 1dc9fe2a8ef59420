"""What `verify` sees of records that were changed behind our back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from importer.demo.local_pds import LocalPds
from importer.errors import TryLater
from importer.model import Post, Record, Trouble
from importer.pds.repo import PublicRepo, Write
from importer.pds.snapshot import take
from importer.pds.xrpc import TRIES, Server, XrpcError
from importer.stages.publish import publish
from importer.stages.verify import check_files, compare
from importer.step import Step
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.stages.conftest import Desk

GET_REPO = "com.atproto.sync.getRepo"
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


def check(post: Post, record: Record, public: PublicRepo) -> Trouble | None:
    """What is wrong with one record of a post."""
    with tempfile.TemporaryDirectory() as folder:
        snapshot = take(public.server, public.did, Path(folder) / "account.car")
        wrong = compare({post.id: post}, [record], snapshot)
    return wrong.get((record.collection, record.rkey)) or check_files(record, public)


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
    assert check(post, record, public) is None


def test_a_deleted_record(
    desk: Desk, post: Post, record: Record, public: PublicRepo, tmp_path: Path
) -> None:
    desk.delete(record.rkey)
    trouble = check(post, record, public)
    assert code(trouble) == "record_missing"
    assert trouble
    assert record.uri in trouble.text


def test_a_changed_record(
    desk: Desk, post: Post, record: Record, public: PublicRepo, tmp_path: Path
) -> None:
    desk.overwrite(record.rkey, {**value_of(desk), "text": "Edited in another app"})
    assert code(check(post, record, public)) == "record_changed"


def test_a_wrong_date(
    desk: Desk, post: Post, record: Record, public: PublicRepo, tmp_path: Path
) -> None:
    redated = {**value_of(desk), "createdAt": "2024-01-01T00:00:00.000Z"}
    desk.overwrite(record.rkey, redated)
    noted = replace(record, cid=desk.records()[0]["cid"])
    assert code(check(post, noted, public)) == "wrong_date"
    moved = replace(post, posted_at=post.posted_at + timedelta(seconds=1))
    assert code(check(moved, noted, public)) == "wrong_date"


def test_a_damaged_blob(
    desk: Desk, post: Post, record: Record, public: PublicRepo, tmp_path: Path
) -> None:
    path = blob_file(desk, record)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert code(check(post, record, public)) == "blob_damaged"


def test_a_lost_blob(
    desk: Desk, post: Post, record: Record, public: PublicRepo, tmp_path: Path
) -> None:
    blob_file(desk, record).unlink()
    assert code(check(post, record, public)) == "blob_missing"


@pytest.mark.parametrize("method", [GET_REPO, GET_BLOB])
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
    assert check(post, record, public) is None
    proxy.breakage(method, fault, times=TRIES)
    with pytest.raises(TryLater):
        check(post, record, public)


def test_a_server_that_has_had_enough(
    proxy: BreakingProxy, post: Post, record: Record, public: PublicRepo
) -> None:
    proxy.breakage(GET_BLOB, Breakage.RATE_LIMIT)
    with pytest.raises(TryLater):
        check(post, record, public)


def test_a_server_that_never_heard_of_the_account(
    small_pds: LocalPds,
    connect: Callable[[str], Server],
    post: Post,
    record: Record,
) -> None:
    elsewhere = PublicRepo(connect(small_pds.url), record.did)
    with pytest.raises(XrpcError):
        check(post, record, elsewhere)


def test_a_gate_is_checked_too(desk: Desk, public: PublicRepo) -> None:
    post = desk.post(ordinal=1, allow_comments=False)
    _, gate = publish(desk.job(post), desk.tools, Step()).records
    assert check(post, gate, public) is None
    desk.repo.apply([Write("delete", gate.collection, gate.rkey)])
    assert code(check(post, gate, public)) == "record_missing"

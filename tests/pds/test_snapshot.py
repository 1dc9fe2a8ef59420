"""A whole account in one file: found, read, and proved."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from importer.demo.local_pds import LocalPds
from importer.errors import TryLater
from importer.pds.identity import signing_key
from importer.pds.proof import verifier
from importer.pds.repo import Repo, Write
from importer.pds.snapshot import Snapshot, take
from importer.pds.xrpc import TRIES, Server
from importer.records.car import CarError
from importer.records.cid import record_cid
from importer.records.keys import record_key
from tests.breaking_proxy import Breakage, BreakingProxy

POST, LIKE = "app.bsky.feed.post", "app.bsky.feed.like"
READ = "com.atproto.sync.getRepo"
START = datetime(2021, 5, 4, tzinfo=UTC)
Connect = Callable[[str], Server]
SignIn = Callable[[str], Repo]


@pytest.fixture
def repo(pds: LocalPds, sign_in: SignIn) -> Repo:
    return sign_in(pds.url)


def value(text: str) -> dict[str, Any]:
    return {"$type": POST, "text": text, "createdAt": "2021-05-04T00:00:00.000Z"}


def keys(number: int, first: int = 0) -> list[str]:
    return [record_key(START + timedelta(hours=n), 0) for n in range(first, first + number)]


def write(repo: Repo, *rkeys: str) -> None:
    shuffled = random.Random(7).sample(rkeys, len(rkeys))
    for at in range(0, len(shuffled), 200):
        part = shuffled[at : at + 200]
        repo.apply([Write("create", POST, rkey, value(rkey)) for rkey in part])


def taken(repo: Repo, folder: Path, since: str | None = None) -> Snapshot:
    return take(repo.server, repo.did, folder / "account.car", since)


def test_what_is_there_is_found_with_its_content(repo: Repo, tmp_path: Path) -> None:
    rkeys = keys(300)
    write(repo, *rkeys)
    repo.apply([Write("update", POST, rkeys[5], value("edited"))])
    repo.apply([Write("delete", POST, rkeys[6])])
    snapshot = taken(repo, tmp_path)
    wanted = [(POST, rkey) for rkey in [*rkeys[:10], *keys(3, 900)]]
    wanted.append(("app.bsky.feed.threadgate", rkeys[0]))
    found = snapshot.find(wanted)
    assert set(found) == {(POST, rkey) for rkey in rkeys[:10] if rkey != rkeys[6]}
    contents = dict(snapshot.records(found.values()))
    for (_, rkey), cid in found.items():
        text = "edited" if rkey == rkeys[5] else rkey
        assert contents[cid] == value(text)
        assert cid == record_cid(value(text))


def test_an_account_without_records(repo: Repo, tmp_path: Path) -> None:
    snapshot = taken(repo, tmp_path)
    assert snapshot.find([(POST, keys(1)[0])]) == {}
    assert snapshot.rev == repo.latest_commit()[1]


def test_only_what_is_new_since_the_last_look(repo: Repo, tmp_path: Path) -> None:
    old, new = keys(150), keys(3, 500)
    write(repo, *old)
    first = taken(repo, tmp_path)
    size = (tmp_path / "account.car").stat().st_size
    same = taken(repo, tmp_path, first.rev)
    assert list(same.records(same.find([(POST, old[0])]).values())) == []
    write(repo, *new)
    second = taken(repo, tmp_path, first.rev)
    assert (tmp_path / "account.car").stat().st_size < size / 2
    found = second.find([(POST, rkey) for rkey in new])
    assert len(found) == 3
    assert {content["text"] for _, content in second.records(found.values())} == set(new)
    assert second.rev and first.rev and second.rev > first.rev


def test_a_bad_line_is_tried_again(proxy: BreakingProxy, sign_in: SignIn, tmp_path: Path) -> None:
    repo = sign_in(proxy.url)
    write(repo, *keys(50))
    proxy.breakage(READ, Breakage.CUT_ANSWER, times=TRIES - 1)
    assert len(taken(repo, tmp_path).find([(POST, rkey) for rkey in keys(50)])) == 50
    proxy.breakage(READ, Breakage.UNAVAILABLE, times=TRIES)
    with pytest.raises(TryLater):
        taken(repo, tmp_path)


def test_memory_is_for_what_is_looked_for(repo: Repo, tmp_path: Path) -> None:
    write(repo, *keys(3_000))
    snapshot = taken(repo, tmp_path)
    size = (tmp_path / "account.car").stat().st_size
    tracemalloc.start()
    try:
        assert len(snapshot.find([(POST, rkey) for rkey in keys(10)])) == 10
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < size / 4


class TestProof:
    @pytest.fixture
    def snapshot(self, repo: Repo, tmp_path: Path) -> Snapshot:
        write(repo, *keys(120))
        return taken(repo, tmp_path)

    @pytest.fixture
    def verify(self, pds: LocalPds, repo: Repo) -> Callable[[bytes, bytes], bool]:
        return verifier(signing_key(repo.did, plc=pds.plc_url))

    def test_holds(self, repo: Repo, snapshot: Snapshot, verify: Any) -> None:
        snapshot.prove(repo.did, verify)

    def test_fails_for_another_account(
        self, pds: LocalPds, repo: Repo, snapshot: Snapshot, verify: Any
    ) -> None:
        with pytest.raises(CarError, match="another account"):
            snapshot.prove("did:plc:ewvi7nxzyoun6zhxrhs64oiz", verify)
        other = pds.create_account("proofless.test", "hunter2-hunter2")
        with pytest.raises(CarError, match="signature"):
            snapshot.prove(repo.did, verifier(signing_key(other.did, plc=pds.plc_url)))

    def test_fails_if_only_a_part_is_there(
        self, repo: Repo, snapshot: Snapshot, verify: Any, tmp_path: Path
    ) -> None:
        write(repo, *keys(2, 500))
        part = taken(repo, tmp_path, snapshot.rev)
        with pytest.raises(CarError, match="is not in it"):
            part.prove(repo.did, verify)

    def test_fails_if_any_block_is_damaged(
        self, repo: Repo, snapshot: Snapshot, verify: Any, tmp_path: Path
    ) -> None:
        path = tmp_path / "account.car"
        whole = path.read_bytes()
        for place in range(200, len(whole), len(whole) // 25):
            damaged = bytearray(whole)
            damaged[place] ^= 1
            path.write_bytes(damaged)
            with pytest.raises(CarError):
                Snapshot(path).prove(repo.did, verify)


def test_a_key_that_nobody_published(pds: LocalPds) -> None:
    from importer.errors import UserError

    with pytest.raises(UserError):
        signing_key("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", plc=pds.plc_url)
    with httpx.Client(trust_env=False, verify=False) as http:
        assert http.get(f"{pds.plc_url}/_health").is_success

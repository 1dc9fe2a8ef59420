"""The local PDS is a real one: it keeps accounts, forgets nothing, and never outlives us."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from importer.demo.local_pds import LocalPds
from importer.errors import UserError
from importer.pds.identity import find_pds
from tests.conftest import TestAccount
from tests.moving import move

POST = "app.bsky.feed.post"
BLOB = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"x" * 500


def call(pds: str, method: str, token: str = "", **content: Any) -> httpx.Response:
    headers = content.pop("headers", {})
    if token:
        headers["authorization"] = f"Bearer {token}"
    verb = "GET" if "params" in content else "POST"
    return httpx.request(
        verb,
        f"{pds}/xrpc/{method}",
        headers=headers,
        trust_env=False,
        verify=False,
        timeout=30,
        **content,
    )


def sign_in(pds: str, handle: str, password: str) -> dict[str, Any]:
    answer = call(
        pds,
        "com.atproto.server.createSession",
        json={"identifier": handle, "password": password},
    )
    assert answer.status_code == 200, answer.text
    session: dict[str, Any] = answer.json()
    return session


def put_post(pds: str, token: str, did: str, rkey: str, **record: Any) -> httpx.Response:
    record |= {"$type": POST, "createdAt": "2021-05-04T12:00:00.000Z"}
    body = {"repo": did, "collection": POST, "rkey": rkey, "record": record, "swapRecord": None}
    return call(pds, "com.atproto.repo.putRecord", token, json=body)


def gone(pid: int, seconds: float) -> bool:
    """Wait until no process has this id any more."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        threading.Event().wait(0.05)
    return False


def test_a_blob_and_a_backdated_post_arrive(pds: LocalPds, account: Any) -> None:
    session = sign_in(account.pds, account.handle, account.password)
    assert session["did"] == account.did
    uploaded = call(
        account.pds,
        "com.atproto.repo.uploadBlob",
        session["accessJwt"],
        content=BLOB,
        headers={"content-type": "video/mp4"},
    )
    assert uploaded.status_code == 200, uploaded.text
    blob = uploaded.json()["blob"]
    assert (blob["mimeType"], blob["size"]) == ("video/mp4", len(BLOB))
    embed = {"$type": "app.bsky.embed.video", "video": blob}
    written = put_post(
        account.pds, session["accessJwt"], account.did, "3kt2aaaaaaa22", text="hello", embed=embed
    )
    assert written.status_code == 200, written.text
    [record] = pds.list_records(account.did, POST)
    assert record["uri"] == f"at://{account.did}/{POST}/3kt2aaaaaaa22"
    assert record["value"]["createdAt"] == "2021-05-04T12:00:00.000Z"


def test_list_records_reads_every_page(pds: LocalPds, account: Any) -> None:
    token = sign_in(account.pds, account.handle, account.password)["accessJwt"]
    writes = [
        {
            "$type": "com.atproto.repo.applyWrites#create",
            "collection": POST,
            "value": {"$type": POST, "text": str(n), "createdAt": "2021-05-04T12:00:00.000Z"},
        }
        for n in range(101)
    ]
    answer = call(
        account.pds,
        "com.atproto.repo.applyWrites",
        token,
        json={"repo": account.did, "writes": writes},
    )
    assert answer.status_code == 200, answer.text
    texts = {record["value"]["text"] for record in pds.list_records(account.did, POST)}
    assert texts == {str(n) for n in range(101)}


def test_forged_tokens_are_as_good_as_their_date(pds: LocalPds, account: Any) -> None:
    now = datetime.now(UTC)
    valid = pds.forge_access_token(account.did, now + timedelta(minutes=5))
    assert put_post(account.pds, valid, account.did, "3kt2aaaaaaa22", text="a").status_code == 200
    expired = pds.forge_access_token(account.did, now - timedelta(seconds=1))
    refused = put_post(account.pds, expired, account.did, "3kt2aaaaaaa23", text="a")
    assert refused.status_code == 400
    assert refused.json() == {"error": "ExpiredToken", "message": "Token has expired"}


def test_the_did_document_leads_to_the_server(pds: LocalPds, account: Any) -> None:
    document = httpx.get(f"{pds.plc_url}/{account.did}", trust_env=False, verify=False).json()
    assert document["alsoKnownAs"] == [f"at://{account.handle}"]
    assert document["service"][0]["serviceEndpoint"] == pds.public_url
    described = call(
        account.pds, "com.atproto.repo.describeRepo", params={"repo": account.did}
    ).json()
    assert described["handleIsCorrect"]


def test_the_servers_listen_on_loopback_only(pds: LocalPds) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Chooses an outgoing address without sending anything.
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        own = probe.getsockname()[0]
    for url in (pds.url, pds.plc_url):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((own, urlsplit(url).port or 0), timeout=5)


def test_accounts_addresses_and_records_survive_restart_and_crash(tmp_path: Path) -> None:
    with LocalPds(
        tmp_path, public_url="http://localhost:9", blob_limit=1000, rate_limits=True
    ) as pds:
        described = call(pds.url, "com.atproto.server.describeServer", params={}).json()
        assert described["blobUploadLimit"] == 1000
        account = pds.create_account("ada.test", "hunter2-hunter2")
        assert account.pds == "http://localhost:9"
        session = sign_in(pds.url, "ada.test", "hunter2-hunter2")
        assert session["didDoc"]["service"][0]["serviceEndpoint"] == "http://localhost:9"
        token = session["accessJwt"]
        written = put_post(pds.url, token, account.did, "3kt2aaaaaaa22", text="a")
        assert written.headers["ratelimit-policy"] == "3000;w=300"
        too_large = call(
            pds.url,
            "com.atproto.repo.uploadBlob",
            token,
            content=b"x" * 1001,
            headers={"content-type": "video/mp4", "connection": "close"},
        )
        assert too_large.status_code == 413
        before = (pds.url, pds.plc_url)

        pds.restart()
        assert (pds.url, pds.plc_url) == before
        assert put_post(pds.url, token, account.did, "3kt2aaaaaaa23", text="b").status_code == 200

        pid = pds.pid
        pds.kill()
        assert pds.pid is None
        assert pid is not None
        assert gone(pid, 0.1)
        pds.start()
        assert (pds.url, pds.plc_url) == before
        assert [record["value"]["text"] for record in pds.list_records(account.did, POST)] == [
            "b",
            "a",
        ]
        document = httpx.get(f"{pds.plc_url}/{account.did}", trust_env=False, verify=False).json()
        assert document["alsoKnownAs"] == ["at://ada.test"]


def test_its_clock_can_be_turned_and_an_account_move_to_another(tmp_path: Path) -> None:
    week = timedelta(days=7)
    with (
        LocalPds(tmp_path / "old") as old,
        LocalPds(tmp_path / "new", plc=old.plc_url) as new,
    ):
        made = old.create_account("ada.test", "hunter2-hunter2")
        account = TestAccount(made.did, made.handle, "hunter2-hunter2", made.pds)
        today = sign_in(old.url, account.handle, account.password)["accessJwt"]
        assert put_post(old.url, today, account.did, "3kt2aaaaaaa22", text="a").status_code == 200
        for server in (old, new):
            server.turn_clock(week)
        late = put_post(old.url, today, account.did, "3kt2aaaaaaa23", text="b")
        assert late.json()["error"] == "ExpiredToken"
        old.restart()
        assert put_post(old.url, today, account.did, "3kt2aaaaaaa23", text="b").status_code == 400
        assert move(account, old, new).pds == new.url
        assert find_pds(account.did, plc=new.plc_url) == new.url
        token = sign_in(new.url, account.handle, account.password)["accessJwt"]
        assert put_post(new.url, token, account.did, "3kt2aaaaaaa24", text="c").status_code == 200
        assert len(new.list_records(account.did, POST)) == 2


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        pds = LocalPds(tmp_path, port=port)
        with pytest.raises(UserError, match="EADDRINUSE") as caught:
            pds.start()
    assert "ended while starting" in caught.value.text
    assert str(pds.log) in caught.value.hint
    assert pds.pid is None


CHILD = """
import sys
from pathlib import Path
from importer.demo.local_pds import LocalPds

with LocalPds(Path(sys.argv[1])) as pds:
    print(pds.pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="process ids are told by POSIX signals")
def test_the_server_never_outlives_a_killed_parent(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    ) as parent:
        assert parent.stdout
        node = int(parent.stdout.readline())
        os.kill(node, 0)
        parent.kill()
        parent.wait(10)
        assert gone(node, 10)


def test_without_node_the_demo_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UserError, match="needs Node") as caught:
        LocalPds(tmp_path / "data").start()
    assert caught.value.hint == "Run: pip install 'tokaway[demo]'"


def test_a_failed_install_leaves_nothing_that_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    left_over = tmp_path / "pds-install-killed"
    left_over.mkdir()
    # Nothing listens on the discard port: this npm has no network.
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(UserError, match="npm could not get") as caught:
        LocalPds(tmp_path / "data", cache=tmp_path, say=said.append).start()
    assert "ECONNREFUSED" in caught.value.text
    assert "try again" in caught.value.hint
    assert len(said) == 1
    assert not left_over.exists()
    assert [path.name for path in tmp_path.glob("pds-*") if path.is_dir()] == []

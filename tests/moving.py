"""An account moves from one real PDS to another, by AT Protocol's account migration."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import httpx

from importer.demo.local_pds import LocalPds
from tests.conftest import TestAccount


class Signed:
    """Calls to one PDS in the name of one account."""

    def __init__(self, pds: LocalPds, token: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(
            base_url=f"{pds.url}/xrpc/", headers=headers, timeout=30, trust_env=False, verify=False
        )

    def __enter__(self) -> Signed:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, method: str, **parameters: str) -> httpx.Response:
        """Ask for something."""
        return self._right(self._client.get(f"com.atproto.{method}", params=parameters))

    def post(self, method: str, told: dict[str, Any] | None = None) -> dict[str, Any]:
        """Have something done."""
        answer = self._right(self._client.post(f"com.atproto.{method}", json=told))
        return dict(answer.json()) if answer.content else {}

    def send(self, method: str, content: bytes, kind: str) -> None:
        """Send a file."""
        headers = {"Content-Type": kind}
        self._right(self._client.post(f"com.atproto.{method}", content=content, headers=headers))

    def _right(self, answer: httpx.Response) -> httpx.Response:
        assert answer.status_code == 200, f"{answer.url}: {answer.text}"
        return answer


def sign_in(pds: LocalPds, account: TestAccount) -> Signed:
    """With the account's own password, which may do everything."""
    with Signed(pds) as anybody:
        named = {"identifier": account.did, "password": account.password}
        return Signed(pds, anybody.post("server.createSession", named)["accessJwt"])


def move(account: TestAccount, old: LocalPds, new: LocalPds) -> TestAccount:
    """Take an account with all it has to `new`; what is left at `old` is deactivated.

    Both know it by the same directory: its document names `new` afterwards.
    """
    with sign_in(old, account) as there, _opened(account, there, new) as here:
        repo = there.get("sync.getRepo", did=account.did).content
        here.send("repo.importRepo", repo, "application/vnd.ipld.car")
        while missing := here.get("repo.listMissingBlobs").json()["blobs"]:
            for blob in missing:
                content = there.get("sync.getBlob", did=account.did, cid=blob["cid"]).content
                here.send("repo.uploadBlob", content, "video/mp4")
        there.post("identity.requestPlcOperationSignature")
        wanted = here.get("identity.getRecommendedDidCredentials").json()
        wanted["token"] = _mailed(old, account.did)
        here.post("identity.submitPlcOperation", there.post("identity.signPlcOperation", wanted))
        here.post("server.activateAccount")
        # Which confirms it at once: see start.mjs.
        here.post("server.requestEmailConfirmation")
        there.post("server.deactivateAccount", {})
    return TestAccount(account.did, account.handle, account.password, new.public_url)


def _opened(account: TestAccount, there: Signed, new: LocalPds) -> Signed:
    """The account at its new server, not active yet."""
    method = "com.atproto.server.createAccount"
    proof = there.get("server.getServiceAuth", aud=new.did, lxm=method).json()["token"]
    with Signed(new, proof) as coming:
        told = coming.post(
            "server.createAccount",
            {
                "did": account.did,
                "handle": account.handle,
                "email": f"owner@{account.handle}",
                "password": account.password,
            },
        )
    return Signed(new, told["accessJwt"])


def _mailed(pds: LocalPds, did: str) -> str:
    """The code that the server would have sent by e-mail."""
    with closing(sqlite3.connect(pds.log.parent / "account.sqlite")) as accounts:
        sql = "SELECT token FROM email_token WHERE purpose = 'plc_operation' AND did = ?"
        (token,) = accounts.execute(sql, [did]).fetchone()
    return str(token)

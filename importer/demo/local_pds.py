"""A real PDS with its PLC directory, on loopback, that ends when this process ends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import queue
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

import httpx

from importer.certificates import trusted
from importer.demo.node_packages import (
    SERVER_FOLDER,
    InstalledServer,
    ensure_packages,
    last_lines,
    node_environment,
)
from importer.errors import UserError
from importer.model import Account

_READY_SECONDS = 60.0
_STOP_SECONDS = 10.0
_CALL_SECONDS = 30.0
_TOKEN_LIFE = timedelta(hours=2)


class LocalPds:
    """A PDS that keeps its data in `data`: start it, stop it, kill it, start it again.

    `blob_limit` is the largest blob in bytes. `public_url` is what DID documents advertise, for
    a proxy in front of the server. Over restarts of one object the ports, the secrets and all
    accounts stay the same. `rate_limits` are the real ones; a restart forgets what was spent.
    `plc` is the URL of another's PLC directory, so that accounts can move from there to here.
    """

    def __init__(
        self,
        data: Path,
        *,
        cache: Path | None = None,
        blob_limit: int = 314_572_800,
        rate_limits: bool = False,
        public_url: str | None = None,
        plc: str | None = None,
        port: int = 0,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._data = data.absolute()
        self._cache = cache
        self._blob_limit = blob_limit
        self._rate_limits = rate_limits
        self._public_url = public_url
        self._plc = plc
        self._say = say
        self._jwt_secret = secrets.token_hex(32)
        self._bypass_key = secrets.token_hex(16)
        self._secrets = {
            "jwtSecret": self._jwt_secret,
            "adminPassword": secrets.token_hex(16),
            # Below the order of the curve, as a private key must be: its first bit is zero.
            "rotationKey": f"{secrets.randbits(255) or 1:064x}",
            "bypassKey": self._bypass_key,
        }
        self._port = port
        self._plc_port = 0
        self._ahead = timedelta()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the PDS listens; known after the first start unless a port was given."""
        return f"http://localhost:{self._port}"

    @property
    def public_url(self) -> str:
        """The address of the PDS in DID documents."""
        return self._public_url or self.url

    @property
    def did(self) -> str:
        """The DID of the server itself."""
        return str(self._call("GET", "com.atproto.server.describeServer")["did"])

    @property
    def plc_url(self) -> str:
        """Where the PLC directory listens; known after the first start."""
        return self._plc or f"http://localhost:{self._plc_port}"

    @property
    def pid(self) -> int | None:
        """The process id of the server, `None` while it is not running."""
        return self._process.pid if self._process else None

    @property
    def log(self) -> Path:
        """What the server says about its own troubles."""
        return self._data / "pds.log"

    def start(self) -> None:
        """Start the servers and wait until they answer. Installs them first if need be.

        Raises:
            UserError: they cannot be installed, or do not start.
        """
        if self._process:
            raise RuntimeError("this PDS is running already")
        installed = ensure_packages(self._cache, self._say)
        self._data.mkdir(parents=True, exist_ok=True)
        self._process = self._spawn(installed)
        try:
            ready = self._read_answer(self._process)
        except BaseException:
            self.kill()
            raise
        self._port = httpx.URL(ready["url"]).port or 0
        self._plc_port = httpx.URL(ready["plc"]).port or 0

    def stop(self) -> None:
        """Let the servers finish what they are answering, then end them."""
        process = self._process
        if process is None:
            return
        _close(process.stdin)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        self._reap()

    def kill(self) -> None:
        """End the servers at once, as a crash would."""
        if self._process is None:
            return
        self._process.kill()
        self._reap()

    def restart(self) -> None:
        """Stop and start again at the same addresses, with the same accounts."""
        self.stop()
        self.start()

    def turn_clock(self, ahead: timedelta) -> None:
        """Have the servers live so far in the future from now on, also after a restart."""
        self._ahead = ahead
        if self._process:
            pipe = _pipe(self._process.stdin)
            pipe.write(json.dumps({"ahead": _milliseconds(ahead)}) + "\n")
            pipe.flush()
            self._read_answer(self._process)

    def create_account(self, handle: str, password: str, *, confirmed: bool = True) -> Account:
        """Make an account; the first label of `handle` has 3 to 18 characters, then `.test`.

        Its e-mail address is `confirmed` or not.
        """
        answer = self._call(
            "POST",
            "com.atproto.server.createAccount",
            json={"handle": handle, "password": password, "email": f"owner@{handle}"},
        )
        if confirmed:
            token = answer["accessJwt"]
            self._call("POST", "com.atproto.server.requestEmailConfirmation", token)
        return Account(did=answer["did"], handle=answer["handle"], pds=self.public_url)

    def forge_access_token(self, did: str, expires_at: datetime) -> str:
        """Sign an access token that ends when the caller likes, even in the past."""
        claims = {
            "scope": "com.atproto.access",
            "aud": "did:web:localhost",
            "sub": did,
            "iat": int((expires_at - _TOKEN_LIFE).timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        return self._signed({"typ": "at+jwt", "alg": "HS256"}, claims)

    def forge_expired(self, token: str) -> str:
        """Sign an access token of the server once more, as if it had ended a minute ago."""
        head, claims = (
            json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]
        )
        return self._signed(head, claims | {"exp": int(time.time()) - 60})

    def _signed(self, *parts: dict[str, Any]) -> str:
        signed = b".".join(_base64url(json.dumps(part).encode()) for part in parts)
        mac = hmac.digest(self._jwt_secret.encode(), signed, hashlib.sha256)
        return (signed + b"." + _base64url(mac)).decode()

    def list_records(self, did: str, collection: str) -> list[dict[str, Any]]:
        """Read a whole collection, newest key first: `uri`, `cid` and `value` of each record."""
        records: list[dict[str, Any]] = []
        query = {"repo": did, "collection": collection, "limit": "100"}
        while True:
            page = self._call("GET", "com.atproto.repo.listRecords", params=query)
            records.extend(page["records"])
            if "cursor" not in page:
                return records
            query["cursor"] = page["cursor"]

    def _call(
        self, verb: str, method: str, token: str | None = None, **content: Any
    ) -> dict[str, Any]:
        headers = {"x-ratelimit-bypass": self._bypass_key}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        answer = httpx.request(
            verb,
            f"{self.url}/xrpc/{method}",
            headers=headers,
            timeout=_CALL_SECONDS,
            trust_env=False,
            verify=trusted(),
            **content,
        )
        if answer.is_error:
            raise RuntimeError(f"{method} answered {answer.status_code}: {answer.text}")
        return cast(dict[str, Any], answer.json()) if answer.content else {}

    def _spawn(self, installed: InstalledServer) -> subprocess.Popen[str]:
        environment = node_environment() | {
            "LOG_ENABLED": "true",
            "LOG_LEVEL": "error",
            "LOG_DESTINATION": str(self.log),
            # Code compiled by an earlier start: saves half a second of three.
            "NODE_COMPILE_CACHE": str(installed.packages / "compile-cache"),
        }
        settings = {
            **self._secrets,
            "packages": str(installed.packages),
            "data": str(self._data),
            "port": self._port,
            "plc": self._plc,
            "plcPort": self._plc_port,
            "ahead": _milliseconds(self._ahead),
            "publicUrl": self._public_url,
            "blobLimit": self._blob_limit,
            "rateLimits": self._rate_limits,
        }
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [str(installed.node), str(SERVER_FOLDER / "start.mjs")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                encoding="utf-8",
                # Ctrl-C in the terminal is ours to answer: the server ends after us.
                start_new_session=True,
                creationflags=_own_group(),
            )
        # The pipe stays open: its end, however this process ends, is the server's sign to leave.
        # If the server is gone already, reading its answer tells what happened.
        pipe = _pipe(process.stdin)
        with suppress(OSError):
            pipe.write(json.dumps(settings) + "\n")
            pipe.flush()
        return process

    def _read_answer(self, process: subprocess.Popen[str]) -> dict[str, str]:
        lines: queue.Queue[str] = queue.Queue()
        output = _pipe(process.stdout)
        threading.Thread(target=lambda: lines.put(output.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=_READY_SECONDS)
        except queue.Empty:
            what = f"was not ready after {_READY_SECONDS:.0f} seconds"
        else:
            if line:
                return cast(dict[str, str], json.loads(line))
            what = f"ended while starting (exit code {process.wait()})"
        raise UserError(
            f"The demo's PDS {what}:\n{last_lines(self.log)}",
            hint=f"The whole log: {self.log}",
            code="demo_pds",
        )

    def _reap(self) -> None:
        process = cast("subprocess.Popen[str]", self._process)
        self._process = None
        process.wait()
        _close(process.stdin)
        _close(process.stdout)


def _own_group() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP
    return 0


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _pipe(end: IO[str] | None) -> IO[str]:
    if end is None:
        raise RuntimeError("the server was started without pipes")
    return end


def _close(end: IO[str] | None) -> None:
    # Closing sends what could not be written before, to a reader that may be gone.
    with suppress(OSError):
        _pipe(end).close()


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")

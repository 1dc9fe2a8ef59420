"""Sessions kept between runs: in the system's keyring, else in files only their owner can read."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from importer.addresses import handle_in

if TYPE_CHECKING:
    import filelock
    from keyring.backend import KeyringBackend

SERVICE = "tokaway"
INDEX = "accounts.json"
FOLDER = "sessions"
# Renewing takes a server seconds; one that hangs is given up by then.
_LOCK_SECONDS = 120.0
_APP_PASSWORD = re.compile(r"[a-z0-9]{4}(-[a-z0-9]{4}){3}")


def is_app_password(password: str) -> bool:
    """Whether a password has the form of an app password, which can be taken back by itself."""
    return _APP_PASSWORD.fullmatch(password.strip().lower()) is not None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person consented to in a browser: for which client, what, and until when (ISO)."""

    issuer: str
    client: str
    scope: str
    ends_at: str
    key: dict[str, str] = field(repr=False)

    @property
    def ends(self) -> datetime:
        """When the person has to consent again."""
        return datetime.fromisoformat(self.ends_at)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A session of an account at a server.

    `password` is an app password, or empty; there is a `grant` if it was opened in a browser.
    """

    did: str
    handle: str
    pds: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    password: str = field(default="", repr=False)
    grant: Grant | None = None


class KeptSessions:
    """The sessions of this machine's user, by DID. Several processes may share them.

    Which accounts there are is no secret and stands in a file; the tokens stand in the keyring
    if the system has one that works, unless `keyring` says no: what runs while nobody is signed in
    to the computer finds it locked.
    """

    def __init__(self, folder: Path, *, keyring: bool = True) -> None:
        self._folder = folder
        self._keyring = _keyring if keyring else _no_keyring
        self._trouble = _keyring_trouble if keyring else _no_trouble

    def find(self, identifier: str) -> Tokens | None:
        """The session of a handle or DID; `None` if none is kept."""
        index = self._index()
        wanted = handle_in(identifier)
        did = wanted if wanted.startswith("did:") else None
        did = did or next((did for did, handle in index.items() if handle.lower() == wanted), None)
        return self.load(did) if did in index and did else None

    def accounts(self) -> dict[str, str]:
        """The handles of all accounts with a session, by DID."""
        return self._index()

    def load(self, did: str) -> Tokens | None:
        """The session of a DID; `None` if there is none, or it cannot be read."""
        told = None
        # A file is there only while it is newer than what a keyring may hold.
        with contextlib.suppress(OSError, UnicodeDecodeError):
            told = self._path(did).read_text(encoding="utf-8")
        if told is None:
            with contextlib.suppress(*self._trouble()):
                ring = self._keyring()
                told = ring.get_password(SERVICE, did) if ring else None
        try:
            return msgspec.json.decode(told, type=Tokens) if told else None
        except (msgspec.MsgspecError, ValueError):
            return None

    def save(self, tokens: Tokens) -> Path | None:
        """Keep a session instead of the one before.

        Returns:
            The file it is in; `None` if it is in the keyring.

        Raises:
            OSError: it cannot be written.
        """
        told = json.dumps(asdict(tokens))
        self._note(tokens.did, tokens.handle)
        path = self._path(tokens.did)
        with contextlib.suppress(*self._trouble()):
            ring = self._keyring()
            if ring and len(told) <= _ring_room():
                ring.set_password(SERVICE, tokens.did, told)
                path.unlink(missing_ok=True)
                return None
            if ring:
                ring.delete_password(SERVICE, tokens.did)
        self._put(path, told)
        return path

    def remove(self, did: str) -> None:
        """Forget a session, wherever it was ever kept.

        Raises:
            OSError: it cannot be removed.
        """
        # It may be in a keyring that is not wanted any more.
        with contextlib.suppress(*_keyring_trouble()):
            ring = _keyring()
            if ring:
                ring.delete_password(SERVICE, did)
        self._path(did).unlink(missing_ok=True)
        self._note(did, None)

    @contextmanager
    def locked(self, did: str) -> Iterator[None]:
        """Let one process at a time renew a session: refresh tokens work once."""
        with self._lock(f"{_name(did)}.lock"):
            yield

    def _lock(self, name: str) -> filelock.BaseFileLock:
        import filelock

        return filelock.FileLock(self._made(self._folder / FOLDER) / name, timeout=_LOCK_SECONDS)

    def _note(self, did: str, handle: str | None) -> None:
        """Write down that an account has a session, or that it has none."""
        if self._index().get(did) == handle:
            return
        with self._lock("accounts.lock"):
            index = {known: name for known, name in self._index().items() if known != did}
            if handle:
                index[did] = handle
            self._put(self._folder / INDEX, json.dumps(index))

    def _index(self) -> dict[str, str]:
        try:
            told = json.loads((self._folder / INDEX).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(k): str(v) for k, v in told.items()} if isinstance(told, dict) else {}

    def _path(self, did: str) -> Path:
        return self._folder / FOLDER / f"{_name(did)}.json"

    def _put(self, path: Path, text: str) -> None:
        self._made(path.parent)
        # `mkstemp` makes files that nobody else can read.
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(part).replace(path)
        finally:
            Path(part).unlink(missing_ok=True)

    def _made(self, folder: Path) -> Path:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


def _name(did: str) -> str:
    """A DID as the name of a file."""
    return re.sub(r"[^A-Za-z0-9.-]", "_", did)


def _keyring() -> KeyringBackend | None:
    """The system's keyring; `None` if it has none that works."""
    # Imported here: it looks at the whole system, which no command that writes nothing needs.
    import keyring

    backend = keyring.get_keyring()
    return backend if backend.priority >= 1 else None


def _no_keyring() -> KeyringBackend | None:
    return None


def _ring_room() -> float:
    """How many characters a keyring takes: the one of Windows 2,560 bytes, two a character."""
    return 1_280 if sys.platform == "win32" else math.inf


def _keyring_trouble() -> tuple[type[Exception], ...]:
    from keyring.errors import KeyringError

    return (KeyringError,)


def _no_trouble() -> tuple[type[Exception], ...]:
    return ()

"""An import that is ready to be published: an export, a media server, an account, a session."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from importer.archive.ledger import default_folder
from importer.archive.store import Archive
from importer.demo.media_server import MediaServer
from importer.engine.stop import Stop
from importer.opening import opened
from importer.pds.credentials import Password
from importer.pds.kept_sessions import KeptSessions
from importer.pds.session import Session
from importer.pds.xrpc import Server
from tests.breaking_proxy import BreakingProxy
from tests.conftest import TestAccount
from tests.staged_export import Staged
from tui.desk import Desk

RECORD = "com.atproto.repo.putRecord"
UPLOAD = "com.atproto.repo.uploadBlob"
_PATIENCE = 120.0


class Hold:
    """A request on its way."""

    def __init__(self) -> None:
        self.reached, self._release = threading.Event(), threading.Event()
        self.has_lasted = False
        """Whether nobody released it for longer than anything may wait."""

    def __call__(self) -> None:
        self.reached.set()
        self.has_lasted = not self._release.wait(_PATIENCE)

    @property
    def is_released(self) -> bool:
        """Whether it may go on."""
        return self._release.is_set()

    def release(self) -> None:
        """Let it go on."""
        self._release.set()


@dataclass(frozen=True, slots=True)
class Import:
    """An import whose account is signed in, reached by a proxy that can hold it up."""

    staged: Staged
    media: MediaServer
    proxy: BreakingProxy
    account: TestAccount
    folder: Path

    @property
    def flags(self) -> dict[str, object]:
        """How the program was started; one post goes out at a time, so that it can be held."""
        access = {"to": self.account.handle, "pds": self.proxy.url}
        return {**access, "retry_seconds": 0.05, "publish_jobs": 1}

    @property
    def desk(self) -> Desk:
        """Its archive, as the screens have it."""
        return Desk(self.folder, self.flags)

    def read(self) -> None:
        """Read the export into the archive."""
        export = self.folder.with_suffix(".zip")
        self.staged.write(export, self.media.url(""), datetime(2037, 1, 1, tzinfo=UTC))
        with opened(export):
            pass

    def sign_in(self) -> None:
        """Sign in once, and keep the session."""
        server = Server(self.proxy.url, Stop().at_once)
        try:
            session = Session(server, self.account.handle, Password(self.account.password))
            session.sign_in()
            session.keep(KeptSessions(default_folder()))
        finally:
            server.close()

    def hold(self, method: str) -> Hold:
        """Hold up the next request to a method until it is released."""
        held = Hold()
        self.proxy.before(method, held)
        return held

    def counts(self) -> dict[str, int]:
        """How many posts stand where."""
        with Archive.open(self.folder) as view:
            return {str(milestone): number for milestone, number in view.counts().items()}

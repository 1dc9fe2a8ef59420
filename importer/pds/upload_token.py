"""The token with which a video service puts blobs on an account's server, made anew in time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from importer.pds.authorization import Bearer
from importer.pds.repo import Repo
from importer.pds.xrpc import Answer, XrpcError

METHOD = "com.atproto.repo.uploadBlob"
_LIFE = timedelta(minutes=30)
_LEAST_LEFT = timedelta(seconds=60)


class UploadToken:
    """One account's token. May be used from several threads.

    `audience` is the DID of the account's server; it is asked for it when it is empty.
    """

    def __init__(self, repo: Repo, audience: str, now: Callable[[], datetime]) -> None:
        self._repo = repo
        self._audience = audience
        self._now = now
        self._lock = threading.Lock()
        self._value = Bearer("")
        self._ends = datetime.min.replace(tzinfo=UTC)

    def call(self, attempt: Callable[[Bearer], Answer]) -> Answer:
        """Make a call with it, once more with a new one if it is refused.

        Raises:
            XrpcError: the call is refused, or the account's server gives no token.
            TryLater: one of them could not answer.
        """
        token = self._fresh()
        try:
            return attempt(token)
        except XrpcError as refusal:
            if refusal.status != 401:
                raise
        self.renew(token)
        return attempt(self._fresh())

    def renew(self, refused: Bearer | None = None) -> None:
        """Make a new one, or only if the current one is the one that was refused.

        Raises:
            XrpcError: the account's server gives none.
            TryLater: it could not answer.
        """
        with self._lock:
            if refused is not None and self._value != refused:
                return
            if not self._audience:
                told = self._repo.server.query("com.atproto.server.describeServer", {}).body
                self._audience = str(told.get("did"))
            ends = self._now() + _LIFE
            self._value = self._repo.service_token(self._audience, METHOD, ends)
            self._ends = ends

    def _fresh(self) -> Bearer:
        with self._lock:
            if self._now() + _LEAST_LEFT < self._ends:
                return self._value
        self.renew()
        return self._value

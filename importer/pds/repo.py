"""One account's records and blobs on its server: read, write once, replace, upload, list."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

from importer.errors import Refused, TryLater
from importer.pds.authorization import Bearer
from importer.pds.kept_sessions import Grant
from importer.pds.session import Session
from importer.pds.xrpc import Server, XrpcError
from importer.records.cid import blob_cid, record_cid
from importer.step import Step


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as the server holds it."""

    uri: str
    cid: str
    value: dict[str, Any]

    @property
    def rkey(self) -> str:
        """The last part of the URI."""
        return self.uri.rpartition("/")[2]

    @property
    def collection(self) -> str:
        """The part of the URI before its key."""
        return self.uri.split("/")[3]


class NewRecord(Protocol):
    """A record to be written: where, and its content as JSON."""

    @property
    def collection(self) -> str:
        """Its collection."""

    @property
    def rkey(self) -> str:
        """Its record key."""

    @property
    def value(self) -> dict[str, Any]:
        """Its content."""


@dataclass(frozen=True, slots=True)
class Write:
    """One change of a record; `value` is its new content, `None` if it is deleted."""

    action: Literal["create", "update", "delete"]
    collection: str
    rkey: str
    value: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """As `com.atproto.repo.applyWrites` takes it."""
        written: dict[str, Any] = {
            "$type": f"com.atproto.repo.applyWrites#{self.action}",
            "collection": self.collection,
            "rkey": self.rkey,
        }
        return written if self.value is None else written | {"value": self.value}


class KeyTaken(Exception):
    """Another record sits under the key than was expected; nothing was written."""


class KeyRefused(Exception):
    """The server does not want this key at all."""


class BlobMissing(Exception):
    """The server no longer has the blob the record refers to: upload it again."""


class PublicRepo:
    """What anyone may read of an account's repo."""

    def __init__(self, server: Server, did: str) -> None:
        self.server = server
        self.did = did

    def record(self, collection: str, rkey: str) -> StoredRecord | None:
        """The record under a key, `None` if there is none.

        Raises:
            XrpcError: the server refused the call.
            TryLater: the server could not answer.
        """
        try:
            answer = self.server.query(
                "com.atproto.repo.getRecord",
                {"repo": self.did, "collection": collection, "rkey": rkey},
            )
        except XrpcError as refusal:
            if refusal.error == "RecordNotFound":
                return None
            raise
        return _stored(answer.body)

    def latest_commit(self) -> tuple[str, str]:
        """The CID and the rev of the newest commit of the account.

        Raises:
            XrpcError: the server refused the call.
            TryLater: the server could not answer.
        """
        body = self.server.query("com.atproto.sync.getLatestCommit", {"did": self.did}).body
        return str(body.get("cid")), str(body.get("rev"))

    def blob_sha256(self, cid: str, into: BinaryIO | None = None) -> tuple[bytes, int]:
        """Read a whole blob: the digest and the number of its bytes, which go `into` a file too.

        Raises:
            XrpcError: there is none, or it belongs to no record.
            TryLater: the server could not give it.
        """
        digest = hashlib.sha256()
        size = 0

        def start() -> None:
            nonlocal digest, size
            digest, size = hashlib.sha256(), 0
            if into:
                into.seek(0)
                into.truncate()

        def take(chunk: bytes) -> None:
            nonlocal size
            digest.update(chunk)
            size += len(chunk)
            if into:
                into.write(chunk)

        self.server.download("com.atproto.sync.getBlob", {"did": self.did, "cid": cid}, take, start)
        return digest.digest(), size


class Repo(PublicRepo):
    """An account's repo with the right to write."""

    def __init__(self, session: Session, did: str) -> None:
        super().__init__(session.server, did)
        self._session = session

    @property
    def email_confirmed(self) -> bool | None:
        """Whether the account's e-mail address is; `None` if the server does not say."""
        return self._session.email_confirmed

    @property
    def grant(self) -> Grant | None:
        """What a person consented to in a browser, if the session comes from that."""
        return self._session.grant

    def service_token(self, audience: str, method: str, ends_at: datetime) -> Bearer:
        """A token with which a service may call one method in the account's name.

        Raises:
            XrpcError: the server refused it.
            TryLater: the server could not give it.
        """
        parameters: dict[str, str | int | bool | list[str]] = {
            "aud": audience,
            "lxm": method,
            "exp": int(ends_at.timestamp()),
        }
        answer = self._session.call(
            lambda token: self.server.query("com.atproto.server.getServiceAuth", parameters, token)
        )
        return Bearer(str(answer.body.get("token")))

    def upload_blob(self, path: Path, content_type: str, step: Step) -> dict[str, Any]:
        """Upload a file's bytes and check that the server stored just these.

        Returns:
            The blob reference to put into a record.

        Raises:
            Refused: the server does not take this file.
            TryLater: the server could not, or stored other bytes.
        """
        digest = hashlib.sha256()

        def start() -> None:
            nonlocal digest
            digest = hashlib.sha256()

        try:
            answer = self._session.call(
                lambda token: self.server.upload(
                    "com.atproto.repo.uploadBlob",
                    path,
                    content_type,
                    token,
                    step,
                    lambda chunk: digest.update(chunk),
                    start,
                )
            )
        except XrpcError as refusal:
            if refusal.status == 413:
                raise Refused(
                    f"{self.server.host} does not take a file of {path.stat().st_size:,} bytes.",
                    hint="Ask the server's owner to raise its blob upload limit.",
                    code="too_large",
                ) from refusal
            raise Refused(
                f"{self.server.host} refused the file ({refusal}).",
                hint="Give the same command again; if it stays, ask the server's owner.",
                code="upload_refused",
            ) from refusal
        blob = answer.body.get("blob")
        stored = blob.get("ref", {}).get("$link") if isinstance(blob, dict) else None
        if not isinstance(blob, dict) or stored != blob_cid(digest.digest()):
            raise TryLater(
                f"{self.server.host} did not store the bytes that were sent.",
                hint="Tokaway tries again by itself.",
                code="blob_differs",
            )
        return blob

    def create(self, collection: str, rkey: str, record: dict[str, Any]) -> StoredRecord:
        """Write a record under a key that must be free; the same record again changes nothing.

        Raises:
            KeyTaken, KeyRefused, BlobMissing, Refused, TryLater: as `replace` does.
        """
        return self.replace(collection, rkey, record, None)

    def replace(
        self, collection: str, rkey: str, record: dict[str, Any], swap: str | None
    ) -> StoredRecord:
        """Write a record in place of the one just read, whose CID is `swap`; `None` for none.

        `putRecord` with `swapRecord` may be repeated after any doubt (measured: what was read is
        there → written, the same as sent → 200 without `commit`, another → `InvalidSwap`).

        Raises:
            KeyTaken: another record sits there, or none although one was read.
            KeyRefused: the server does not want this key.
            BlobMissing: the server lost a blob the record refers to.
            Refused: the server does not take this record.
            TryLater: the server could not.
        """
        body = {
            "repo": self.did,
            "collection": collection,
            "rkey": rkey,
            "record": record,
            "swapRecord": swap,
        }
        try:
            answer = self._session.call(
                lambda token: self.server.procedure("com.atproto.repo.putRecord", body, token)
            )
        except XrpcError as refusal:
            raise self._refused(refusal) from refusal
        return StoredRecord(str(answer.body["uri"]), str(answer.body["cid"]), record)

    def create_together(self, records: Sequence[NewRecord]) -> list[StoredRecord]:
        """Write several records under free keys: all of them, or none.

        Unlike `create` the server cannot compare: a taken key fails it with a bare 500, and so
        may what was written by a try whose answer got lost. Looking at the keys tells. What of
        them stands there as it is to be (gates whose post was deleted, or a twin) is left there.

        Raises:
            KeyTaken, KeyRefused, BlobMissing, Refused, TryLater: as `create` does.
        """
        stored = [
            StoredRecord(
                f"at://{self.did}/{new.collection}/{new.rkey}", record_cid(new.value), new.value
            )
            for new in records
        ]
        try:
            self.apply([Write("create", new.collection, new.rkey, new.value) for new in records])
        except (XrpcError, TryLater) as trouble:
            # A lost answer, or servers that say in other ways that a key is taken.
            found = [self.record(new.collection, new.rkey) for new in records]
            # Written by another run of ours between these looks, perhaps.
            found = [
                one or self.record(new.collection, new.rkey)
                for one, new in zip(found, records, strict=True)
            ]
            if any(one and one.cid != own.cid for one, own in zip(found, stored, strict=True)):
                raise KeyTaken from trouble
            left = [new for new, one in zip(records, found, strict=True) if one is None]
            if len(left) == len(records):
                raise self._refused(trouble) from trouble
            return self._completed(left, stored) if left else stored
        return stored

    def _completed(
        self, left: Sequence[NewRecord], stored: list[StoredRecord]
    ) -> list[StoredRecord]:
        try:
            self.apply([Write("create", new.collection, new.rkey, new.value) for new in left])
        except (XrpcError, TryLater) as trouble:
            found = self.record(left[0].collection, left[0].rkey)
            if found is None or found.value != left[0].value:
                raise self._refused(trouble) from trouble
        return stored

    def apply(self, writes: Sequence[Write], swap_commit: str | None = None) -> None:
        """Make several changes at once: all of them, or none.

        With `swap_commit`, the CID of a commit, only if nothing was written since then.

        Raises:
            XrpcError: the server refused; `InvalidSwap` if something was written meanwhile.
            TryLater: the server could not, or its answer got lost.
        """
        body: dict[str, Any] = {
            "repo": self.did,
            "writes": [write.as_json() for write in writes],
        }
        if swap_commit:
            body["swapCommit"] = swap_commit
        self._session.call(
            lambda token: self.server.procedure("com.atproto.repo.applyWrites", body, token)
        )

    def _refused(self, refusal: XrpcError | TryLater) -> Exception:
        """What it means that the server refused to write."""
        if isinstance(refusal, TryLater):
            return refusal
        if refusal.error == "InvalidSwap":
            return KeyTaken()
        if refusal.error == "BlobNotFound":
            return BlobMissing()
        if "record key" in refusal.message:
            return KeyRefused()
        return Refused(
            f"{self.server.host} refused the record ({refusal}).",
            hint="Nothing was published by it. Report this line: it is a mistake of Tokaway or a "
            "rule of that server.",
            code="record_refused",
        )


def _stored(body: dict[str, Any]) -> StoredRecord:
    value = body.get("value")
    return StoredRecord(
        str(body.get("uri")), str(body.get("cid")), value if isinstance(value, dict) else {}
    )

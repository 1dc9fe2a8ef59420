"""One account's records and blobs on its server: read, write once, replace, upload, list."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from importer.errors import Refused, TryLater
from importer.pds.session import Session
from importer.pds.xrpc import Server, XrpcError
from importer.records.cid import blob_cid, record_cid
from importer.step import Step

PAGE = 100


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

    def records(
        self, collection: str, after: str | None = None, until: str | None = None
    ) -> Iterator[StoredRecord]:
        """Records in the order of their keys, from behind `after` up to and with `until`."""
        cursor = after
        while True:
            parameters: dict[str, str | int | bool] = {
                "repo": self.did,
                "collection": collection,
                "limit": PAGE,
                "reverse": True,
            }
            if cursor:
                parameters["cursor"] = cursor
            body = self.server.query("com.atproto.repo.listRecords", parameters).body
            page = [_stored(item) for item in body.get("records", ())]
            for record in page:
                if until is not None and record.rkey > until:
                    return
                yield record
            cursor = body.get("cursor")
            if not page or not cursor:
                return

    def blob_sha256(self, cid: str) -> tuple[bytes, int]:
        """Read a whole blob: the digest and the number of its bytes.

        Raises:
            XrpcError: there is none, or it belongs to no record.
            TryLater: the server could not give it.
        """
        digest = hashlib.sha256()
        size = 0

        def start() -> None:
            nonlocal digest, size
            digest, size = hashlib.sha256(), 0

        def take(chunk: bytes) -> None:
            nonlocal size
            digest.update(chunk)
            size += len(chunk)

        self.server.download("com.atproto.sync.getBlob", {"did": self.did, "cid": cid}, take, start)
        return digest.digest(), size


class Repo(PublicRepo):
    """An account's repo with the right to write."""

    def __init__(self, session: Session, did: str) -> None:
        super().__init__(session.server, did)
        self._session = session

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

    def create_together(
        self, collection: str, records: Sequence[tuple[str, dict[str, Any]]]
    ) -> list[StoredRecord]:
        """Write several records under free keys: all of them, or none.

        Unlike `create` the server cannot compare: a taken key fails it with a bare 500, and so
        may what was written by a try whose answer got lost. Looking at the first key tells.

        Raises:
            KeyTaken, KeyRefused, BlobMissing, Refused, TryLater: as `create` does.
        """
        create = "com.atproto.repo.applyWrites#create"
        body = {
            "repo": self.did,
            "writes": [
                {"$type": create, "collection": collection, "rkey": rkey, "value": record}
                for rkey, record in records
            ],
        }
        stored = [
            StoredRecord(f"at://{self.did}/{collection}/{rkey}", record_cid(record), record)
            for rkey, record in records
        ]
        try:
            self._session.call(
                lambda token: self.server.procedure("com.atproto.repo.applyWrites", body, token)
            )
        except (XrpcError, TryLater) as trouble:
            # A lost answer, or servers that say in other ways that a key is taken.
            found = self.record(collection, records[0][0])
            if found is None:
                raise self._refused(trouble) from trouble
            if found.cid != stored[0].cid:
                raise KeyTaken from trouble
        return stored

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

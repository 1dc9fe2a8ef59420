"""A whole account as one file: what stands under which key, and the proof that it is so."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import libipld

from importer.errors import TryLater
from importer.pds.xrpc import Server
from importer.records.car import (
    Block,
    CarError,
    as_json,
    cid_bytes,
    cid_text,
    decode,
    read_blocks,
    read_root,
)
from importer.records.tree import is_node, node

Key = tuple[str, str]


class Snapshot:
    """An account's repository as its server gave it, in a CAR file on the disk.

    Looking for keys takes memory for what is looked for, whatever the size of the account.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as (file, root):
            self.root = cid_text(root)
            commit = next((b.data for b in read_blocks(file) if b.cid == root), None)
        self.commit: dict[str, Any] = decode(commit) if commit else {}

    @property
    def rev(self) -> str | None:
        """The revision; `None` in a file that holds nothing newer than was asked for."""
        rev = self.commit.get("rev")
        return rev if isinstance(rev, str) else None

    def find(self, wanted: Collection[Key]) -> dict[Key, str]:
        """Which of these keys (collection, rkey) are there, with the CIDs of their records.

        Raises:
            CarError: the file is damaged.
        """
        names = {f"{collection}/{rkey}": (collection, rkey) for collection, rkey in wanted}
        return {
            names[entry.key]: cid_text(entry.cid)
            for block in self._blocks()
            if is_node(block.data)
            for entry in node(decode(block.data)).entries
            if entry.key in names
        }

    def records(self, cids: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The content of records as JSON, in the order of the file; of those that are in it.

        Raises:
            CarError: the file is damaged.
        """
        wanted = {cid_bytes(cid) for cid in cids}
        for block in self._blocks():
            if block.cid in wanted:
                yield cid_text(block.cid), as_json(decode(block.data))

    def prove(self, did: str, verify: Callable[[bytes, bytes], bool]) -> None:
        """Check that the account's key has signed this very tree with all of its records.

        `verify` says whether the key made a signature (64 bytes) of a message.

        Raises:
            CarError: the proof does not hold, with the reason.
        """
        signed = {key: value for key, value in self.commit.items() if key != "sig"}
        message = libipld.encode_dag_cbor(signed)
        if self.commit.get("did") != did:
            raise CarError("it is another account's")
        if not verify(message, bytes(self.commit.get("sig", b""))):
            raise CarError("its signature is not that of the account's key")
        offsets = {block.cid: (block.offset, len(block.data)) for block in self._blocks()}
        with self._open() as (file, _root):
            last = ""
            for key, cid in _walk(file, offsets, self.commit["data"]):
                if key <= last:
                    raise CarError("its keys are out of order")
                if cid not in offsets:
                    raise CarError(f"the record {key} is not in it")
                last = key

    def check(self) -> None:
        """Read every block against its CID.

        Raises:
            CarError: the file is damaged.
        """
        for _ in self._blocks():
            pass

    def _blocks(self) -> Iterator[Block]:
        with self._open() as (file, _root):
            yield from read_blocks(file)

    @contextmanager
    def _open(self) -> Iterator[tuple[BinaryIO, bytes]]:
        with self._path.open("rb") as file:
            yield file, read_root(file)


def take(server: Server, did: str, path: Path, since: str | None = None) -> Snapshot:
    """Download an account to a file; with `since`, a revision, only what is newer.

    Raises:
        XrpcError: the server refused the call.
        TryLater: it could not, or what it sent is damaged.
    """
    parameters = {"did": did} | ({"since": since} if since else {})
    with path.open("wb") as file:

        def start() -> None:
            file.seek(0)
            file.truncate()

        def take_over(chunk: bytes) -> None:
            file.write(chunk)

        server.download("com.atproto.sync.getRepo", parameters, take_over, start)
    try:
        snapshot = Snapshot(path)
        snapshot.check()
        return snapshot
    except CarError as error:
        raise TryLater(
            f"{server.host} sent a list of the account's posts that cannot be read ({error}).",
            hint="Tokaway tries again by itself.",
            code="bad_snapshot",
            whole_stage=True,
            unreachable=True,
        ) from error


def _walk(
    file: BinaryIO, offsets: dict[bytes, tuple[int, int]], root: bytes
) -> Iterator[tuple[str, bytes]]:
    """Every key of a tree with its record's CID, in the order of the tree."""
    if root not in offsets:
        raise CarError("a node of its tree is not in it")
    offset, size = offsets[root]
    file.seek(offset)
    here = node(decode(file.read(size)))
    if here.before:
        yield from _walk(file, offsets, here.before)
    for entry in here.entries:
        yield entry.key, entry.cid
        if entry.after:
            yield from _walk(file, offsets, entry.after)

"""The tree in which a repository keeps its records: nodes, keys and the order between them.

Merkle Search Tree, https://atproto.com/specs/repository: a node names subtrees and records; keys
are `collection/rkey`, and within a node each leaves out what it shares with the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from importer.records.car import CarError

# A node is a map of `e` and `l`, in this order: no record begins so.
_NODE_HEAD = b"\xa2\x61e"


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in a node: its key, its CID, and the subtree of the keys between it and the next."""

    key: str
    cid: bytes
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Node:
    """A node: the subtree of the keys before its first, and its records in order."""

    before: bytes | None
    entries: tuple[Entry, ...]

    def links(self) -> Iterator[bytes]:
        """The subtrees in the order of their keys."""
        for cid in (self.before, *(entry.after for entry in self.entries)):
            if cid:
                yield cid


def is_node(data: bytes) -> bool:
    """Whether the bytes of a block begin as a node's do."""
    return data.startswith(_NODE_HEAD)


def node(value: Any) -> Node:
    """Read a decoded node.

    Raises:
        CarError: it is none.
    """
    try:
        entries: list[Entry] = []
        key = b""
        for entry in value["e"]:
            key = key[: entry["p"]] + entry["k"]
            entries.append(Entry(key.decode("ascii"), entry["v"], entry.get("t")))
        return Node(value["l"], tuple(entries))
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise CarError("a node of its tree cannot be read") from error

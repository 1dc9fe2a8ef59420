"""The CIDs of blobs and records, computed from their content.

CIDv1 with SHA-256: the raw codec for blobs (https://atproto.com/specs/blob), DAG-CBOR for records
(https://atproto.com/specs/data-model).
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import libipld

_RAW = b"\x01\x55\x12\x20"
_DAG_CBOR = b"\x01\x71\x12\x20"


def blob_cid(sha256: bytes) -> str:
    """Write the SHA-256 digest (32 bytes) of a blob's bytes as its CID."""
    return _written(_RAW, sha256)


def record_cid(record: dict[str, Any]) -> str:
    """The CID that a server gives to a record, which is written as JSON."""
    encoded = libipld.encode_dag_cbor(_with_links(record))
    return _written(_DAG_CBOR, hashlib.sha256(encoded).digest())


def _with_links(value: Any) -> Any:
    """JSON's `{"$link": …}` as the bytes of a CID, which libipld writes as a link."""
    if isinstance(value, dict):
        if value.keys() == {"$link"}:
            text = value["$link"][1:].upper()
            return base64.b32decode(text + "=" * (-len(text) % 8))
        return {key: _with_links(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_links(inner) for inner in value]
    return value


def _written(prefix: bytes, sha256: bytes) -> str:
    if len(sha256) != 32:
        raise ValueError("a SHA-256 digest has 32 bytes")
    return "b" + base64.b32encode(prefix + sha256).decode("ascii").lower().rstrip("=")

"""The CID of a blob: CIDv1, raw codec, SHA-256 (https://atproto.com/specs/blob)."""

from __future__ import annotations

import base64

_PREFIX = b"\x01\x55\x12\x20"


def blob_cid(sha256: bytes) -> str:
    """Write the SHA-256 digest (32 bytes) of a blob's bytes as its CID."""
    if len(sha256) != 32:
        raise ValueError("a SHA-256 digest has 32 bytes")
    return "b" + base64.b32encode(_PREFIX + sha256).decode("ascii").lower().rstrip("=")

"""Blob CIDs as the servers write them."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.records.cid import blob_cid


@pytest.mark.parametrize(
    ("data", "cid"),
    [
        (b"", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
        (b"hello world", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"),
    ],
)
def test_known_cids(data: bytes, cid: str) -> None:
    assert blob_cid(hashlib.sha256(data).digest()) == cid


@given(st.binary(min_size=32, max_size=32))
def test_a_cid_holds_its_digest(digest: bytes) -> None:
    cid = blob_cid(digest)
    assert cid.startswith("bafkrei")
    assert len(cid) == 59
    assert base64.b32decode(cid[1:].upper() + "=" * (-len(cid[1:]) % 8)) == (
        b"\x01\x55\x12\x20" + digest
    )


@pytest.mark.parametrize("size", [0, 20, 31, 33, 64])
def test_other_digests_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        blob_cid(bytes(size))

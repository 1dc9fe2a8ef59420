"""What an account really holds on its server, read as anybody could, and what it should hold.

Nothing here leans on the code under test: keys, dates and CIDs are worked out anew.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from importer.demo.local_pds import LocalPds
from importer.model import Kind
from tests.staged_export import HEIGHT, PHOTO_SIZE, PLACE, WIDTH, StagedPost

COLLECTION = "app.bsky.feed.post"
THREADGATE = "app.bsky.feed.threadgate"
POSTGATE = "app.bsky.feed.postgate"
_RULES: dict[str, list[dict[str, str]]] = {
    THREADGATE: [],
    POSTGATE: [{"$type": f"{POSTGATE}#disableRule"}],
}
LONGEST = 300
PARTS = 1000
_ANSWERED = (("root", 0), ("parent", -2))
_TID = "234567abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Truth:
    """The posts of an account by the order of their keys, its gates, and its blobs by CID."""

    records: tuple[dict[str, Any], ...]
    gates: tuple[dict[str, Any], ...]
    blobs: dict[str, bytes]
    collections: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        """The record keys, in order."""
        return [record["uri"].rpartition("/")[2] for record in self.records]


def look(pds: LocalPds, did: str) -> Truth:
    """Read everything of an account: each record, each blob."""
    with httpx.Client(
        base_url=f"{pds.url}/xrpc/", timeout=30, trust_env=False, verify=False
    ) as client:

        def get(method: str, **parameters: str | int) -> httpx.Response:
            answer = client.get(method, params=parameters)
            assert answer.status_code == 200, answer.text
            return answer

        repo = get("com.atproto.repo.describeRepo", repo=did).json()
        listed = get("com.atproto.sync.listBlobs", did=did, limit=1000).json()["cids"]
        blobs = {cid: get("com.atproto.sync.getBlob", did=did, cid=cid).content for cid in listed}
    records = sorted(pds.list_records(did, COLLECTION), key=lambda record: str(record["uri"]))
    gates = [gate for kind in (POSTGATE, THREADGATE) for gate in pds.list_records(did, kind)]
    return Truth(tuple(records), tuple(gates), blobs, tuple(sorted(repo["collections"])))


def assert_exactly(
    pds: LocalPds, did: str, posts: Sequence[StagedPost], *, quote_gates: bool = False
) -> Truth:
    """Assert that the account holds these posts and nothing else: each once, each whole."""
    truth = look(pds, did)
    numbers = Counter(micros(key) // PARTS * PARTS for key in truth.keys)
    wanted = [
        (post, part)
        for post in sorted(posts, key=lambda post: post.micros)
        for part in range(max(len(post.parts), numbers[post.micros]))
    ]
    assert [micros(key) for key in truth.keys] == [post.micros + part for post, part in wanted]
    closed = {post.micros for post in posts if post.closed}
    # Each part of a thread could be quoted by itself.
    guarded = {post.micros + part for post, part in wanted if post.guarded and quote_gates}
    kinds = {COLLECTION: wanted, POSTGATE: guarded, THREADGATE: closed}
    assert truth.collections == tuple(sorted(kind for kind in kinds if kinds[kind]))
    _assert_gates(closed, guarded, truth)
    _assert_words(posts, truth)
    assert len({clock(key) for key in truth.keys}) <= 1
    assert truth.keys == sorted(truth.keys)
    shown: list[str] = []
    before: list[dict[str, Any]] = []
    for (post, part), record in zip(wanted, truth.records, strict=True):
        value = record["value"]
        assert value["createdAt"] == post.created_at(part)
        if part >= len(post.parts):
            assert "embed" not in value
        elif post.kind == Kind.VIDEO:
            shown.append(_assert_video(post, value["embed"], truth))
        else:
            shown += _assert_photos(len(post.parts[part]), value["embed"], truth)
        before = [*before, record] if part else [record]
        _assert_reply(value, before)
    assert len(set(shown)) == len(shown), "two posts show one file"
    assert truth.blobs.keys() == set(shown), "there are blobs that no post shows"
    for cid, data in truth.blobs.items():
        assert digest_of(cid) == hashlib.sha256(data).digest(), f"{cid} is damaged"
        assert PLACE not in data, f"{cid} tells a place"
    return truth


def _assert_gates(closed: set[int], guarded: set[int], truth: Truth) -> None:
    """Each post that is to have a gate has its own, and there is no other."""
    uris = {key: record["uri"] for key, record in zip(truth.keys, truth.records, strict=True)}
    found: dict[str, set[int]] = {THREADGATE: set(), POSTGATE: set()}
    for gate in truth.gates:
        value, key = gate["value"], gate["uri"].rpartition("/")[2]
        assert value["post"] == uris[key]
        assert value.get("allow", value.get("embeddingRules")) == _RULES[value["$type"]]
        found[value["$type"]].add(micros(key))
    assert found == {THREADGATE: closed, POSTGATE: guarded}


def _assert_words(posts: Sequence[StagedPost], truth: Truth) -> None:
    """The texts of a thread are the caption; parts beyond it are only numbered."""
    said: dict[int, list[str]] = {}
    for key, record in zip(truth.keys, truth.records, strict=True):
        said.setdefault(micros(key) // PARTS * PARTS, []).append(record["value"]["text"])
    for post in posts:
        texts = said[post.micros]
        assert all(len(text) <= LONGEST for text in texts)
        own = [text for at, text in enumerate(texts) if text != f"{at + 1}/{len(texts)}"]
        assert "".join("".join(own).split()) == "".join(post.caption.split())


def _assert_video(post: StagedPost, embed: dict[str, Any], truth: Truth) -> str:
    assert embed["$type"] == "app.bsky.embed.video"
    assert embed["aspectRatio"] == {"width": WIDTH, "height": HEIGHT}
    cid, data = _blob(embed["video"], "video/mp4", truth)
    assert data[4:8] == b"ftyp"
    assert post.marker in data, f"{post.id} shows another post's video"
    return cid


def _assert_photos(number: int, embed: dict[str, Any], truth: Truth) -> list[str]:
    is_gallery = number > 4
    assert embed["$type"] == f"app.bsky.embed.{'gallery' if is_gallery else 'images'}"
    items = embed["items" if is_gallery else "images"]
    assert len(items) == number
    width, height = PHOTO_SIZE
    assert all(item["aspectRatio"] == {"width": width, "height": height} for item in items)
    return [_blob(item["image"], "image/jpeg", truth)[0] for item in items]


def _assert_reply(value: dict[str, Any], thread: list[dict[str, Any]]) -> None:
    """Each part answers the one before, in the thread of the first; a first part answers none."""
    if len(thread) == 1:
        assert "reply" not in value
        return
    link = {name: {key: thread[at][key] for key in ("uri", "cid")} for name, at in _ANSWERED}
    assert value["reply"] == link


def _blob(reference: dict[str, Any], kind: str, truth: Truth) -> tuple[str, bytes]:
    assert reference["mimeType"] == kind
    cid = reference["ref"]["$link"]
    data = truth.blobs[cid]
    assert len(data) == reference["size"]
    return cid, data


def micros(key: str) -> int:
    """The microseconds a TID carries."""
    return _number(key) >> 10


def clock(key: str) -> int:
    """The clock id a TID carries."""
    return _number(key) & 1023


def digest_of(cid: str) -> bytes:
    """The SHA-256 that a CID of raw bytes carries."""
    assert cid[0] == "b"
    raw = base64.b32decode(cid[1:].upper() + "=" * (-(len(cid) - 1) % 8))
    assert raw[:4] == b"\x01\x55\x12\x20" and len(raw) == 36, cid
    return raw[4:]


def stored_anywhere(pds: LocalPds) -> list[Path]:
    """Every file in the server's blob store, also what no record refers to."""
    return [path for path in (pds.log.parent / "blobs").rglob("*") if path.is_file()]


def _number(key: str) -> int:
    assert len(key) == 13, key
    number = 0
    for letter in key:
        number = number << 5 | _TID.index(letter)
    return number

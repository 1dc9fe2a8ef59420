"""What a sign-in permits, told from its scope."""

from __future__ import annotations

import pytest

from importer.pds.scopes import TRANSITION, asked_for, not_permitted

POST = "app.bsky.feed.post"
GATE = "app.bsky.feed.threadgate"
BLOBS = "blob:video/* blob:image/* blob:text/vtt"
CALLS = "rpc:com.atproto.repo.uploadBlob?aud=* rpc:app.bsky.video.getUploadLimits?aud=*"


def lacking(scope: str, *, service: bool = True) -> list[str]:
    return not_permitted(scope, (POST, GATE), service=service)


@pytest.mark.parametrize(
    "scope",
    [
        asked_for((POST, GATE)),
        TRANSITION,
        f"atproto repo:* blob:*/* {CALLS}",
        f"atproto repo?collection={POST}&collection={GATE} {BLOBS} {CALLS}",
        f"atproto repo:{POST}?action=create&action=update&action=delete repo:{GATE} {BLOBS} "
        "rpc:*?aud=*",
        f"atproto repo:{POST}?action=create repo:{POST}?action=update repo:*?action=delete "
        f"repo:{GATE} blob?accept=video/*&accept=image/*&accept=text/vtt {CALLS}",
    ],
)
def test_enough(scope: str) -> None:
    assert lacking(scope) == []


@pytest.mark.parametrize(
    ("scope", "what"),
    [
        (f"repo:{POST} {BLOBS} {CALLS}", [f"to write {GATE}"]),
        # A create-only write is a `putRecord`, which needs the right to update as well.
        (f"repo:{POST}?action=create repo:{GATE} {BLOBS} {CALLS}", [f"to write {POST}"]),
        (f"repo:* blob:video/* blob:text/* {CALLS}", ["to upload image files"]),
        (f"repo:* blob:video/mp4 blob:image/* {CALLS}",
         ["to upload video files", "to upload text/vtt files"]),
        # Service tokens are for bare DIDs, which no audience but `*` covers.
        ("repo:* blob:*/* rpc:app.bsky.video.getUploadLimits?aud=* "
         "rpc:com.atproto.repo.uploadBlob?aud=did:web:pds.test",
         ["to let a video service call com.atproto.repo.uploadBlob"]),
    ],
)  # fmt: skip
def test_not_enough(scope: str, what: list[str]) -> None:
    assert lacking(scope) == what


def test_calls_matter_only_with_a_service() -> None:
    assert lacking(f"atproto repo:* {BLOBS}", service=False) == []
    assert len(lacking(f"atproto repo:* {BLOBS}")) == 2


def test_nothing_permits_nothing() -> None:
    assert len(lacking("atproto")) == 2 + 3 + 2

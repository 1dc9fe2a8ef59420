"""Posts, files and records for the tests of the archive and of the engine."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from importer.archive.store import Archive
from importer.model import (
    Account,
    ExportPost,
    Kind,
    Link,
    LinkKind,
    MediaFile,
    Milestone,
    Post,
    Privacy,
    Record,
    Role,
)
from importer.records.keys import record_key

FIRST = datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
ACCOUNT = Account(DID, "maker.test", "https://pds.test")


def link(key: str, expires_at: datetime | None = None, *, signature: str = "1") -> Link:
    return Link(f"https://cdn.test/{key}?s={signature}", LinkKind.VIDEO, key, expires_at)


def exported(
    second: int = 0,
    ordinal: int = 0,
    *,
    links: tuple[Link, ...] | None = None,
    privacy: Privacy = Privacy.EVERYONE,
    kind: Kind = Kind.VIDEO,
    title: str | None = None,
    alt: str | None = None,
    cover_url: str | None = None,
) -> ExportPost:
    """A post of an export: `second` counts from the first post of the tests."""
    if links is None:
        links = (link(f"video-{second}-{ordinal}"),)
    posted_at = FIRST + timedelta(seconds=second)
    return ExportPost(
        posted_at, ordinal, kind, privacy, links, title=title, alt=alt, cover_url=cover_url
    )


def write_file(folder: Path, post: Post, role: Role, data: bytes = b"film") -> MediaFile:
    """Put a real file in place in an archive's folder and describe it, without noting it."""
    path = folder / "media" / post.id / f"{role}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return MediaFile(
        role=role,
        path=path.relative_to(folder).as_posix(),
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        width=1080,
        height=1920,
        seconds=15.0,
        codecs="h264/aac",
    )


def record_of(post: Post, at: datetime = NOW) -> Record:
    rkey = record_key(post.posted_at, post.ordinal)
    collection = "app.bsky.feed.post"
    return Record(
        post=post.id,
        did=DID,
        destination="bluesky",
        collection=collection,
        rkey=rkey,
        uri=f"at://{DID}/{collection}/{rkey}",
        cid="bafyreib",
        blob_cids=("bafkreib",),
        published_at=at,
    )


def current(archive: Archive, post_id: str) -> Post:
    """A post as the archive has it now."""
    post = archive.post(post_id)
    if post is None:
        raise LookupError(post_id)
    return post


def bring_to(archive: Archive, post_id: str, milestone: Milestone) -> Post:
    """Lead a found post through the stages up to a milestone."""
    way = (Milestone.FETCHED, Milestone.PREPARED, Milestone.PUBLISHED, Milestone.VERIFIED)
    for stop in way[: way.index(milestone) + 1] if milestone in way else ():
        post = current(archive, post_id)
        match stop:
            case Milestone.FETCHED:
                archive.note_fetched(post, [write_file(archive.folder, post, Role.ORIGINAL)])
            case Milestone.PREPARED:
                archive.note_prepared(post, [write_file(archive.folder, post, Role.PREPARED)])
            case Milestone.PUBLISHED:
                archive.note_published(post, [record_of(post)])
            case Milestone.VERIFIED:
                archive.note_verified(post, NOW)
    return current(archive, post_id)

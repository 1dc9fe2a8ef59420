"""Rows of the database to values of the model and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from importer.model import (
    Action,
    Kind,
    Link,
    LinkKind,
    Long,
    MediaFile,
    Milestone,
    Photos,
    Post,
    Privacy,
    Record,
    Role,
    Trouble,
    first_death,
)

Row = dict[str, Any]
NO_TROUBLE: Row = {"trouble_code": None, "trouble": None, "hint": None}


def moment(at: datetime) -> str:
    """A time as it is stored: UTC to the millisecond, so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant(stored: str | None) -> datetime | None:
    """A stored time as UTC."""
    return datetime.fromisoformat(stored) if stored else None


def _instant(stored: str) -> datetime:
    return datetime.fromisoformat(stored)


def trouble_columns(trouble: Trouble | None) -> Row:
    """The columns that say why a post stands still."""
    if trouble is None:
        return NO_TROUBLE
    # It may name a file whose name is no text.
    text, hint = (
        words.encode(errors="backslashreplace").decode() for words in (trouble.text, trouble.hint)
    )
    return {"trouble_code": trouble.code, "trouble": text, "hint": hint}


def links_to_json(links: Sequence[Link]) -> str:
    """Links as they are stored."""
    return json.dumps(
        [
            {
                "url": link.url,
                "kind": link.kind.value,
                "key": link.key,
                "expires_at": moment(link.expires_at) if link.expires_at else None,
                "video_id": link.video_id,
            }
            for link in links
        ]
    )


def soonest_expiry(links: Sequence[Link]) -> str | None:
    """When the first of a post's links dies, as it is stored."""
    soonest = first_death(links)
    return moment(soonest) if soonest else None


def _link(stored: Row) -> Link:
    return Link(
        url=stored["url"],
        kind=LinkKind(stored["kind"]),
        key=stored["key"],
        expires_at=instant(stored["expires_at"]),
        video_id=stored["video_id"],
    )


def _yes_no(stored: int | None) -> bool | None:
    return None if stored is None else bool(stored)


def post_from_row(row: Row) -> Post:
    """A row of `posts`."""
    return Post(
        id=row["id"],
        ordinal=row["ordinal"],
        posted_at=_instant(row["posted_at"]),
        kind=Kind(row["kind"]),
        privacy=Privacy(row["privacy"]),
        links=tuple(_link(stored) for stored in json.loads(row["links"])),
        chosen=bool(row["chosen"]),
        chosen_by=row["chosen_by"],
        milestone=Milestone(row["milestone"]),
        caption=row["caption"],
        caption_source=row["caption_source"],
        alt=row["alt"],
        alt_source=row["alt_source"],
        likes=row["likes"],
        cover_url=row["cover_url"],
        source_path=row["source_path"],
        long=Long(row["long"]) if row["long"] else None,
        photos=Photos(row["photos"]) if row["photos"] else None,
        encode=bool(row["encode"]),
        allow_comments=_yes_no(row["allow_comments"]),
        allow_duets=_yes_no(row["allow_duets"]),
        allow_stitches=_yes_no(row["allow_stitches"]),
        disclosure=row["disclosure"],
        ai_generated=row["ai_generated"],
        labels=tuple(row["labels"].split()),
        langs=tuple(row["langs"].split()),
        tries=row["tries"],
        next_try_at=instant(row["next_try_at"]),
        trouble_code=row["trouble_code"],
        trouble=row["trouble"],
        hint=row["hint"],
    )


def file_to_row(post_id: str, file: MediaFile) -> Row:
    """A row of `files`."""
    return {
        "post": post_id,
        "role": file.role.value,
        "part": file.part,
        "lang": file.lang,
        "path": file.path,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "width": file.width,
        "height": file.height,
        "seconds": file.seconds,
        "codecs": file.codecs,
        "fit": file.fit.value if file.fit else None,
        "reason": file.reason,
    }


def file_from_row(row: Row) -> MediaFile:
    """A row of `files` as a value."""
    return MediaFile(
        role=Role(row["role"]),
        path=row["path"],
        bytes=row["bytes"],
        sha256=row["sha256"],
        width=row["width"],
        height=row["height"],
        seconds=row["seconds"],
        codecs=row["codecs"],
        part=row["part"],
        lang=row["lang"],
        fit=Action(row["fit"]) if row["fit"] else None,
        reason=row["reason"],
    )


def record_to_row(record: Record) -> Row:
    """A row of `records`."""
    return {
        "post": record.post,
        "did": record.did,
        "destination": record.destination,
        "part": record.part,
        "collection": record.collection,
        "rkey": record.rkey,
        "uri": record.uri,
        "cid": record.cid,
        "blob_cids": json.dumps(record.blob_cids),
        "published_at": moment(record.published_at),
        "verified_at": moment(record.verified_at) if record.verified_at else None,
        "run": record.run,
    }


def record_from_row(row: Row) -> Record:
    """A row of `records` as a value."""
    return Record(
        post=row["post"],
        did=row["did"],
        destination=row["destination"],
        part=row["part"],
        collection=row["collection"],
        rkey=row["rkey"],
        uri=row["uri"],
        cid=row["cid"],
        blob_cids=tuple(json.loads(row["blob_cids"])),
        published_at=_instant(row["published_at"]),
        verified_at=instant(row["verified_at"]),
        run=row["run"],
    )

"""Update: bring new words to posts that are published, on the user's explicit wish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from importer.errors import Refused
from importer.model import Post, Record
from importer.pds.repo import Repo, StoredRecord, Write
from importer.pds.xrpc import XrpcError
from importer.records.bluesky import (
    COLLECTION,
    DESTINATION,
    PROVENANCE,
    Draft,
    blob_cids,
    drafts,
    shown_in,
)
from importer.records.cid import record_cid
from importer.records.keys import record_key
from importer.records.style import Style
from importer.stages.publish import KEYS_TO_TRY

Place = tuple[str, str]
# What may differ of a record besides its text, as people call it.
_CALLED = {
    "embed": "its description",
    "langs": "its language",
    "labels": "its content labels",
    "tags": "its tags",
    "facets": "its links",
    PROVENANCE: "its source",
}
_GATE = "who may reply or quote"


@dataclass(frozen=True, slots=True)
class Change:
    """What will be written for one post.

    `before` and `after` are the texts of its records, `others` what else will differ, in words.
    """

    post: Post
    before: tuple[str, ...]
    after: tuple[str, ...]
    writes: tuple[Write, ...]
    records: tuple[Record, ...]
    commit: str
    others: tuple[str, ...] = ()


def change_of(
    post: Post, records: Sequence[Record], repo: Repo, style: Style, now: datetime
) -> Change | None:
    """What differs between a post's records on the server and what they would be today.

    Its files stay as they are. `None` if nothing differs. A change without `writes` is one that
    a run made which died before it could note it.

    Raises:
        Refused: a record is gone, or was edited elsewhere: it is left alone.
        XrpcError, TryLater: the server does not answer as it should.
    """
    commit, _rev = repo.latest_commit()
    known = {(record.collection, record.rkey): record for record in records}
    stored = {place: found for place in known if (found := repo.record(*place))}
    foreign = [
        record.uri
        for place, record in known.items()
        if place not in stored or stored[place].cid != record.cid
    ]
    wanted = _wanted(post, stored, repo.did, style)
    for draft in wanted:
        place = draft.collection, draft.rkey
        if foreign and place not in known and (found := repo.record(*place)):
            stored[place] = found
    writes = _writes(stored, wanted)
    if foreign and (writes or not wanted):
        raise Refused(
            f"{foreign[0]} was deleted or edited elsewhere, so the post is left as it is.",
            hint="Edit it where it was edited before.",
            code="record_changed",
        )
    if not writes and not foreign:
        return None
    first = records[0]
    return Change(
        post,
        tuple(_texts(found.value for found in stored.values())),
        tuple(_texts(draft.value for draft in wanted)),
        tuple(writes),
        tuple(
            replace(
                known.get((draft.collection, draft.rkey), first),
                collection=draft.collection,
                rkey=draft.rkey,
                uri=draft.uri(repo.did),
                cid=record_cid(draft.value),
                blob_cids=blob_cids(draft.value),
                part=draft.part,
                published_at=now,
                verified_at=None,
            )
            for draft in wanted
        ),
        commit,
        _others(stored, wanted),
    )


def update(change: Change, repo: Repo) -> None:
    """Write a change, all of it or nothing, if nobody wrote to the account since it was seen.

    Raises:
        Refused: the account was written to meanwhile, or the server refuses the words.
        TryLater: the server could not.
    """
    try:
        repo.apply(change.writes, swap_commit=change.commit)
    except XrpcError as refusal:
        if refusal.error == "InvalidSwap":
            raise Refused(
                "The account was written to meanwhile, so the post was left as it is.",
                hint="Give the same command again.",
                code="busy_account",
            ) from refusal
        raise Refused(
            f"{repo.server.host} refused the change ({refusal}).",
            hint="The post is as it was. Report this line.",
            code="record_refused",
        ) from refusal


def _wanted(
    post: Post, stored: Mapping[Place, StoredRecord], did: str, style: Style
) -> list[Draft]:
    """The post's records of today around the files it shows; none if its first one is gone."""
    for attempt in range(KEYS_TO_TRY):
        rkey = record_key(post.posted_at, post.ordinal, DESTINATION, attempt=attempt)
        first = stored.get((COLLECTION, rkey))
        if first is None:
            continue
        # Keys of parts follow each other.
        places = sorted(place for place in stored if place[0] == COLLECTION)
        media = [shown for place in places if (shown := shown_in(stored[place].value))]
        is_video = "video" in first.value.get("embed", {})
        return drafts(post, media, did, style, is_video=is_video, attempt=attempt)
    return []


def _writes(stored: Mapping[Place, StoredRecord], wanted: Sequence[Draft]) -> list[Write]:
    places = {(draft.collection, draft.rkey): draft for draft in wanted}
    writes = [Write("delete", *place) for place in stored if place not in places]
    for place, draft in places.items():
        if place not in stored:
            writes.append(Write("create", *place, draft.value))
        elif stored[place].value != draft.value:
            writes.append(Write("update", *place, draft.value))
    return writes


def _others(stored: Mapping[Place, StoredRecord], wanted: Sequence[Draft]) -> tuple[str, ...]:
    before = {place: found.value for place, found in stored.items()}
    after = {(draft.collection, draft.rkey): draft.value for draft in wanted}
    found: dict[str, None] = {}
    for place in {**before, **after}:
        old, new = before.get(place), after.get(place)
        if place[0] != COLLECTION:
            found |= {} if old == new else {_GATE: None}
        elif old and new:
            found |= {
                word: None for name, word in _CALLED.items() if old.get(name) != new.get(name)
            }
    return tuple(found)


def _texts(values: Any) -> list[str]:
    return [value["text"] for value in values if "text" in value]

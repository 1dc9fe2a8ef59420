"""Update: bring new words to posts that are published, on the user's explicit wish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from importer.errors import Refused
from importer.model import Post, Record
from importer.pds.repo import Repo, StoredRecord, Write
from importer.pds.xrpc import XrpcError
from importer.records.about import PROVENANCE
from importer.records.cid import record_cid
from importer.records.destination import Destination, Draft, blob_cids
from importer.records.destinations import DESTINATIONS, draft_all, named
from importer.records.keys import record_key
from importer.records.style import Style
from importer.stages.present import KEYS_TO_TRY

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

    Its files stay as they are, at each destination. `None` if nothing differs. A change without
    `writes` is one that a run made which died before it could note it.

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
    at = named(record.destination for record in records)
    wanted = _wanted(post, stored, at, repo.did, style)
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
        _texts((place[0], found.value) for place, found in stored.items()),
        _texts((draft.collection, draft.value) for draft in wanted),
        tuple(writes),
        tuple(
            replace(
                known.get((draft.collection, draft.rkey), first),
                destination=draft.destination,
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
    post: Post,
    stored: Mapping[Place, StoredRecord],
    at: Sequence[Destination],
    did: str,
    style: Style,
) -> list[Draft]:
    """The post's records of today around the files it shows; none if a first one is gone."""
    attempts = {
        one.NAME: attempt
        for one in at
        for attempt in reversed(range(KEYS_TO_TRY))
        if (one.COLLECTION, record_key(post.posted_at, post.ordinal, attempt=attempt)) in stored
    }
    if len(attempts) < len(at):
        return []
    # Keys of parts follow each other; what one destination shows all of them show.
    places = sorted(place for place in stored if place[0] == at[0].COLLECTION)
    media = [shown for place in places for shown in at[0].shown_in(stored[place].value)]
    is_video = str(media[0].blob["mimeType"]).startswith("video/")
    return draft_all(post, attempts, media, did, style, is_video=is_video)


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
    posts = {one.COLLECTION for one in DESTINATIONS.values()}
    found: dict[str, None] = {}
    for place in {**before, **after}:
        old, new = before.get(place), after.get(place)
        if place[0] not in posts:
            found |= {} if old == new else {_GATE: None}
        elif old and new:
            found |= {
                word: None for name, word in _CALLED.items() if old.get(name) != new.get(name)
            }
    return tuple(found)


def _texts(values: Iterable[tuple[str, dict[str, Any]]]) -> tuple[str, ...]:
    of = {one.COLLECTION: one for one in DESTINATIONS.values()}
    return tuple(
        text
        for collection, value in values
        if collection in of
        for text in of[collection].texts_of(value)
    )

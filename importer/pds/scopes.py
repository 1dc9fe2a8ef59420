"""What an OAuth sign-in permits (AT Protocol permission specification), and what is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs

TRANSITION = "atproto transition:generic transition:email"
"""What servers understand that know no finer permissions: nearly everything."""
_ACTIONS = frozenset({"create", "update", "delete"})
_BLOBS = ("video/*", "image/*", "text/vtt")
# A service token's audience is a bare DID, and no permission can name one: any or none.
_CALLS = ("com.atproto.repo.uploadBlob", "app.bsky.video.getUploadLimits")


@dataclass(frozen=True, slots=True)
class _Permission:
    """One item of a scope: `repo:app.bsky.feed.post?action=create`."""

    resource: str
    values: frozenset[str]
    actions: frozenset[str]
    audience: str


def asked_for(collections: Iterable[str]) -> str:
    """The least that an import to these collections needs."""
    return " ".join(
        (
            "atproto",
            *(f"repo:{collection}" for collection in collections),
            *(f"blob:{kind}" for kind in _BLOBS),
            *(f"rpc:{method}?aud=*" for method in _CALLS),
            "account:email",
        )
    )


def not_permitted(scope: str, collections: Collection[str], *, service: bool) -> list[str]:
    """What an import to these collections needs and a scope does not permit, in words.

    With `service`, a video service is to upload the videos.
    """
    if "transition:generic" in scope.split():
        return []
    granted = [_read(item) for item in scope.split()]
    lacking = [
        f"to write {collection}"
        for collection in collections
        if not _actions(granted, collection) >= _ACTIONS
    ]
    lacking += [
        f"to upload {kind.removesuffix('/*')} files"
        for kind in _BLOBS
        if not any(
            permission.resource == "blob" and _covers(permission.values, kind)
            for permission in granted
        )
    ]
    lacking += [
        f"to let a video service call {method}"
        for method in _CALLS
        if service
        and not any(
            permission.resource == "rpc"
            and permission.values & {method, "*"}
            and permission.audience == "*"
            for permission in granted
        )
    ]
    return lacking


def _actions(granted: Iterable[_Permission], collection: str) -> frozenset[str]:
    """What may be done with records of a collection."""
    return frozenset[str]().union(
        *(
            permission.actions
            for permission in granted
            if permission.resource == "repo" and permission.values & {collection, "*"}
        )
    )


def _covers(accepted: Collection[str], kind: str) -> bool:
    return bool({kind, f"{kind.split('/')[0]}/*", "*/*"} & set(accepted))


def _read(item: str) -> _Permission:
    """Take one item apart; its first value may stand after the colon or be a parameter."""
    head, _, query = item.partition("?")
    resource, _, value = head.partition(":")
    parameters = parse_qs(query)
    named = {"repo": "collection", "blob": "accept", "rpc": "lxm"}.get(resource, "")
    values = {value} if value else set()
    return _Permission(
        resource,
        frozenset(values | set(parameters.get(named, ()))),
        frozenset(parameters.get("action", _ACTIONS)),
        parameters.get("aud", [""])[0],
    )

"""Reconcile: what an archive does not know to be on the server, though it is."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from importer.archive.store import Archive
from importer.archive.view import PLACED
from importer.errors import TryLater, Unreachable
from importer.model import Post, Record
from importer.pds.snapshot import take
from importer.pds.xrpc import XrpcError
from importer.stages.recognise import recognise
from importer.stages.tools import Tools


def reconcile(archive: Archive, tools: Tools) -> Iterator[tuple[Post, tuple[Record, ...]]]:
    """Read the account once, or what is new in it since the last look, and find our records.

    Each post is to be noted as it comes: how far the account was read is remembered after the last.

    Raises:
        Unreachable: the server does not give it.
    """
    posts = archive.posts()
    if all(post.milestone in PLACED for post in posts):
        return
    # What is new is enough, unless there are posts, or places, that the last look was not for.
    looked = " ".join([tools.account.did, str(len(posts)), *archive.destinations()])
    since = archive.fact("rev") if archive.fact("looked") == looked else None
    path = archive.folder / f"account.car.{secrets.token_hex(4)}.part"
    try:
        snapshot = take(tools.repo.server, tools.account.did, path, since)
        found = recognise(posts, tools, snapshot, archive.recorded())
    except (TryLater, XrpcError) as trouble:
        raise Unreachable(
            f"The account could not be read: {trouble} Nothing was sent.",
            hint=getattr(trouble, "hint", "") or "Give the same command again later.",
        ) from trouble
    finally:
        path.unlink(missing_ok=True)
    yield from found
    if snapshot.rev:
        archive.set_fact("rev", snapshot.rev)
        archive.set_fact("looked", looked)

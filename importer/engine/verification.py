"""Verify every record of an archive against its server, a few at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from importer.archive.store import Archive
from importer.engine.stop import Stop
from importer.errors import TryLater, Unreachable
from importer.model import Post, Record, Trouble
from importer.pds.repo import PublicRepo
from importer.pds.xrpc import Server
from importer.stages.verify import verify

AT_ONCE = 4


def verify_all(
    archive: Archive, server: Server, now: Callable[[], datetime], stop: Stop
) -> Iterator[tuple[Post, Record, Trouble | None]]:
    """Check each record and note what was found, oldest first.

    A post is verified when all of its records are right.

    Raises:
        Unreachable: the server does not answer.
    """
    posts = {post.id: post for post in archive.posts()}
    records = archive.records()

    def check(record: Record) -> Trouble | None:
        if stop.draining.is_set():
            return None
        return verify(posts[record.post], record, PublicRepo(server, record.did))

    left = Counter(record.post for record in records)
    wrong: dict[str, Trouble] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="verify") as pool:
        try:
            for record, trouble in zip(records, pool.map(check, records), strict=True):
                if stop.draining.is_set():
                    return
                post = posts[record.post]
                if trouble:
                    wrong.setdefault(post.id, trouble)
                left[post.id] -= 1
                if not left[post.id] and post.id in wrong:
                    archive.note_unverified(post, wrong[post.id])
                elif not left[post.id]:
                    archive.note_verified(post, now())
                yield post, record, trouble
        except TryLater as trouble:
            raise Unreachable(
                f"{trouble.text} What was checked so far is noted.", hint=trouble.hint
            ) from trouble

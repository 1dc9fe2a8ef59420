"""Verify every record of an archive against its server, a few at a time."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from importer.archive.store import Archive
from importer.engine.patience import Patience
from importer.errors import TryLater, UserError
from importer.model import MediaFile, Post, Record, Role, Trouble
from importer.pds.appview import AT_ONCE, AppView
from importer.pds.repo import PublicRepo
from importer.pds.snapshot import Snapshot, take
from importer.pds.xrpc import Server, XrpcError
from importer.records.car import CarError
from importer.stages.look import ENCODED, Seen, does_not_play, look, never_plays, not_shown
from importer.stages.verify import check_files, compare
from importer.step import Step

WORKERS = 4
Verifier = Callable[[bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class Checked:
    """A post with all of its records, and what is wrong with it, if anything."""

    post: Post
    records: tuple[Record, ...]
    trouble: Trouble | None


class Verification:
    """One go through everything that an archive published.

    Args:
        archive: where what is found is noted.
        server: the account's server, asked as anybody may.
        patience: waits for the server's limits.
        now: the clock.
        appview: is asked whether posts are shown and play, if there is one.
        signed: checks signatures of the account's key, for a proof.
    """

    def __init__(
        self,
        archive: Archive,
        server: Server,
        patience: Patience,
        now: Callable[[], datetime],
        *,
        appview: AppView | None = None,
        signed: Verifier | None = None,
    ) -> None:
        self._archive = archive
        self._server = server
        self._patience = patience
        self._now = now
        self._appview = appview
        self._signed = signed
        self.unasked = ""
        """Why the app view could not be asked; empty if it was."""

    def run(self) -> Iterator[Checked]:
        """Check each post and note what was found, oldest first.

        Raises:
            Unreachable: the server does not answer.
            UserError: it does not show the account, or the proof does not hold.
            Stopped: the user asked to stop.
        """
        posts = {post.id: post for post in self._archive.posts()}
        records = self._archive.records()
        did = records[0].did
        with self._account(did) as snapshot:
            if self._signed:
                self._prove(snapshot, did, self._signed)
            wrong = compare(posts, records, snapshot)
        of_each: dict[str, list[Record]] = {}
        for record in records:
            of_each.setdefault(record.post, []).append(record)
        names = sorted(of_each, key=lambda name: (posts[name].posted_at, posts[name].ordinal))
        repo = PublicRepo(self._server, did)

        def check(name: str, known: Mapping[Role, Sequence[MediaFile]]) -> Trouble | None:
            own = of_each[name]
            is_video = any(file.seconds for file in known.get(Role.PREPARED, ()))
            sent = (*known[Role.PREPARED], *known.get(Role.CAPTIONS, ())) if is_video else ()
            for record in own:
                if trouble := wrong.get((record.collection, record.rkey)):
                    return trouble
            for record in _each_file_once(own):
                # What was found on the server may show other files than those of this archive.
                own_files = sent if record.run is not None else ()
                trouble = self._patience.call(
                    lambda record=record, own_files=own_files: check_files(record, repo, own_files)  # type: ignore[misc]
                )
                if trouble:
                    return trouble
            return None

        with ThreadPoolExecutor(WORKERS, thread_name_prefix="verify") as pool:
            for at in range(0, len(names), AT_ONCE):
                some = names[at : at + AT_ONCE]
                files = [self._archive.files(name) for name in some]
                told = dict(zip(some, pool.map(check, some, files), strict=True))
                told |= self._unseen([posts[name] for name in some if told[name] is None], of_each)
                for name in some:
                    yield self._noted(posts[name], tuple(of_each[name]), told[name])

    @contextmanager
    def _account(self, did: str) -> Iterator[Snapshot]:
        path = self._archive.folder / f"account.car.{secrets.token_hex(4)}.part"
        try:
            yield self._patience.call(lambda: take(self._server, did, path))
        except XrpcError as refusal:
            raise UserError(
                f"{self._server.host} does not show the account {did} ({refusal}).",
                hint="Is the account active, and is this its server?",
                code="account_hidden",
            ) from refusal
        finally:
            path.unlink(missing_ok=True)

    def _prove(self, snapshot: Snapshot, did: str, signed: Verifier) -> None:
        try:
            snapshot.prove(did, signed)
        except CarError as error:
            raise UserError(
                f"What {self._server.host} shows of the account is not proved: {error}.",
                hint="Try again; if it stays so, ask the server's owner.",
                code="not_proved",
            ) from error

    def _unseen(
        self, posts: Sequence[Post], of_each: dict[str, list[Record]]
    ) -> dict[str, Trouble | None]:
        """What the app view does not show, or cannot play."""
        if self._appview is None or not posts or self.unasked:
            return {}
        try:
            seen = look({post.id: of_each[post.id] for post in posts}, self._appview, Step())
        except (TryLater, XrpcError) as trouble:
            self.unasked = str(trouble)
            return {}
        host = self._appview.host
        found: dict[str, Trouble | None] = {}
        for post in posts:
            mute = never_plays(host, ENCODED) if post.encode else does_not_play(host)
            said = {Seen.ABSENT: not_shown(host), Seen.MUTE: mute}
            found[post.id] = said.get(seen.get(post.id, Seen.UNKNOWN))
        return found

    def _noted(self, post: Post, records: tuple[Record, ...], trouble: Trouble | None) -> Checked:
        if trouble:
            self._archive.note_unverified(post, trouble)
        else:
            self._archive.note_verified(post, self._now())
        return Checked(post, records, trouble)


def _each_file_once(records: Sequence[Record]) -> Iterator[Record]:
    """The records of a post; of the files that several destinations show, the first has them."""
    seen: set[str] = set()
    for record in records:
        yield replace(record, blob_cids=tuple(cid for cid in record.blob_cids if cid not in seen))
        seen.update(record.blob_cids)

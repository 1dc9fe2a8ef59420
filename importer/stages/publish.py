"""Publish: have the post's records on the PDS, once, under keys derived from the post."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from importer.errors import Refused, TryLater
from importer.model import DOES_NOT_FIT, Post, Record, Trouble
from importer.pds.repo import BlobMissing, KeyRefused, KeyTaken, StoredRecord
from importer.records.destination import Destination, Draft, Uploaded, blob_cids
from importer.records.destinations import DESTINATIONS, draft_all, too_much
from importer.records.keys import record_key
from importer.stages.present import KEYS_TO_TRY, record_of, standing
from importer.stages.tools import FileGone, Job, Published, Tools
from importer.stages.uploads import Uploads
from importer.stages.verify import check_made
from importer.step import Step


def publish(job: Job, tools: Tools, step: Step) -> Published:
    """Upload the prepared files and write the records that show them at each destination.

    Only what the archive does not know to be there is written. The keys are looked at before
    anything is uploaded, unless the account was just read: an interrupted run, or a lost archive,
    may have left the records there. All records of a post are written in one go, so that the
    first of a destination stands for all of its own. Records of somebody else under the keys make
    us take the next ones. What the post shows at one destination it shows at all of them; one
    that does not take it as it is, is left out.

    Raises:
        FileGone: a prepared file is no longer there.
        Refused: the server takes a file or record under no circumstances.
        TryLater: the server could not take it now, or a budget has no room for it.
        SignInNeeded: the session cannot be renewed.
        Stopped: the step was told to stop.
    """
    uploads = Uploads(job, tools)
    there = list(_there(job.records, tools))
    uploads.take_over(_shown_by(there))
    if not uploads.are_at_hand:
        raise FileGone
    noted = {record.destination for record in job.records}
    missing = [one for one in tools.destinations if one.NAME not in noted]
    left_out = {
        one.NAME: trouble
        for one in missing
        if (trouble := too_much(one, uploads.longest, uploads.largest))
    }
    missing = [one for one in missing if one.NAME not in left_out]
    if not (missing or noted):
        # Never by one destination alone: the files were prepared for it.
        why = next(iter(left_out.values()))
        raise Refused(why.text, hint=why.hint, code=DOES_NOT_FIT, skip=True)
    twins = [record for record, _ in there]
    work = _Publishing(job, tools, step, uploads, missing, twins, left_out)
    attempts = _attempts(job)
    for attempt in attempts:
        if work.under(attempt, look=not job.is_absent or attempt != attempts[0]):
            work.look_at_what_was_made()
            return work.done
    raise Refused(
        f"{KEYS_TO_TRY} keys for this post are taken by other posts of the account.",
        hint="Report this: it should never happen.",
        code="no_free_key",
    )


class _Publishing:
    """The work on one post: what is missing of it, and what was found or written."""

    def __init__(
        self,
        job: Job,
        tools: Tools,
        step: Step,
        uploads: Uploads,
        missing: Sequence[Destination],
        twins: Sequence[Record],
        left_out: dict[str, Trouble],
    ) -> None:
        self._job = job
        self._tools = tools
        self._step = step
        self._uploads = uploads
        self._missing = list(missing)
        self._twins = twins
        self._records: list[Record] = []
        self._own: set[str] = set()
        self._wrote = False
        self._left_out = left_out
        self._not_right: Trouble | None = None

    @property
    def done(self) -> Published:
        """What came of it."""
        return Published(
            tuple(self._records),
            found=not self._wrote,
            own=frozenset(self._own),
            left_out=self._left_out,
            not_right=self._not_right,
        )

    def look_at_what_was_made(self) -> None:
        """See that what a video service made is the whole video: no sooner can it be read.

        A server that does not show it now is asked by `verify`.
        """
        own = [record for record in self._records if record.uri in self._own]
        sent, repo, archive = self._uploads.sent, self._tools.repo, self._job.archive
        if self._uploads.is_video:
            with suppress(TryLater):
                self._not_right = check_made(own, sent, repo, archive)

    def under(self, attempt: int, *, look: bool) -> bool:
        """Have what is missing under one of the post's keys; false if others have taken it."""
        if look and not self._look(attempt):
            return False
        if not self._missing:
            return True
        try:
            self._write(attempt)
        except KeyRefused:
            return False
        except KeyTaken:
            # Written between our look and our write: by another run of ours, or by others.
            before = len(self._missing)
            is_free = self._look(attempt)
            is_news = len(self._missing) < before
            return is_free and is_news and self.under(attempt, look=False)
        return True

    def _look(self, attempt: int) -> bool:
        """Take over what is there already; false if others have a record under one of the keys."""
        post, tools = self._job.post, self._tools
        rkey = _key(post, attempt)
        is_free = True
        for one in tuple(self._missing):
            first = tools.repo.record(one.COLLECTION, rkey)
            if first is None:
                continue
            if not one.is_ours(first.value, first.uri, post, 0):
                is_free = False
                continue
            self._missing.remove(one)
            found = [
                record_of(post, stored, one.NAME, tools, part)
                for part, stored in standing(post, first, one, attempt, tools)
            ]
            # A record that shows these very files is ours: a run wrote it and died.
            if found[0].blob_cids == self._foreseen(one, attempt):
                self._own |= {record.uri for record in found}
            self._records += found
        return is_free

    def _write(self, attempt: int) -> None:
        uploads, repo, budget = self._uploads, self._tools.repo, self._tools.budget
        number = len(self._drafts(attempt))
        try:
            uploads.look_at_quota()
            with budget.room_for(
                records=number,
                files=uploads.files_left,
                videos=uploads.videos_left,
                video_bytes=uploads.video_bytes_left,
            ):
                uploads.send(self._step)
                drafts = self._drafts(attempt)
                stored = (
                    repo.create_together(drafts)
                    if number > 1
                    else [repo.create(drafts[0].collection, drafts[0].rkey, drafts[0].value)]
                )
        except BlobMissing as missing:
            uploads.forget()
            raise TryLater(
                "The server dropped the uploaded file before its post was written.",
                hint="Tokaway uploads it again by itself.",
                code="blob_missing",
            ) from missing
        for draft, one in zip(drafts, stored, strict=True):
            self._records.append(
                record_of(self._job.post, one, draft.destination, self._tools, draft.part)
            )
            self._own.add(one.uri)
        self._missing.clear()
        self._wrote = True

    def _drafts(self, attempt: int) -> list[Draft]:
        """What is missing, under one of the post's keys; blobs as foreseen till they are up."""
        return draft_all(
            self._job.post,
            {one.NAME: attempt for one in self._missing},
            self._uploads.media,
            self._tools.account.did,
            self._tools.style,
            is_video=self._uploads.is_video,
            standing=(*self._twins, *self._records),
        )

    def _foreseen(self, destination: Destination, attempt: int) -> tuple[str, ...]:
        """The blobs of the first record that a destination would get now."""
        did, style = self._tools.account.did, self._tools.style
        first = destination.drafts(
            self._job.post,
            self._uploads.media,
            did,
            style,
            is_video=self._uploads.is_video,
            attempt=attempt,
        )[0]
        return blob_cids(first.value)


def _attempts(job: Job) -> list[int]:
    """The keys to try, by number: first the one that the post has elsewhere already."""
    known = {record.rkey for record in job.records}
    return sorted(range(KEYS_TO_TRY), key=lambda attempt: _key(job.post, attempt) not in known)


def _key(post: Post, attempt: int) -> str:
    return record_key(post.posted_at, post.ordinal, attempt=attempt)


def _there(records: Sequence[Record], tools: Tools) -> Iterator[tuple[Record, StoredRecord]]:
    """Those of a post's noted records that show it and were not deleted, as they are now."""
    for record in sorted(records, key=lambda record: record.part):
        if record.collection == DESTINATIONS[record.destination].COLLECTION:
            stored = tools.repo.record(record.collection, record.rkey)
            if stored:
                yield replace(record, cid=stored.cid), stored


def _shown_by(there: Sequence[tuple[Record, StoredRecord]]) -> list[Uploaded]:
    """What the post shows at the first destination where it is already."""
    return [
        shown
        for record, stored in there
        if record.destination == there[0][0].destination
        for shown in DESTINATIONS[record.destination].shown_in(stored.value)
    ]

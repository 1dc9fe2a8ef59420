"""Where the posts of an archive are to go: what is published is what is there everywhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from importer.archive.conditions import unmet
from importer.archive.looks import Looks
from importer.archive.rows import NO_TROUBLE, post_from_row, record_to_row, trouble_columns
from importer.archive.view import PLACED
from importer.model import Milestone, Post, Record, Role, Trouble


class Aims(Looks):
    """An archive that knows at which destinations its posts are, and where they should be."""

    def aim_at(self, destinations: Collection[str]) -> None:
        """Take over where posts are to go, and bring every milestone in line with that.

        Posts that lack a destination go back to where they can go on; those that lacked only one
        that is no longer wanted are published. Nothing on the server changes by it.
        """
        changed = set(destinations) != set(self.destinations())
        with self._change():
            self.set_fact("destinations", " ".join(destinations))
            for post in self._complete_at(destinations):
                self._move(post, Milestone.PUBLISHED, next_try_at=None, **NO_TROUBLE)
            for post in self.lacking(destinations):
                self._begin_again(post, self._goes_on_at(post))
            if changed:
                self._prepare_anew()

    def note_published(
        self,
        post: Post,
        records: Sequence[Record],
        left_out: Mapping[str, Trouble] | None = None,
        look_at: datetime | None = None,
        not_right: Trouble | None = None,
    ) -> None:
        """Its records are on the PDS, written by us just now or found there.

        `left_out` are the destinations that do not take it, with the reasons. At `look_at` an app
        view is asked whether its video plays, if it was sent straight to the server. `not_right`
        is what is wrong with what a video service made of it.
        """
        with self._change():
            self._put_records(records)
            self._look_at(post, records, look_at)
            self._leave_out(post, left_out or {})
            words = trouble_columns(not_right) if not_right else NO_TROUBLE
            self._move(post, Milestone.PUBLISHED, tries=0, next_try_at=None, **words)

    def note_recognised(
        self, post: Post, records: Sequence[Record], look_at: datetime | None = None
    ) -> bool:
        """Records of a post were found on the PDS; whether it is published by them.

        It is not while it lacks a destination.
        """
        with self._change():
            self._put_records(records)
            self._look_at(post, records, look_at)
            condition, names = unmet(self.destinations())
            if self._rows(f"SELECT 1 FROM posts WHERE id = ? AND ({condition})", [post.id, *names]):  # noqa: S608
                return False
            self._move(post, Milestone.PUBLISHED, tries=0, next_try_at=None, **NO_TROUBLE)
        return True

    def _put_records(self, records: Sequence[Record]) -> None:
        self._db.table("records").insert_all(map(record_to_row, records), replace=True)
        for post, destination in {(record.post, record.destination) for record in records}:
            self._db.execute(
                "DELETE FROM left_out WHERE post = ? AND destination = ?", [post, destination]
            )

    def _leave_out(self, post: Post, reasons: Mapping[str, Trouble]) -> None:
        """Note at which destinations a post is not, and will not be."""
        for name, why in reasons.items():
            self._db.execute(
                "DELETE FROM records WHERE post = ? AND destination = ?", [post.id, name]
            )
            self._db.execute(
                "INSERT OR REPLACE INTO left_out (post, destination, code, text, hint) "
                "VALUES (?, ?, ?, ?, ?)",
                [post.id, name, why.code, why.text, why.hint],
            )

    def _complete_at(self, destinations: Collection[str]) -> list[Post]:
        """Posts that are at all of these destinations and do not count as published."""
        marks = ", ".join("?" * len(PLACED))
        condition, names = unmet(destinations)
        return [
            post_from_row(row)
            for row in self._rows(
                f"SELECT * FROM posts WHERE milestone NOT IN ({marks}) AND NOT ({condition}) "  # noqa: S608
                "AND EXISTS (SELECT 1 FROM records WHERE post = posts.id)",
                [*PLACED, *names],
            )
        ]

    def _prepare_anew(self) -> None:
        """Forget what was prepared for other destinations; right copies are taken again."""
        at_one = {name for name, _ in self.recorded()}
        for post in self.posts(Milestone.PREPARED):
            if post.id not in at_one:
                self._db.execute(
                    "DELETE FROM files WHERE post = ? AND role IN (?, ?)",
                    [post.id, Role.PREPARED.value, Role.CAPTIONS.value],
                )
                self._move(post, self._supported(post), next_try_at=None, **NO_TROUBLE)

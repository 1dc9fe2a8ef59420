"""What the user writes and chooses, and the captions that other sources know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from importer.archive.changes import Changes
from importer.archive.matching import reason_to_skip
from importer.archive.rows import NO_TROUBLE, Row, trouble_columns
from importer.archive.view import PLACED
from importer.model import (
    ALT_FROM_USER,
    CAPTION_FROM_USER,
    DOES_NOT_FIT,
    Edit,
    Milestone,
    Post,
    Role,
    Trouble,
)

LEFT_OUT = Trouble(
    "left_out", "You left it out.", "To publish it, choose it again: tokaway captions ARCHIVE"
)

UNDONE = Trouble(
    "undone", "You took it back.", "To publish it again: tokaway posts ARCHIVE POST --choose"
)


@dataclass(frozen=True, slots=True)
class Edited:
    """What the user's edits changed: numbers of posts.

    `published` were published before: new words wait for `tokaway update`, all else stays. The
    media of `treated` ones will be prepared in another way.
    """

    captions: int = 0
    alts: int = 0
    chosen: int = 0
    left_out: int = 0
    published: int = 0
    treated: int = 0


class Edits(Changes):
    """An archive that takes the user's word."""

    def set_captions(self, found: Mapping[str, tuple[str, str]]) -> int:
        """Take over captions that a source knows, each with the source's name.

        What the user wrote stays, and so does what is published. That a post has no caption is
        worth knowing too, but replaces no words.

        Returns:
            How many posts got other words.
        """
        changed = 0
        with self._change():
            for name, (caption, source) in found.items():
                post = self.post(name)
                if post is None or post.milestone in PLACED:
                    continue
                if post.caption_source == CAPTION_FROM_USER or (post.caption and not caption):
                    continue
                changed += post.caption != caption
                self._set(name, caption=caption, caption_source=source)
        return changed

    def edit(self, edits: Iterable[Edit]) -> Edited:
        """Take over what the user wrote and chose; nothing else ever replaces it."""
        numbers = dict.fromkeys(Edited.__slots__, 0)
        with self._change():
            for edit in edits:
                post = self.post(edit.post)
                if post is None:
                    continue
                if self._reword(post, edit, numbers) and self.records(post.id):
                    self._set(post.id, reworded=1)
                if edit.chosen:
                    self._db.execute(
                        "DELETE FROM left_out WHERE post = ? AND code = ?", [post.id, UNDONE.code]
                    )
                if post.milestone in PLACED:
                    numbers["published"] += 1
                    continue
                numbers["treated"] += self._treat(post, edit)
                if edit.chosen is not None:
                    # Other treatment may have brought it back just now.
                    current = self.post(post.id) or post
                    numbers[self._choose(current, wanted=edit.chosen)] += 1
        return Edited(**numbers)

    def _reword(self, post: Post, edit: Edit, numbers: dict[str, int]) -> bool:
        """Take over new words; whether any of them differ from those known."""
        columns: Row = {}
        if edit.caption is not None:
            numbers["captions"] += 1
            columns |= {"caption": edit.caption, "caption_source": CAPTION_FROM_USER}
        if edit.alt is not None:
            numbers["alts"] += 1
            columns |= {"alt": edit.alt, "alt_source": ALT_FROM_USER}
        if edit.labels is not None:
            columns["labels"] = " ".join(edit.labels)
        if edit.langs is not None:
            columns["langs"] = " ".join(edit.langs)
        if columns:
            self._set(post.id, **columns)
        before = (post.caption, post.alt, post.labels, post.langs)
        after = (edit.caption, edit.alt, edit.labels, edit.langs)
        return any(new not in (None, old) for old, new in zip(before, after, strict=True))

    def _treat(self, post: Post, edit: Edit) -> bool:
        """Note how the user wants a post's media treated; what was made otherwise is made anew."""
        wanted: dict[str, Any] = {}
        if edit.long is not None:
            wanted["long"] = edit.long.value
        if edit.photos is not None:
            wanted["photos"] = edit.photos.value
        if edit.encode is not None:
            wanted["encode"] = int(edit.encode)
        if not wanted:
            return False
        self._set(post.id, **wanted)
        self._db.execute(
            "DELETE FROM files WHERE post = ? AND role IN (?, ?)",
            [post.id, Role.PREPARED.value, Role.CAPTIONS.value],
        )
        self.remove_copies(post.id)
        if post.milestone == Milestone.PREPARED or post.trouble_code == DOES_NOT_FIT:
            self._move(post, self._supported(post), next_try_at=None, **NO_TROUBLE)
        return True

    def _choose(self, post: Post, *, wanted: bool) -> str:
        """Choose a post or leave it out, on the user's word; what came of it."""
        if not wanted:
            columns = {"chosen": 0, "chosen_by": "user", "next_try_at": None}
            columns |= trouble_columns(LEFT_OUT)
            if post.milestone == Milestone.SKIPPED:
                self._set(post.id, **columns)
            else:
                self._move(post, Milestone.SKIPPED, **columns)
            return "left_out"
        # What becomes private later is withdrawn, unless it was private when the user chose it.
        by = "user" if reason_to_skip(post.privacy) else "rule"
        self._set(post.id, chosen=1, chosen_by=by)
        if post.milestone == Milestone.SKIPPED:
            self._move(post, self._goes_on_at(post), tries=0, next_try_at=None, **NO_TROUBLE)
        return "chosen"

"""What comes into an archive from outside the engine: exports, captions, files, choices.

Every change is one function and one transaction that writes a fact and moves the milestone
together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from importer.archive import moves
from importer.archive.matching import match_posts, reason_to_skip
from importer.archive.rows import (
    NO_TROUBLE,
    Row,
    links_to_json,
    moment,
    soonest_expiry,
    trouble_columns,
)
from importer.archive.view import PLACED, PREPARED_PREFIX, ArchiveView, sqlite_trouble
from importer.model import (
    ALT_FROM_EXPORT,
    ALT_FROM_USER,
    CAPTION_FROM_TITLE,
    CAPTION_FROM_USER,
    DOES_NOT_FIT,
    Edit,
    ExportPost,
    MediaFile,
    Milestone,
    Post,
    Privacy,
    Profile,
    Role,
    Seen,
    Trouble,
    first_death,
    post_id,
)

LEFT_OUT = Trouble(
    "left_out", "You left it out.", "To publish it, choose it again: tokaway captions ARCHIVE"
)


_SHOWN_BY_TIKTOK = (
    "allow_comments", "allow_duets", "allow_stitches", "disclosure", "ai_generated"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What a reading of an export changed: numbers of posts."""

    new: int
    refreshed: int
    withdrawn: int


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


class Intake(ArchiveView):
    """An archive that takes things in."""

    def absorb(self, found: Sequence[ExportPost]) -> Absorbed:
        """Take over the posts of an export: new ones are added, known ones get fresh links.

        What the user chose and wrote stays. A post that has become private since the last export
        and is not published yet is withdrawn: skipped, unless the user chose it. One that was
        left out only because an export did not say who could see it comes back when a newer one
        says everyone; one that was ever said to be private waits for the user's own word.
        """
        refreshed = withdrawn = 0
        with self._change():
            matched, new = match_posts(found, self.posts())
            for exported, ordinal in new:
                self._insert(exported, ordinal)
            for exported, post in matched:
                is_newer = _is_newer(exported, post)
                withdrawn += self._take_privacy(post, exported, is_newer=is_newer)
                refreshed += self._refresh(post, exported, is_newer=is_newer)
                self._complete(post, exported)
        return Absorbed(len(new), refreshed, withdrawn)

    def choose_private(self) -> int:
        """Choose every skipped private post, on the user's explicit word; how many there were."""
        with self._change():
            private = [
                post for post in self.posts(Milestone.SKIPPED) if post.trouble_code == "private"
            ]
            for post in private:
                self._move(post, Milestone.FOUND, chosen=1, chosen_by="user", **NO_TROUBLE)
        return len(private)

    def set_source_paths(self, paths: Mapping[str, Path]) -> int:
        """Note which local file holds a post's original; how many unpublished posts gained one."""
        gained = 0
        with self._change():
            for post_id, path in paths.items():
                post = self.post(post_id)
                if post is None or post.milestone in PLACED or post.source_path == str(path):
                    continue
                gained += 1
                self._set(post_id, source_path=str(path))
                if self._failed_to_come(post):
                    self._move(post, Milestone.FOUND, tries=0, next_try_at=None, **NO_TROUBLE)
        return gained

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
                reworded = self._reword(post, edit, numbers)
                if post.milestone in PLACED:
                    numbers["published"] += 1
                    if reworded:
                        self._set(post.id, reworded=1)
                    continue
                numbers["treated"] += self._treat(post, edit)
                if edit.chosen is not None:
                    # Other treatment may have brought it back just now.
                    current = self.post(post.id) or post
                    numbers[self._choose(current, wanted=edit.chosen)] += 1
        return Edited(**numbers)

    def seen(self, folder: str) -> dict[str, Seen]:
        """What was read in a source folder before, by path relative to it."""
        return {
            row["path"]: Seen(row["size"], row["changed_ns"], row["told"])
            for row in self._rows(
                "SELECT path, size, changed_ns, told FROM source_files WHERE folder = ?", [folder]
            )
        }

    def note_seen(self, folder: str, seen: Mapping[str, Seen], *, more: bool = False) -> None:
        """Remember what was read in a source folder: besides what is known of it, or instead."""
        with self._change():
            if not more:
                self._db.execute("DELETE FROM source_files WHERE folder = ?", [folder])
            rows = [
                {
                    "folder": folder,
                    "path": path,
                    "size": file.size,
                    "changed_ns": file.changed_ns,
                    "told": file.told,
                }
                for path, file in seen.items()
            ]
            self._db.table("source_files").insert_all(rows, replace=True)

    def set_profile(self, profile: Profile) -> None:
        """Remember what the export says about the creator's TikTok account."""
        self.set_fact("profile", json.dumps(asdict(profile), ensure_ascii=False))

    def set_fact(self, key: str, value: str) -> None:
        """Remember a word about the archive as a whole."""
        with self._change():
            self._db.execute(
                "INSERT INTO facts (key, value) VALUES (?, ?) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [key, value],
            )

    # inside a transaction

    @contextmanager
    def _change(self) -> Iterator[None]:
        with sqlite_trouble(self.folder), self._db.atomic():
            yield

    def _set(self, post_id: str, **columns: Any) -> None:
        assignments = ", ".join(f"{column} = ?" for column in columns)
        self._db.execute(
            f"UPDATE posts SET {assignments} WHERE id = ?",  # noqa: S608
            [*columns.values(), post_id],
        )

    def _move(self, post: Post, milestone: Milestone, **columns: Any) -> None:
        row = self._one("SELECT milestone FROM posts WHERE id = ?", [post.id])
        moves.check(Milestone(row["milestone"]), milestone)
        self._set(post.id, milestone=milestone.value, **columns)

    def _supported(self, post: Post) -> Milestone:
        """The last milestone that the files of a post support."""
        files = self.files(post.id)
        supported = Milestone.FOUND
        for role, milestone in (
            (Role.ORIGINAL, Milestone.FETCHED),
            (Role.PREPARED, Milestone.PREPARED),
        ):
            found = files.get(role)
            if role == Role.PREPARED and found:
                found += files.get(Role.CAPTIONS, ())
            if not found or not all(map(self._is_whole, found)):
                break
            supported = milestone
        return supported

    def _is_whole(self, file: MediaFile) -> bool:
        path = self.path(file.path)
        return path.is_file() and path.stat().st_size == file.bytes

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

    def remove_copies(self, post_id: str) -> None:
        """Free the disk of what was prepared for a post, noted or not; the original stays.

        Raises:
            OSError: a file cannot be removed.
        """
        for copy in self.media_folder(post_id).glob(f"{PREPARED_PREFIX}*"):
            # What a killed run worked in is a folder; the next run sweeps it away.
            if not copy.is_dir():
                copy.unlink(missing_ok=True)

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
            self._move(post, self._supported(post), tries=0, next_try_at=None, **NO_TROUBLE)
        return "chosen"

    def _insert(self, exported: ExportPost, ordinal: int) -> None:
        skip = reason_to_skip(exported.privacy)
        self._db.table("posts").insert(
            {
                "id": post_id(exported.posted_at, ordinal),
                "ordinal": ordinal,
                "posted_at": moment(exported.posted_at),
                "kind": exported.kind.value,
                "privacy": exported.privacy.value,
                "caption": exported.title or "",
                "caption_source": CAPTION_FROM_TITLE if exported.title else None,
                "alt": exported.alt or "",
                "alt_source": ALT_FROM_EXPORT if exported.alt else None,
                "cover_url": exported.cover_url,
                "likes": exported.likes,
                "allow_comments": exported.allow_comments,
                "allow_duets": exported.allow_duets,
                "allow_stitches": exported.allow_stitches,
                "disclosure": exported.disclosure or "",
                "ai_generated": exported.ai_generated or "",
                "links": links_to_json(exported.links),
                "link_expires_at": soonest_expiry(exported.links),
                "chosen": int(skip is None),
                "chosen_by": "rule",
                "milestone": (Milestone.SKIPPED if skip else Milestone.FOUND).value,
                **trouble_columns(skip),
            }
        )

    def _refresh(self, post: Post, exported: ExportPost, *, is_newer: bool | None) -> bool:
        """Take fresher links, and try again what failed for want of them."""
        if is_newer is False or not exported.links or post.links == exported.links:
            return False
        fresh = soonest_expiry(exported.links)
        if fresh and soonest_expiry(post.links) == fresh:
            return False
        self._set(
            post.id,
            links=links_to_json(exported.links),
            link_expires_at=fresh,
            cover_url=exported.cover_url or post.cover_url,
        )
        current = self.post(post.id)
        if current is not None and self._failed_to_come(current):
            self._move(post, Milestone.FOUND, tries=0, next_try_at=None, **NO_TROUBLE)
        return True

    def _complete(self, post: Post, exported: ExportPost) -> None:
        """Take over words that no other export had, where nobody else wrote any."""
        if post.milestone in PLACED:
            return
        if exported.title and not post.caption and post.caption_source is None:
            self._set(post.id, caption=exported.title, caption_source=CAPTION_FROM_TITLE)
        if exported.alt and not post.alt and post.alt_source is None:
            self._set(post.id, alt=exported.alt, alt_source=ALT_FROM_EXPORT)
        for name in _SHOWN_BY_TIKTOK:
            if getattr(post, name) in (None, "") and getattr(exported, name) is not None:
                self._set(post.id, **{name: getattr(exported, name)})

    def _take_privacy(self, post: Post, exported: ExportPost, *, is_newer: bool | None) -> bool:
        """Honour a privacy that has changed on TikTok, while it still can be.

        Returns:
            Whether the post was withdrawn.
        """
        if post.privacy == exported.privacy or post.milestone in PLACED:
            return False
        if exported.privacy == Privacy.UNKNOWN and (
            is_newer is False or post.privacy != Privacy.EVERYONE
        ):
            # Exports of 2020 to 2022 do not say it at all: what was said stays known.
            return False
        if exported.privacy == Privacy.EVERYONE and not is_newer:
            return False
        self._set(post.id, privacy=exported.privacy.value)
        skip = reason_to_skip(exported.privacy)
        if skip is None:
            unsaid = reason_to_skip(Privacy.UNKNOWN)
            is_only_unsaid = unsaid is not None and post.trouble == unsaid.text
            if is_only_unsaid and post.milestone == Milestone.SKIPPED:
                self._move(post, self._supported(post), chosen=1, next_try_at=None, **NO_TROUBLE)
            return False
        if not post.chosen or post.chosen_by == "user":
            return False
        columns = {"chosen": 0, "next_try_at": None, **trouble_columns(skip)}
        if post.milestone == Milestone.SKIPPED:
            self._set(post.id, **columns)
        else:
            self._move(post, Milestone.SKIPPED, **columns)
        return True

    def _failed_to_come(self, post: Post) -> bool:
        """Whether a post failed before its original was here: another way to get it may work."""
        return post.milestone == Milestone.FAILED and Role.ORIGINAL not in self.files(post.id)


def _is_newer(exported: ExportPost, post: Post) -> bool | None:
    """Whether an export is newer than those a post is known from; `None` if it cannot be told.

    Each link of a kind lives equally long, so its end tells when the export was made.
    """
    known, fresh = first_death(post.links), first_death(exported.links)
    if known is None or fresh is None or known == fresh:
        return None
    return fresh > known

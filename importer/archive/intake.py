"""What comes into an archive from outside: posts of exports, files of source folders."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from importer.archive.edits import Edits
from importer.archive.matching import match_posts, reason_to_skip
from importer.archive.rows import (
    NO_TROUBLE,
    links_to_json,
    moment,
    soonest_expiry,
    trouble_columns,
)
from importer.archive.view import PLACED
from importer.model import (
    ALT_FROM_EXPORT,
    CAPTION_FROM_TITLE,
    ExportPost,
    Milestone,
    Post,
    Privacy,
    Profile,
    Role,
    Seen,
    first_death,
    post_id,
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


class Intake(Edits):
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

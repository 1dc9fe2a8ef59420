"""What the list of posts has to say: posts without words, links that die, and what to do."""

from __future__ import annotations

from datetime import datetime

from importer.model import Post
from importer.selection import STATES, State, link_is_dying
from tui.language import _, ngettext


class Tally:
    """Counts posts, so that one that changes is told without a look at all the others.

    Args:
        now: tells which links die soon.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.posts = self.chosen = 0
        self._dead = self._dying = self._silent = 0

    def add(self, post: Post, by: int = 1) -> None:
        """Count a post in, or out with -1: as it was counted in."""
        self.posts += by
        if not post.chosen:
            return
        self.chosen += by
        if link_is_dying(post, self._now):
            is_dead = post.link_expires_at is not None and post.link_expires_at <= self._now
            self._dead += by * is_dead
            self._dying += by * (not is_dead)
        if not post.caption.strip() and STATES[post.milestone] is State.WAITING:
            self._silent += by

    def notices(self) -> list[str]:
        """A line for each thing that a person should know before going on."""
        lines = self.links()
        if self._silent:
            told = ngettext(
                "→ {n} post has no words yet:", "→ {n} posts have no words yet:", self._silent
            )
            how = _("o reads them off TikTok, s finds them in a folder.")
            lines.append(f"{told.format(n=f'{self._silent:,}')} {how}")
        return lines

    def links(self) -> list[str]:
        """A line for links that have died, and one for those that will soon."""
        lines = []
        if self._dead:
            told = ngettext(
                "! {n} link has died: ask TikTok for your data again and open the new file.",
                "! {n} links have died: ask TikTok for your data again and open the new file.",
                self._dead,
            )
            lines.append(told.format(n=f"{self._dead:,}"))
        if self._dying:
            told = ngettext(
                "! {n} link dies within two days: publish soon, its file comes first.",
                "! {n} links die within two days: publish soon, their files come first.",
                self._dying,
            )
            lines.append(told.format(n=f"{self._dying:,}"))
        return lines

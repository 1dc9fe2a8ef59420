"""Choosing posts and leaving them out: what changes, and what must be asked before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from importer.model import Edit, Post
from importer.selection import STATES, State
from importer.wanted import Wanted, become_public
from tui.language import _, ngettext


@dataclass(frozen=True, slots=True)
class Choice:
    """What choosing some posts comes to: `private` ones among the edits were not for everyone."""

    edits: tuple[Edit, ...]
    private: frozenset[str]

    def without_private(self) -> tuple[Edit, ...]:
        """The edits that need no question."""
        return tuple(edit for edit in self.edits if edit.post not in self.private)


def choice(posts: Sequence[Post], *, chosen: bool) -> Choice:
    """Choose posts, or leave them out; those that are published already stay as they are."""
    wanted = Wanted(chosen=chosen)
    meant = [
        post
        for post in posts
        if post.chosen != chosen and STATES[post.milestone] is not State.PUBLISHED
    ]
    edits = tuple(wanted.of(post) for post in meant)
    private = become_public(edits, {post.id: post for post in meant})
    return Choice(edits, frozenset(post.id for post in private))


def question(made: Choice) -> str:
    """What is asked before private posts become public."""
    number, private = len(made.edits), len(made.private)
    if number == private == 1:
        who = _("Not everyone could see this post on TikTok.")
    else:
        who = ngettext(
            "{private} of these {number} posts could not be seen by everyone on TikTok.",
            "{private} of these {number} posts could not be seen by everyone on TikTok.",
            private,
        ).format(private=f"{private:,}", number=f"{number:,}")
    public = _(
        "Where you publish, everything is public: anyone can see it, also without an account, and "
        "copies may stay when you delete it."
    )
    return f"{who}\n\n{public}"

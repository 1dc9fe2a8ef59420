"""How posts are worded and guarded: the user's choices that shape every record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from importer.model import Post

# Values that apps know how to treat (com.atproto.label.defs, definitions of Bluesky's labels).
LABELS = ("sexual", "nudity", "porn", "graphic-media", "!no-unauthenticated")
MOST_LABELS = 10
MOST_LANGS = 3


class Overflow(StrEnum):
    """What becomes of a caption that is longer than a record may be."""

    THREAD = "thread"
    """It goes on in replies."""
    TRUNCATE = "truncate"
    """It ends with an ellipsis."""


class Names(StrEnum):
    """What becomes of the @names of TikTok in a caption."""

    PLAIN = "plain"
    """Text: nobody is told."""
    LINK = "link"
    """A link to the profile on TikTok."""
    MENTION = "mention"
    """A mention, for those in the user's own table of handles; text for all others."""


@dataclass(frozen=True, slots=True)
class Style:
    """The choices of one run.

    `accounts` are DIDs by TikTok user name, in lower case. `langs` (BCP 47) and `labels` go for
    posts that have none of their own; without `langs` the language is told from the caption.
    `gates` closes replies where TikTok's comments were closed, `quote_gates` quotes where stitches
    or duets were. `disclose` says in words what TikTok showed about AI and advertising.
    `provenance` adds a link to the TikTok post, of the account `user_name`, to the record.
    """

    overflow: Overflow = Overflow.THREAD
    names: Names = Names.PLAIN
    accounts: Mapping[str, str] = field(default_factory=dict)
    langs: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    gates: bool = True
    quote_gates: bool = False
    disclose: bool = False
    provenance: bool = False
    user_name: str = ""

    def name(self, user_name: str) -> dict[str, Any] | None:
        """What an @name becomes: the feature of a facet, `None` for text."""
        if self.names is Names.LINK:
            uri = f"https://www.tiktok.com/@{user_name}"
            return {"$type": "app.bsky.richtext.facet#link", "uri": uri}
        did = self.accounts.get(user_name.casefold())
        if self.names is Names.MENTION and did:
            return {"$type": "app.bsky.richtext.facet#mention", "did": did}
        return None

    def note(self, post: Post) -> str:
        """What TikTok showed beside the caption, in words; empty if nothing is to be said."""
        if not self.disclose:
            return ""
        said = []
        if _is_said(post.ai_generated):
            said.append("Made with AI.")
        if _is_said(post.disclosure):
            said.append(f"Advertising: {post.disclosure}.")
        return " ".join(said)

    def closes_replies(self, post: Post) -> bool:
        """Whether nobody may reply, as on TikTok."""
        return self.gates and post.allow_comments is False

    def closes_quotes(self, post: Post) -> bool:
        """Whether nobody may quote: the nearest thing to closed stitches and duets."""
        return self.quote_gates and False in (post.allow_duets, post.allow_stitches)


USUAL = Style()
"""What goes for those who choose nothing."""


def _is_said(text: str) -> bool:
    return text.strip().casefold() not in {"", "n/a", "no", "none", "false", "0"}

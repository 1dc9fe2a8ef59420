"""What the list of posts has to say: posts without words, links that die, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from importer.model import Post
from importer.selection import Selection, State
from tui.language import _, ngettext

_SILENT = Selection(no_caption=True, state=State.WAITING)
_DYING = Selection(dying_link=True)


def notices(posts: Sequence[Post], now: datetime) -> list[str]:
    """A line for each thing that a person should know before going on."""
    chosen = [post for post in posts if post.chosen]
    lines = dying_links(chosen, now)
    if silent := len(_SILENT.of(chosen, now)):
        told = ngettext("→ {n} post has no words yet.", "→ {n} posts have no words yet.", silent)
        how = _("o reads them off TikTok, s finds them in a folder, e writes them.")
        lines.append(f"{told.format(n=f'{silent:,}')} {how}")
    return lines


def dying_links(chosen: Sequence[Post], now: datetime) -> list[str]:
    """A line for links that have died, and one for those that will soon."""
    lines = []
    dying = _DYING.of(chosen, now)
    dead = sum(post.link_expires_at is not None and post.link_expires_at <= now for post in dying)
    if dead:
        told = ngettext(
            "! The link of {n} post has died. Ask TikTok for your data again and open the new "
            "file.",
            "! The links of {n} posts have died. Ask TikTok for your data again and open the new "
            "file.",
            dead,
        )
        lines.append(told.format(n=f"{dead:,}"))
    if soon := len(dying) - dead:
        told = ngettext(
            "! The link of {n} post dies within two days: publish soon, its file comes first.",
            "! The links of {n} posts die within two days: publish soon, their files come first.",
            soon,
        )
        lines.append(told.format(n=f"{soon:,}"))
    return lines

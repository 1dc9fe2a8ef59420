"""A post as its records will look: words with marked links, what hangs on them, and its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from textual.content import Content

from importer.model import Action, Kind, Milestone, Post, Privacy
from importer.plans import Plan
from importer.records.destination import Destination, Draft
from importer.records.facets import LINK, pieces
from importer.wording import link_life, utc
from tui.language import _, ngettext
from tui.naming import label_name, privacy_name
from tui.shown import one_line, visible

_LINKED = "underline $text-accent"
_FAINT = "dim"
_ARROW = "→"
# What becomes of these files is the person's to say.
_CHOOSABLE = (Action.SPLIT, Action.TRIM, Action.SKIP, Action.SLIDESHOW)


@dataclass(frozen=True, slots=True)
class Seen:
    """A post, and the records it becomes."""

    post: Post
    drafts: tuple[Draft, ...]


def first_words(post: Post) -> Content:
    """What is shown at once: to tell languages and links takes a while the first time."""
    caption = visible(post.caption)
    return Content.assemble((utc(post.posted_at), "bold"), "\n\n", (f"{caption} …", _FAINT))


def record_words(seen: Seen, plan: Plan, now: datetime) -> Content:
    """All that will stand on the account for one post, and what becomes of its file."""
    return Content("\n").join(
        [*_head(seen, plan), *_records(seen, plan), *_around(seen, plan), *_file(seen, plan, now)]
    )


def _head(seen: Seen, plan: Plan) -> Iterator[Content]:
    post = seen.post
    yield Content.assemble((utc(post.posted_at), "bold"))
    fit = plan.foreseen.get(post.id)
    if fit and fit.action is Action.SKIP:
        yield _line("!", _("It will be left out: {reason}").format(reason=visible(fit.reason)))
    if post.privacy is not Privacy.EVERYONE:
        yield _line(
            "!",
            _("On TikTok it could be seen by: {who}. Here everyone will see it.").format(
                who=privacy_name(post.privacy)
            ),
        )


def _records(seen: Seen, plan: Plan) -> Iterator[Content]:
    for destination in plan.destinations:
        drafts = [draft for draft in seen.drafts if draft.destination == destination.NAME]
        for number, draft in enumerate(drafts, 1):
            yield Content("")
            place = _place(destination, number, len(drafts), alone=len(plan.destinations) == 1)
            if place:
                yield Content.assemble((f"── {place} ", _FAINT), ("─" * 8, _FAINT))
            yield from _record(draft.value)


def _place(destination: Destination, number: int, among: int, *, alone: bool) -> str:
    """Where a record stands: at which destination if there are several, and in which row."""
    part = ""
    if among > 1:
        words = _("Part {number} of {all}") if number == 1 else _("Reply {number} of {all}")
        part = words.format(number=number, all=among)
    return part if alone else " · ".join(filter(None, (destination.TITLE, part)))


def _record(value: dict[str, Any]) -> Iterator[Content]:
    # Spark has the words in a caption of their own.
    told = value if "text" in value else value.get("caption", {})
    text = str(told.get("text", ""))
    found = pieces(text, told.get("facets", ()))
    if text:
        yield Content.assemble(*(_piece(words, feature) for words, feature in found))
    else:
        yield Content.assemble((_("(no words)"), _FAINT))
    links = [feature["uri"] for _words, feature in found if feature and feature["$type"] == LINK]
    for uri in dict.fromkeys(links):
        yield Content.assemble((f"  {_ARROW} {visible(uri)}", _FAINT))
    if embed := value.get("embed") or value.get("media"):
        yield _line("●", _media(embed))
        for alt in _alts(embed):
            yield Content.assemble((_("  Description: {alt}").format(alt=visible(alt)), _FAINT))


def _piece(words: str, feature: dict[str, Any] | None) -> tuple[str, str]:
    if feature is None:
        return visible(words), ""
    # A hashtag and a name show what they are; a link gets a sign, for whom colours say nothing.
    sign = _ARROW if feature["$type"] == LINK else ""
    return f"{visible(words)}{sign}", _LINKED


def _media(embed: dict[str, Any]) -> str:
    photos = _photos(embed)
    if not photos:
        return _("a video")
    return ngettext("{n} photo", "{n} photos", len(photos)).format(n=len(photos))


def _alts(embed: dict[str, Any]) -> list[str]:
    """What is told to those who do not see it; of many photos the first and the last."""
    photos = _photos(embed)
    alts = [str(one["alt"]) for one in photos] if photos else [str(embed.get("alt", ""))]
    return [alt for alt in dict.fromkeys((alts[0], alts[-1])) if alt]


def _photos(embed: dict[str, Any]) -> Sequence[dict[str, Any]]:
    return embed.get("images") or embed.get("items") or ()


def _around(seen: Seen, plan: Plan) -> Iterator[Content]:
    """What stands beside the words: tags, language, labels, and who may answer."""
    post, style, first = seen.post, plan.style, seen.drafts[0].value
    lines = []
    if tags := first.get("tags"):
        shown = " ".join(f"#{one_line(tag)}" for tag in tags)
        lines.append(_line("#", _("Found by these too: {tags}").format(tags=shown)))
    if langs := first.get("langs"):
        lines.append(_line("-", _("Language: {langs}").format(langs=", ".join(langs))))
    if labels := first.get("labels"):
        values = ", ".join(label_name(one["val"]) for one in labels["values"])
        lines.append(_line("-", _("Content labels: {labels}").format(labels=values)))
    if style.closes_replies(post):
        lines.append(_line("-", _("Nobody may reply, as on TikTok.")))
    if style.closes_quotes(post):
        lines.append(_line("-", _("Nobody may quote: stitches or duets were closed on TikTok.")))
    if lines:
        yield Content("")
        yield from lines


def _file(seen: Seen, plan: Plan, now: datetime) -> Iterator[Content]:
    post, fit = seen.post, plan.foreseen.get(seen.post.id)
    yield Content("")
    yield Content.assemble((_("Its file"), "bold"))
    if fit:
        yield Content(visible(fit.reason))
    else:
        yield Content(_("Not here yet: it is fetched first, then made to fit if it must be."))
    if post.milestone is Milestone.FOUND and (life := link_life(post.link_expires_at, now)):
        yield _line("!", _("Its link at TikTok: {life}.").format(life=life))
    if post.kind is Kind.PHOTO or (fit and fit.action in _CHOOSABLE):
        yield Content.assemble((_("t chooses how this post is published."), _FAINT))


def _line(sign: str, words: str) -> Content:
    return Content(f"{sign} {words}")

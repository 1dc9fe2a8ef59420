"""One post closely: its still, its whole words, and everything known of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from importer.clock import utc_now
from importer.closeup import Closeup
from importer.model import Kind, Measure, Milestone, Post, Privacy
from importer.selection import STATES, State
from importer.wording import link_life, size, utc
from tui.advice import advice
from tui.language import _, ngettext
from tui.naming import kind_name, length, milestone_name, privacy_name
from tui.shown import one_line, visible
from tui.widgets.poster import Poster

# Their hints speak of commands; here one key does it.
_CHOICES = ("private", "left_out", "undone")


class Preview(VerticalScroll):
    """The post under the cursor."""

    DEFAULT_CSS = """
    Preview { padding: 0 1; }
    Preview Poster { margin: 0 2 1 0; }
    Preview #words { height: auto; width: 1fr; }
    """

    def compose(self) -> ComposeResult:
        """The still above the words."""
        yield Poster()
        yield Static(id="words")

    def show(self, post: Post | None, measure: Measure | None) -> None:
        """Show at once what the list knows; the rest comes with `show_closely`."""
        self.query_one(Poster).show(None)
        words = told(post, measure, None, utc_now()) if post else Text(_("No post."))
        self.query_one("#words", Static).update(words)
        self.scroll_home(animate=False)

    def show_closely(self, seen: Closeup, measure: Measure | None) -> None:
        """Show all there is to know."""
        self.query_one(Poster).show(seen.poster)
        words = told(seen.post, measure, seen, utc_now())
        self.query_one("#words", Static).update(words)


def told(post: Post, measure: Measure | None, seen: Closeup | None, now: datetime) -> Text:
    """Everything known of a post, in words; user's text is never markup."""
    text = Text()
    text.append(utc(post.posted_at), style="bold")
    text.append("\n" + " · ".join(_facts(post, measure)))
    text.append("\n" + " · ".join(_standing(post)))
    _section(text, _("Caption"), visible(post.caption) or _("No words yet. e writes some."))
    if post.caption_source:
        source = {"user": _("you"), "title": _("the export")}.get(
            post.caption_source, post.caption_source
        )
        text.append("\n" + _("from: {source}").format(source=one_line(source)), style="dim")
    _section(
        text,
        _("Description for people who do not see it"),
        visible(post.alt) or _("None yet. e writes one."),
    )
    for name, words in _more(post, seen, now):
        _section(text, name, words)
    return text


def _section(text: Text, name: str, words: str) -> None:
    text.append(f"\n\n{name}\n", style="bold")
    text.append(words)


def _facts(post: Post, measure: Measure | None) -> Iterator[str]:
    yield kind_name(post.kind)
    if measure:
        if post.kind is Kind.PHOTO:
            yield ngettext("{n} photo", "{n} photos", measure.files).format(n=measure.files)
        else:
            yield length(measure.seconds)
        yield size(measure.bytes)
    if post.likes is not None:
        yield ngettext("{n} like", "{n} likes", post.likes).format(n=f"{post.likes:,}")


def _standing(post: Post) -> Iterator[str]:
    yield milestone_name(post.milestone)
    if STATES[post.milestone] is not State.LEFT_OUT:
        yield _("chosen") if post.chosen else _("not chosen")
    who = privacy_name(post.privacy)
    yield (
        _("everyone could see it")
        if post.privacy is Privacy.EVERYONE
        else _("who could see it: {who}").format(who=who)
    )


def _more(post: Post, seen: Closeup | None, now: datetime) -> Iterator[tuple[str, str]]:
    if post.trouble:
        hint = advice(post.trouble_code or "", post.hint or "")
        if post.trouble_code in _CHOICES:
            hint = _("To publish it, choose it: space.")
        yield _("Why it stands still"), visible("\n→ ".join(filter(None, (post.trouble, hint))))
    if seen and seen.fit:
        yield _("Its file"), visible(seen.fit.reason)
    elif seen and post.milestone in (Milestone.FOUND, Milestone.FAILED):
        yield _("Its file"), _("Not here yet. It is fetched when you publish.")
    if post.milestone is Milestone.FOUND and (life := link_life(post.link_expires_at, now)):
        yield _("Its link at TikTok"), life
    treated = list(_treatment(post))
    if treated:
        yield _("As you wish"), "; ".join(treated)
    if seen and seen.link:
        yield _("Published at"), visible(seen.link)


def _treatment(post: Post) -> Iterator[str]:
    if post.long:
        yield {
            "split": _("too long: a thread"),
            "trim": _("too long: only its beginning"),
            "skip": _("too long: left out"),
        }[post.long]
    if post.photos:
        yield {
            "thread": _("photos: a thread"),
            "first": _("photos: the first ten"),
            "video": _("photos: as a video"),
        }[post.photos]
    if post.encode:
        yield _("encoded anew")
    if post.labels:
        yield _("labels: {labels}").format(labels=", ".join(map(one_line, post.labels)))
    if post.langs:
        yield _("languages: {langs}").format(langs=", ".join(map(one_line, post.langs)))

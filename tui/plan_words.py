"""What an import will be, in all: how much, until when, and what to know before it begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from textual.content import Content

from importer.model import Action, Milestone, Privacy
from importer.plans import Plan
from importer.reviewing import Sending
from importer.wording import forecast_line, size
from tui.advice import advice
from tui.language import _, ngettext
from tui.notices import Tally
from tui.shown import one_line, visible

_MOST_DAYS = 14
_BAR = 24
_FAINT = "dim"


def whom(plan: Plan) -> str | None:
    """The handle that is published to; `None` while nobody is signed in."""
    account = plan.summary.account
    return account.handle if account else plan.settings.to


def headline(plan: Plan, sending: Sending) -> str:
    """The import in one line."""
    number = ngettext("{n} post", "{n} posts", sending.posts).format(n=f"{sending.posts:,}")
    handle = whom(plan)
    if handle is None:
        return _("Nothing has been sent so far. {posts}, and nobody is signed in yet.").format(
            posts=number
        )
    return _("Nothing has been sent so far. {posts} for @{handle}.").format(
        posts=number, handle=one_line(handle)
    )


def in_short(plan: Plan, sending: Sending, free: int, now: datetime) -> str:
    """How much is to be sent, and when it ends."""
    told = list(totals(plan, sending, free, now))
    return " ".join((told[0], *told[2:]))


def totals(plan: Plan, sending: Sending, free: int, now: datetime) -> Iterator[str]:
    """How much is to be sent, what it needs here, and when it ends."""
    files = ngettext("{n} file", "{n} files", sending.files).format(n=f"{sending.files:,}")
    if sending.not_here == sending.posts:
        yield _("To send: {files}; how large they are is known once they are fetched.").format(
            files=files
        )
    elif sending.not_here:
        yield ngettext(
            "To send: {files}, {size} of them at hand; {n} post is still to be fetched.",
            "To send: {files}, {size} of them at hand; {n} posts are still to be fetched.",
            sending.not_here,
        ).format(files=files, size=size(sending.bytes), n=f"{sending.not_here:,}")
    else:
        yield _("To send: {files}, {size}.").format(files=files, size=size(sending.bytes))
    if sending.room is None:
        yield _("On this disk: {free} free.").format(free=size(free))
    else:
        yield _("On this disk: about {room} needed, {free} free.").format(
            room=size(sending.room), free=size(free)
        )
    end = plan.summary.finish_at
    if end:
        yield forecast_line(end, plan.summary.limited_by, now) or _("It takes only minutes.")


def warnings(plan: Plan, sending: Sending, free: int, now: datetime) -> list[tuple[str, str]]:
    """What to know before the import begins: a sentence, and what can be done."""
    found = [(visible(notice.text), advice(notice.code, notice.hint)) for notice in plan.notices]
    if sending.room is not None and sending.room > free:
        found.append(
            (
                _("The disk may be too small for all files at once."),
                _("Free some space, or move the archive to a larger disk. Nothing is ever lost."),
            )
        )
    private = sum(post.privacy is not Privacy.EVERYONE for post in plan.waiting)
    if private:
        text = ngettext(
            "{n} post that not everyone could see on TikTok will be public.",
            "{n} posts that not everyone could see on TikTok will be public.",
            private,
        )
        found.append((text.format(n=f"{private:,}"), _("To leave them out, go back to the posts.")))
    left_out = Counter(fit.reason for fit in plan.foreseen.values() if fit.action is Action.SKIP)
    for reason, number in left_out.most_common():
        text = ngettext(
            "{n} post will be left out: {reason}", "{n} posts will be left out: {reason}", number
        )
        found.append((text.format(n=number, reason=visible(reason)), ""))
    tally = Tally(now)
    for post in plan.waiting:
        tally.add(post)
    found += [(line.removeprefix("! "), "") for line in tally.links()]
    if silent := plan.summary.without_caption:
        text = ngettext(
            "{n} post will be published without words.",
            "{n} posts will be published without words.",
            silent,
        )
        hint = _("The list of posts can read them off TikTok, or find them in a folder of yours.")
        found.append((text.format(n=f"{silent:,}"), hint))
    if unseen := plan.summary.without_alt:
        text = ngettext(
            "{n} post has no description for people who cannot see it.",
            "{n} posts have no description for people who cannot see them.",
            unseen,
        )
        found.append((text.format(n=f"{unseen:,}"), _("e in the list of posts writes it.")))
    return found


def overview(plan: Plan, sending: Sending, free: int, now: datetime) -> Content:
    """Totals, what to know, what their files need, what is left out, and what goes on which day."""
    parts = [Content(line) for line in totals(plan, sending, free, now)]
    known = warnings(plan, sending, free, now)
    if known:
        parts += _section(_("What you should know"))
        for text, hint in known:
            parts.append(Content(f"! {text}"))
            if hint:
                parts.append(Content.assemble((f"  → {hint}", _FAINT)))
    if needs := list(_needs(plan)):
        parts += [*_section(_("What their files need")), *map(Content, needs)]
    if reasons := list(_left_out(plan)):
        parts += [*_section(_("Left out, or failed before")), *map(Content, reasons)]
    if days := list(_days(plan)):
        parts += [*_section(_("What goes when")), *map(Content, days)]
    return Content("\n").join(parts)


def _section(name: str) -> list[Content]:
    return [Content(""), Content.assemble((name, "bold"))]


def _needs(plan: Plan) -> Iterator[str]:
    words = {
        Action.KEEP: _("sent as they are"),
        Action.REMUX: _("repacked or cleaned without loss"),
        Action.AUDIO: _("given other sound, their picture untouched"),
        Action.TRANSCODE: _("converted"),
        Action.SPLIT: _("split into a thread"),
        Action.TRIM: _("cut off at the longest length"),
        Action.SLIDESHOW: _("made into a video"),
    }
    done = Counter(fit.action for fit in plan.foreseen.values())
    yield from (f"  {done[action]:>5,}  {told}" for action, told in words.items() if done[action])
    if left := len(plan.waiting) - len(plan.foreseen):
        told = _("seen when they are fetched")
        yield f"  {left:>5,}  {told}"


def _left_out(plan: Plan) -> Iterator[str]:
    for reason in plan.summary.reasons:
        sign = "-" if reason.milestone is Milestone.SKIPPED else "!"
        yield f"  {sign} {reason.posts:,}  {visible(reason.text)}"


def _days(plan: Plan) -> Iterator[str]:
    days = plan.forecast.days if plan.forecast else ()
    if len(days) < 2:
        return
    most = max(number for _day, number in days)
    for day, number in days[:_MOST_DAYS]:
        bar = "■" * max(1, round(number / most * _BAR))
        yield f"  {day:%Y-%m-%d}  {bar} {number:,}"
    more = len(days) - _MOST_DAYS
    if more > 0:
        yield ngettext("  … and {n} more day", "  … and {n} more days", more).format(n=more)

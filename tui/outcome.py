"""Where an import stands, in words: the end of it, or how far it is."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from importer.model import Milestone
from importer.summary import Summary
from importer.wording import forecast_line
from tui.advice import advice
from tui.language import _, ngettext
from tui.shown import one_line, visible
from tui.times import when


def headline(summary: Summary) -> str:
    """The end in one line."""
    failed, wrong = summary.counts[Milestone.FAILED], _not_right(summary)
    if not summary.chosen:
        return _("Nothing is chosen to be published.")
    if summary.published == summary.chosen and wrong:
        return ngettext(
            "! All is published, but {number} post is not right.",
            "! All is published, but {number} posts are not right.",
            wrong,
        ).format(number=f"{wrong:,}")
    if summary.published == summary.chosen:
        return ngettext(
            "✓ All done! Your {number} post is published.",
            "✓ All done! All {number} posts are published.",
            summary.chosen,
        ).format(number=f"{summary.chosen:,}")
    far = _("{published} of {chosen} posts are published").format(
        published=f"{summary.published:,}", chosen=f"{summary.chosen:,}"
    )
    if summary.unfinished:
        return _("○ {far}; {number} wait.").format(far=far, number=f"{summary.unfinished:,}")
    return _("! {far}; {number} did not work.").format(far=far, number=f"{failed:,}")


def detail(summary: Summary, now: datetime) -> str:
    """What comes next, or where to look."""
    if summary.published == summary.chosen and _not_right(summary):
        return _("Below is why.")
    if summary.chosen and summary.published == summary.chosen:
        return _("Each has its own date, as on TikTok. Have a look at your profile!")
    if not summary.unfinished:
        return _("Below is why. Posts that failed may be tried again with r.")
    told = []
    if summary.next_try_at:
        told.append(_("The next try is at {time}.").format(time=when(summary.next_try_at, now)))
    if summary.finish_at:
        line = forecast_line(summary.finish_at, summary.limited_by, now)
        told.append(line or _("The rest takes a few minutes."))
    return " ".join(told)


def _not_right(summary: Summary) -> int:
    return sum(one.posts for one in summary.reasons if one.milestone is Milestone.PUBLISHED)


def numbers(summary: Summary) -> str:
    """A line for each number that is not naught."""
    lines = [
        ("✓", summary.published, _("published")),
        ("○", summary.unfinished, _("waiting")),
        ("!", summary.counts[Milestone.FAILED], _("failed")),
        ("-", summary.counts[Milestone.SKIPPED], _("left out")),
    ]
    told = [f"{mark} {number:>7,}  {word}" for mark, number, word in lines if number]
    if summary.unseen:
        told.append(
            f"○ {summary.unseen:>7,}  " + _("published; a look will tell whether they play")
        )
    if summary.account:
        told.append(_("  on the account {handle}").format(handle=one_line(summary.account.handle)))
    return "\n".join(told)


def reasons(summary: Summary) -> Text:
    """Why posts failed, do not play or were left out, the most frequent reason first."""
    words = {
        Milestone.SKIPPED: _("left out"),
        Milestone.FAILED: _("failed"),
        Milestone.PUBLISHED: _("published, but not right"),
    }
    lines = []
    for reason in sorted(summary.reasons, key=lambda one: one.milestone is Milestone.SKIPPED):
        mark = "-" if reason.milestone is Milestone.SKIPPED else "!"
        line = Text(f"{mark} {reason.posts:,} {words[reason.milestone]}: {visible(reason.text)}")
        if reason.hint:
            line.append(f"\n  → {advice(reason.code, reason.hint)}", style="dim")
        lines.append(line)
    return Text("\n").join(lines)

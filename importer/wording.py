"""Numbers, times and events in words, the same on every screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from importer.events import (
    Day,
    Event,
    Forecasted,
    Looked,
    Noticed,
    Recognised,
    RunStarted,
    StepDone,
    StepFailed,
    StepStarted,
    Stopping,
    Waiting,
)
from importer.model import Action, Limits, Milestone, Post, Stage
from importer.records.destinations import USUAL, named

# What is worded here each command loads as far as it does it.
if TYPE_CHECKING:
    from importer.archive.edits import Edited
    from importer.captions.table import Edits
    from importer.gathering import Gathered
    from importer.records.destination import Destination, Worded
    from importer.records.style import Style
    from importer.stages.foresee import Foreseen
    from importer.summary import Gap, Summary

OUTCOMES = {
    "all_published": "Every chosen post is published.",
    "some_failed": "Finished; some posts failed.",
    "some_mute": "Finished; some videos do not play.",
    "dry_run": "That was a dry run: nothing was sent. The same command without it goes on.",
    "limit_reached": "What this run was to publish is published; other posts wait for another run.",
    "turn_over": "Others have their turn now; this import goes on after them.",
    "interrupted": "Stopped. Nothing is lost; the same command goes on.",
}

_SOON = timedelta(minutes=10)
# How many posts and files of one open question are named.
_SHOWN = 4


def stands(milestone: Milestone) -> str:
    """Where a post stands, as people read it: what is skipped is left out, by whatever reason."""
    return "left out" if milestone is Milestone.SKIPPED else milestone.value


def plural(number: int, word: str) -> str:
    """`1 post`, `2 posts`."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def size(count: float) -> str:
    """A number of bytes: `4.2 MB`, in powers of 1,000 as servers count them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError


def one_line(text: str, width: int = 60) -> str:
    """A caption on one line, cut where it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def span(time: timedelta) -> str:
    """A length of time in its largest unit: `3 days`, `2 hours`, `5 minutes`."""
    seconds = max(0, int(time.total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return plural(seconds // length, unit)
    return plural(seconds, "second")


def local(at: datetime) -> str:
    """A time on the user's clock."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M")


def utc(at: datetime) -> str:
    """A time in UTC, as TikTok writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def titles(destinations: Iterable[str]) -> str:
    """Destinations as people read them: `Bluesky`, `Bluesky and Spark`."""
    *others, last = [one.TITLE for one in named(destinations)]
    return f"{', '.join(others)} and {last}" if others else last


def wording_lines(post: Post, destinations: Sequence[Destination], style: Style) -> list[str]:
    """How a post will read, where that is more than its caption, or differs elsewhere."""
    first, *others = destinations
    told = first.worded(post, style)
    lines = _more_words(told)
    for one in others:
        other = one.worded(post, style)
        if other != told:
            lines.append(f"on {one.TITLE}: {one_line(other.texts[0]) or '(no caption)'}")
            lines += _more_words(other)
    return lines


def _more_words(told: Worded) -> list[str]:
    """What is said beside the first text of a post."""
    lines = [
        f"goes on ({number}/{len(told.texts)}): {one_line(text)}"
        for number, text in enumerate(told.texts[1:], 2)
    ]
    more = [f"tags: {', '.join(told.tags)}"] if told.tags else []
    more += [f"language: {', '.join(told.langs)}"] if told.langs else []
    more += [f"labels: {', '.join(told.labels)}"] if told.labels else []
    more += ["nobody may reply"] if told.closed_replies else []
    more += ["nobody may quote"] if told.closed_quotes else []
    return [*lines, "; ".join(more)] if more else lines


def aim_flags(destinations: Collection[str]) -> str:
    """The flags that name these destinations, for a command; none for the usual one."""
    if tuple(destinations) == USUAL:
        return ""
    return "".join(f" --destination {name}" for name in destinations)


def gap_line(gap: Gap) -> str:
    """What is left out at a destination, and why."""
    return f"{gap.posts} not on {titles([gap.destination])} — {gap.text} {gap.hint}".rstrip()


def unseen_line(summary: Summary) -> str | None:
    """That somebody should look whether videos play; `None` if that is known."""
    if not summary.unseen:
        return None
    return (
        f"Whether {plural(summary.unseen, 'video')} that went straight to the server "
        f"{'plays' if summary.unseen == 1 else 'play'} is still to be seen: a run looks."
    )


def link_life(expires_at: datetime | None, now: datetime) -> str:
    """How long a link lives, for the line of its post; empty if it does not die."""
    if expires_at is None:
        return ""
    return (
        "the link has died" if expires_at <= now else f"the link dies in {span(expires_at - now)}"
    )


def links_lives(summary: Summary, now: datetime) -> list[str]:
    """What to know about links that die, and what to do: no line if nothing dies."""
    lines = []
    if summary.links_dead:
        lines.append(
            f"The links of {plural(summary.links_dead, 'post')} have died. To get fresh ones: in "
            "TikTok open Settings and privacy > Account > Download your data, choose all data "
            "and JSON, and give the new file to the same command. Safe already: "
            f"{plural(summary.safe, 'post')} fetched or published."
        )
    first, last = summary.links_expire_at, summary.last_link_expires_at
    if summary.links_alive and first and last:
        begins = "" if summary.links_dead else f"the first in {span(first - now)}, "
        lines.append(
            f"The links of {plural(summary.links_alive, 'post')} still work: {begins}"
            f"the last dies in {span(last - now)} ({local(last)}). "
            f"Fetch before then with: tokaway run {summary.archive}"
        )
    return lines


_NEEDED = {
    Action.KEEP: "sent as they are",
    Action.REMUX: "repacked or cleaned without loss",
    Action.AUDIO: "given other sound, their picture untouched",
    Action.TRANSCODE: "converted",
    Action.SPLIT: "split into a thread",
    Action.TRIM: "cut off at the longest length",
    Action.SLIDESHOW: "made into a video",
    Action.SKIP: "left out",
}


def fits_lines(foreseen: Mapping[str, Foreseen], posts: int, limits: Limits) -> list[str]:
    """What the files of posts need before the server takes them, and why some are left out."""
    if not posts:
        return []
    video, photo = size(limits.bytes), size(limits.photo_bytes)
    minutes = span(timedelta(seconds=limits.video_seconds))
    lines = [f"The server takes videos of {video} and {minutes}, photos of {photo}: "
             f"{limits.source}."]  # fmt: skip
    done = Counter(fit.action for fit in foreseen.values())
    told = [f"{done[action]} {words}" for action, words in _NEEDED.items() if done[action]]
    if posts > len(foreseen):
        told.append(f"{posts - len(foreseen)} decided when they are fetched")
    lines.append(f"Their files: {', '.join(told)}.")
    lines += [
        f"! {name}: {fit.reason}" for name, fit in foreseen.items() if fit.action is Action.SKIP
    ]
    return lines


def gathered_lines(gathered: Gathered) -> list[str]:
    """What a source gave, by which rule, and what a person must decide."""
    rules = ", ".join(f"{number} by {rule}" for rule, number in gathered.by_rule.items())
    lines = [
        f"{gathered.where}: {plural(gathered.findings, 'post')} known there, "
        f"{gathered.matched} matched" + (f" ({rules})." if rules else "."),
        f"{plural(gathered.captions, 'caption')} and {plural(gathered.files, 'file')} taken over.",
    ]
    if gathered.foreign:
        lines.append(f"{plural(gathered.foreign, 'post')} of other accounts left alone.")
    lines += [f"! {text}" for text in gathered.unreadable]
    for open_ in gathered.ambiguous:
        files = ", ".join(path.name for path in open_.paths[:_SHOWN])
        more = " …" if len(open_.paths) > _SHOWN else ""
        lines.append(
            f"? {' or '.join(open_.posts[:_SHOWN])}: {files}{more} fit in more than one way and "
            "were left for you to decide."
        )
    return lines


def table_lines(read: Edits, edited: Edited, archive: Path) -> list[str]:
    """What a spreadsheet file changed."""
    lines = [
        f"{plural(edited.captions, 'caption')} and {plural(edited.alts, 'alt text')} changed, "
        f"{plural(edited.chosen, 'post')} chosen, {edited.left_out} left out, "
        f"{read.unchanged} as before."
    ]
    if edited.published:
        lines.append(
            f"{plural(edited.published, 'post')} published already: to bring new words there "
            f"too: tokaway update {archive}"
        )
    if read.unknown:
        lines.append(
            f"{plural(len(read.unknown), 'row')} of posts that this archive does not have: "
            f"{', '.join(read.unknown[:5])}{' …' if len(read.unknown) > 5 else ''}"
        )
    return lines


def forecast_line(finish_at: datetime, limit: str, now: datetime) -> str | None:
    """When an import will be finished, and why not sooner; `None` if it is hardly worth a word."""
    if not limit and finish_at - now < _SOON:
        return None
    why = f"; what decides is {limit}" if limit else ""
    return f"Finished by {local(finish_at)}, in {span(finish_at - now)}{why}."


_DONE = {Stage.FETCH: "fetched", Stage.PREPARE: "prepared", Stage.PUBLISH: "published"}


def narrate(event: Event) -> str | None:
    """An event as one line for people, `None` if it is not worth one."""
    match event:
        case RunStarted():
            left = sum(event.counts[m] for m in (Milestone.FOUND, Milestone.FETCHED))
            left += event.counts[Milestone.PREPARED]
            where = f" for {titles(event.destinations)}" if event.destinations != USUAL else ""
            return (
                f"Publishing to {event.handle} on {event.pds}{where}: {plural(left, 'post')} to go."
            )
        case Recognised():
            return f"{plural(event.posts, 'post')} found on the server already."
        case Noticed():
            return f"{event.text} {event.hint}".rstrip()
        case Forecasted():
            return forecast_line(event.finish_at, event.limit, event.at)
        case StepStarted():
            return None
        case StepDone():
            return f"✓ {event.post} {_DONE[event.stage]}: {event.uri or event.text}"
        case StepFailed(code="budget"):
            return None  # no trouble of the post: that all wait for it is told
        case StepFailed():
            mark = "-" if event.milestone == Milestone.SKIPPED else "!"
            word = {Milestone.SKIPPED: "skipped", Milestone.FAILED: "failed"}.get(
                event.milestone, f"{event.stage} did not work yet"
            )
            hint = f" {event.hint}" if event.hint else ""
            return f"{mark} {event.post} {word}: {event.text}{hint}"
        case Looked():
            return None if event.plays else f"! {event.post}: {event.text} {event.hint}".rstrip()
        case Waiting():
            return f"Waiting until {local(event.until)}: {event.reason}"
        case Stopping():
            if event.at_once:
                return "Leaving now. Nothing is lost."
            return "Stopping: finishing what is in hand. Press Ctrl-C again to leave at once."
        case Day():
            return f"{event.day}: {event.text}"
        case _:
            return None

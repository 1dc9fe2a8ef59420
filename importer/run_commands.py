"""What `tokaway plan` and `tokaway run` do: open an archive, let the engine work, tell of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from importer.archive.store import Archive
from importer.clock import utc_now
from importer.commands import Flags, post_fields, show_gaps, show_reasons, signals
from importer.console import Console
from importer.engine.outcome import Outcome
from importer.engine.stop import Stop
from importer.events import jsonable
from importer.folders import folder_for
from importer.model import Milestone, Role
from importer.opening import Opened, opened
from importer.pds.credentials import Credentials
from importer.plans import Plan, make_plan
from importer.report import write_report
from importer.reviewing import prepared
from importer.runs import begin, end_without_work, run_archive, telling_of_trouble
from importer.selection import EVERYTHING, Selection
from importer.sending_word import Word
from importer.settings import load
from importer.summary import gaps, summarise
from importer.wording import (
    fits_lines,
    gap_line,
    gathered_lines,
    link_life,
    one_line,
    plural,
    size,
    titles,
    utc,
    wording_lines,
)

SHOWN_POSTS = 20
SHOWN_NAMES = 5
# What surprises people most (https://github.com/bluesky-social/social-app/pull/6156).
ARCHIVED = (
    "Posts keep their old dates and sort by them, so no timeline is flooded. Bluesky marks them "
    "“Archived” and shows the day of the import beside the date; nothing can change that."
)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a plan or a run gets its posts from."""

    path: Path
    archive: Path | None = None
    source: Path | None = None
    include_private: bool = False


def plan(
    console: Console,
    sources: Sources,
    flags: Flags | None = None,
    selection: Selection = EVERYTHING,
    *,
    every_post: bool = False,
) -> int:
    """Read, match, decide and show what a run over selected posts would publish; sends nothing.

    Returns:
        The exit code, here and in every command.
    """
    with opened(sources.path, sources.archive, sources.source, console.note) as it:
        _choose(console, sources, it)
        _show_reading(console, it)
        settings = load(flags or {}, archive=it.archive.folder)
        _mean(it.archive, selection)
        _show_plan(console, it.archive, make_plan(it.archive, settings), every_post=every_post)
    return 0


def run_import(
    console: Console,
    sources: Sources,
    flags: Flags,
    credentials: Credentials,
    stop: Stop,
    selection: Selection = EVERYTHING,
) -> int:
    """Fetch, prepare, publish what is selected; the same command resumes."""
    folder = folder_for(sources.path, sources.archive)
    settings = load(flags, archive=folder)
    with (
        telling_of_trouble(folder, settings, console.note) as word,
        opened(sources.path, sources.archive, sources.source, console.note) as it,
    ):
        archive = it.archive
        _choose(console, sources, it)
        _show_reading(console, it)
        _mean(archive, selection)
        if not begin(archive, settings):
            return _nothing_to_do(console, archive, word)
        hear = word.hearing(archive, console.event)
        outcome = run_archive(
            archive, settings, credentials, hear, stop, while_running=signals(stop)
        )
        if settings.dry_run and outcome.error is None:
            _tell_what_would_be_sent(console, make_plan(archive, settings))
        _tell_outcome(console, archive, outcome)
        if not outcome.clean:
            # A worker hangs in the network; everything it could still do is repeatable.
            console.close()
            os._exit(outcome.exit_code)
    return outcome.exit_code


def _choose(console: Console, sources: Sources, it: Opened) -> None:
    if sources.include_private:
        chosen = it.archive.choose_private()
        if chosen:
            console.note(f"{plural(chosen, 'private post')} chosen: they will be public.")


def _mean(archive: Archive, selection: Selection) -> None:
    """Let only selected posts wait in the queue; the others stay where they are."""
    if not selection.is_everything:
        archive.mean_only(post.id for post in selection.of(archive.posts(), utc_now()))


def _show_reading(console: Console, it: Opened) -> None:
    export, absorbed = it.export, it.absorbed
    if export and absorbed:
        console.note(
            f"{export.path.name}: {plural(len(export.posts), 'post')} ({export.layout} layout), "
            f"{absorbed.new} new, {absorbed.refreshed} with fresher links."
        )
        for left_out in export.not_taken:
            console.note(f"Not taken: {left_out.count:,} {left_out.text}.")
        if export.unknown_sections:
            console.note(f"Sections not known yet, left unread: {_few(export.unknown_sections)}.")
        if export.unknown_keys:
            keys = [f"{key} (in {plural(count, 'post')})" for key, count in export.unknown_keys]
            console.note(f"Fields of posts not known yet, left unread: {_few(keys)}.")
        if absorbed.withdrawn:
            console.note(
                f"{plural(absorbed.withdrawn, 'post')} became private on TikTok and will not be "
                "published."
            )
    if it.gathered:
        for line in gathered_lines(it.gathered):
            console.note(line)


def _show_plan(console: Console, archive: Archive, made: Plan, *, every_post: bool) -> None:
    now = utc_now()
    summary, waiting, foreseen = made.summary, made.waiting, made.foreseen
    limits, style, destinations = made.limits, made.style, made.destinations
    for post in archive.posts() if console.takes_objects else ():
        fields = post_fields(post, foreseen.get(post.id))
        first, *others = ((one.NAME, jsonable(one.worded(post, style))) for one in destinations)
        console.result("plan_post", fields | first[1] | {"elsewhere": dict(others)})
    console.result(
        "plan",
        jsonable(summary)
        | {
            "limits": jsonable(limits),
            "destinations": list(made.aims),
            "to_be_left_out": jsonable(made.left_out),
            "notices": jsonable(made.notices),
        },
    )
    console.line(f"Archive: {summary.archive}")
    console.line(
        f"{plural(summary.posts, 'post')}: {len(waiting)} to publish, "
        f"{summary.published} published, {summary.counts[Milestone.SKIPPED]} left out."
    )
    console.line(f"Destination: {titles(made.aims)}.")
    for post in waiting if every_post else waiting[:SHOWN_POSTS]:
        life = link_life(post.link_expires_at, now) if post.milestone == Milestone.FOUND else ""
        console.line(
            f"  {utc(post.posted_at)}  {one_line(post.caption) or '(no caption)'}"
            + (f"  [{life}]" if life else "")
        )
        if every_post:
            for line in wording_lines(post, destinations, style):
                console.line(f"    {line}")
        if every_post and post.id in foreseen:
            console.line(f"    {foreseen[post.id].reason}")
    if len(waiting) > SHOWN_POSTS and not every_post:
        console.line(f"  … and {len(waiting) - SHOWN_POSTS} more (-v shows all)")
    for line in fits_lines(foreseen, made.to_prepare, limits):
        console.line(line)
    for gap in gaps(made.left_out, made.aims):
        console.line(f"  {gap_line(gap)}")
    if waiting:
        console.line(ARCHIVED)
    show_reasons(console, summary)
    if summary.without_alt:
        console.line(
            f"{plural(summary.without_alt, 'post')} without alt text, for people who cannot see "
            f"them. To write it: tokaway captions {summary.archive} --export FILE.csv"
        )
    show_gaps(console, summary)
    for notice in made.notices:
        console.line(f"! {notice.text} {notice.hint}")
    console.line("Nothing was sent.")


def _nothing_to_do(console: Console, archive: Archive, word: Word) -> int:
    summary = summarise(archive, utc_now())
    is_well = not (summary.counts[Milestone.FAILED] or archive.number_mute())
    end_without_work(archive, word)
    console.result("status", jsonable(summary))
    console.line(
        f"Nothing to do: {summary.published} of {plural(summary.chosen, 'chosen post')} "
        "published before, nothing sent now."
    )
    show_reasons(console, summary)
    return 0 if is_well else 1


def _tell_outcome(console: Console, archive: Archive, outcome: Outcome) -> None:
    console.close()
    summary = summarise(archive, utc_now())
    try:
        path = write_report(archive, utc_now())
    except OSError:
        path = None  # a full disk ends the run with its own error, told below
    console.line(f"{summary.published} of {plural(summary.chosen, 'chosen post')} published.")
    show_reasons(console, summary)
    if path:
        console.line(f"Report: {path}")
    if outcome.error:
        console.error(outcome.error)


def _tell_what_would_be_sent(console: Console, made: Plan) -> None:
    console.close()
    ready = prepared(made)
    for post in ready:
        files = made.files[post.id][Role.PREPARED]
        console.line(
            f"  {utc(post.posted_at)}  {one_line(post.caption) or '(no caption)'}  "
            f"[{plural(len(files), 'file')}, {size(sum(file.bytes for file in files))}]"
        )
        for line in wording_lines(post, made.destinations, made.style):
            console.line(f"    {line}")
    console.line(
        f"{plural(len(ready), 'post')} would be sent now, {len(made.waiting) - len(ready)} would "
        "follow. Nothing was sent."
    )


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN_NAMES]) + (" …" if len(names) > SHOWN_NAMES else "")

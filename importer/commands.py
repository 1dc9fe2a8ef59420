"""What the commands for an archive at hand do: opens it, looks or changes, tells the console."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.ahead import summary_with_outlook
from importer.archive.view import ArchiveView
from importer.clock import utc_now
from importer.console import Console
from importer.days import last_line
from importer.engine.stop import Stop
from importer.errors import UserError
from importer.events import jsonable
from importer.model import Milestone, Post
from importer.opening import working_on
from importer.settings import load
from importer.summary import Summary
from importer.wording import (
    aim_flags,
    forecast_line,
    gap_line,
    links_lives,
    plural,
    stands,
    unseen_line,
    utc,
)

if TYPE_CHECKING:
    from importer.plans import Foreseen

Flags = Mapping[str, Any]


def status(console: Console, folder: Path, config: Path | None = None) -> int:
    """Where the archive stands: counts, what waits, what did not work and why."""
    with ArchiveView.open(folder) as archive:
        settings = load({}, archive=folder, config=config)
        settings = replace(settings, destinations=archive.destinations())
        summary = summary_with_outlook(archive, settings)
    console.result("status", jsonable(summary) | {"last_day": (last := last_line(folder))})
    _show_summary(console, summary)
    if last:
        console.line(f"Last told: {last}")
    return 0


def retry(console: Console, folder: Path, post_ids: tuple[str, ...]) -> int:
    """Put failed posts back to the last milestone their files support."""
    with working_on(folder) as archive:
        failed = archive.posts(Milestone.FAILED)
        unknown = set(post_ids) - {post.id for post in failed}
        if unknown:
            raise UserError(
                f"No failed post is called {', '.join(sorted(unknown))}.",
                hint="tokaway status ARCHIVE lists what failed.",
                code="no_post",
            )
        chosen = [post for post in failed if not post_ids or post.id in post_ids]
        for post in chosen:
            milestone = archive.put_back(post)
            console.result("retried", {"post": post.id, "milestone": milestone})
            console.line(f"{post.id} goes on as {milestone}")
    console.line(f"{plural(len(chosen), 'post')} put back. Go on with: tokaway run {folder}")
    return 0


def report(console: Console, folder: Path) -> int:
    """Write `report.html` and say where it lies."""
    from importer.report import write_report

    with ArchiveView.open(folder) as archive:
        path = write_report(archive, utc_now())
    console.result("report", {"path": str(path)})
    console.line(str(path))
    return 0


@contextmanager
def signals(stop: Stop) -> Iterator[None]:
    """Ctrl-C drains, again leaves, a third time ends the process; SIGTERM leaves."""

    def interrupt(*_: object) -> None:
        if stop.at_once.is_set():
            os._exit(130)
        stop.ask()

    def terminate(*_: object) -> None:
        stop.leave()

    before: list[tuple[signal.Signals, Any]] = []
    for number, handler in ((signal.SIGINT, interrupt), (signal.SIGTERM, terminate)):
        before.append((number, signal.signal(number, handler)))
    try:
        yield
    finally:
        for number, previous in before:
            signal.signal(number, previous)


def post_fields(post: Post, fit: Foreseen | None) -> dict[str, Any]:
    """A post as JSON lines tell it, with what its file needs as far as that can be seen."""
    fields: dict[str, Any] = jsonable(
        {
            "post": post.id,
            "posted_at": post.posted_at,
            "kind": post.kind,
            "privacy": post.privacy,
            "likes": post.likes,
            "chosen": post.chosen,
            "milestone": post.milestone,
            "caption": post.caption,
            "caption_source": post.caption_source,
            "links_expire_at": post.link_expires_at,
            "long": post.long,
            "photos": post.photos,
            "encode": post.encode,
            "fit": fit.action if fit else None,
            "fit_reason": fit.reason if fit else None,
            "code": post.trouble_code,
            "text": post.trouble,
            "hint": post.hint,
        }
    )
    return fields


def _show_summary(console: Console, summary: Summary) -> None:
    account = summary.account
    console.line(f"Archive: {summary.archive}")
    if account:
        console.line(f"Account: {account.handle} on {account.pds}")
    numbers = [
        f"{number} {stands(milestone)}" for milestone, number in summary.counts.items() if number
    ]
    console.line(f"{plural(summary.posts, 'post')}: {', '.join(numbers) or 'none'}")
    show_reasons(console, summary)
    if summary.next_try_at:
        console.line(f"Next try: {utc(summary.next_try_at)}")
    show_gaps(console, summary)
    if summary.unfinished:
        console.line(f"To go on: tokaway run {summary.archive}{aim_flags(summary.destinations)}")


def show_reasons(console: Console, summary: Summary) -> None:
    """Why posts stand still or are left out."""
    for reason in summary.reasons:
        console.line(
            f"  {reason.posts} {stands(reason.milestone)} — {reason.text} {reason.hint}".rstrip()
        )
    for gap in summary.left_out:
        console.line(f"  {gap_line(gap)}")
    if unseen := unseen_line(summary):
        console.line(unseen)


def show_gaps(console: Console, summary: Summary) -> None:
    """What is still missing: words, and time."""
    if summary.without_caption:
        console.line(
            f"{plural(summary.without_caption, 'post')} would be published without words. "
            f"To add them: tokaway captions {summary.archive} --help"
        )
    if summary.finish_at and (
        line := forecast_line(summary.finish_at, summary.limited_by, utc_now())
    ):
        console.line(line)
    for line in links_lives(summary, utc_now()):
        console.line(line)

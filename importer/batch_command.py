"""What `batch` does: shows what many creators would send, or lets them work in turn."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from importer.batch.file import BatchFile, Bounds, read_batch
from importer.batch.forecast import forecast_batch
from importer.batch.planning import Planned, plan_batch
from importer.batch.report import write_batch_report
from importer.batch.standing import worst
from importer.batch.telling import Lines, listener_for, tell_end
from importer.batch.word import word_for
from importer.batch.work import run_batch
from importer.budgets import in_words
from importer.clock import utc_now
from importer.commands import signals
from importer.console import Console
from importer.engine.stop import Stop
from importer.errors import UserError
from importer.events import jsonable
from importer.settings import load
from importer.wording import forecast_line, local, plural, size, titles


def batch(console: Console, path: Path, flags: Mapping[str, Any]) -> int:
    """Let all creators of a file work in turn; the same command resumes."""
    file = _read(console, path, flags)
    stop = Stop()
    listener = listener_for(console, file)
    word = None if flags.get("dry_run") else word_for(file, listener, console.note)
    with signals(stop):
        finished = run_batch(file, word or listener, stop)
    report = None
    with suppress(OSError):  # the folder of the file may be one that we only read
        report = write_batch_report(finished, utc_now())
    tell_end(console, finished)
    if word:
        word.finished(finished)
    if report:
        console.line(f"Report: {report}")
    if not all(standing.clean for standing in finished.standings):
        # A worker hangs in the network; everything it could still do is repeatable.
        console.close()
        os._exit(finished.exit_code)
    return finished.exit_code


def _read(console: Console, path: Path, flags: Mapping[str, Any]) -> BatchFile:
    """Read the file; of one that nobody can work with word is sent too."""
    try:
        return read_batch(path, flags)
    except UserError as error:
        with suppress(UserError):
            file = BatchFile(path, Bounds(), (), load({}).notify)
            word = word_for(file, Lines(console), console.note)
            if word:
                word.trouble(error)
        raise


def show_plan(console: Console, path: Path, flags: Mapping[str, Any]) -> int:
    """Show what all creators of a file would send; sends nothing."""
    file = read_batch(path, flags)
    plans = []
    for planned in plan_batch(file):
        _show(console, planned)
        plans.append(planned)
    _show_sum(console, file, plans)
    return worst(planned.error.exit_code for planned in plans if planned.error)


def _show(console: Console, planned: Planned) -> None:
    creator, error = planned.creator, planned.error
    console.result(
        "creator_plan",
        {
            "creator": creator.name,
            "archive": str(creator.archive),
            "to": planned.to,
            "destinations": list(planned.destinations),
            "to_publish": planned.to_publish,
            "published": planned.published,
            "files": planned.files,
            "bytes": planned.bytes,
            "not_here": planned.not_here,
            "without_caption": planned.without_caption,
            "finish_at": jsonable(planned.finish_at),
            "code": error.code if error else None,
            "text": error.text if error else None,
            "hint": error.hint if error else None,
        },
    )
    if error:
        console.line(f"{creator.name}: {error.text}")
        console.line(f"  → {error.hint}")
        return
    console.line(
        f"{creator.name}: {plural(planned.to_publish, 'post')} to {planned.to or 'no account yet'} "
        f"({titles(planned.destinations)}), {planned.published} published before."
    )
    if planned.to_publish:
        here = f"{size(planned.bytes)} of files at hand" if planned.bytes else "no file at hand"
        console.line(f"  {here}, files of {plural(planned.not_here, 'post')} still to be fetched")
    if planned.without_caption:
        console.line(f"  {plural(planned.without_caption, 'post')} would go without words")


def _show_sum(console: Console, file: BatchFile, plans: list[Planned]) -> None:
    posts = sum(planned.to_publish for planned in plans)
    wrong = sum(planned.error is not None for planned in plans)
    now = utc_now()
    seen = forecast_batch([one.load for one in plans if one.load], file.bounds, now)
    limit = in_words(seen.limit) if seen and seen.limit else ""
    console.result(
        "batch_plan",
        {
            "file": str(file.path),
            "creators": len(plans),
            "wrong": wrong,
            "to_publish": posts,
            "finish_at": jsonable(seen.finish_at if seen else None),
            "limited_by": limit,
            "is_shared": bool(seen and seen.is_shared),
            "ends": jsonable(dict(seen.ends) if seen else {}),
        },
    )
    console.line(f"{plural(posts, 'post')} of {plural(len(plans), 'creator')} to publish in all.")
    if seen:
        shared = ", which all share" if seen.is_shared else ""
        console.line(
            forecast_line(seen.finish_at, f"{limit}{shared}", now)
            or f"Finished by {local(seen.finish_at)}."
        )
    if wrong:
        console.line(f"{plural(wrong, 'creator')} cannot work like this.")
    console.line(f"Nothing was sent. To begin: tokaway batch {file.path}")

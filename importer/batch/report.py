"""`batch-report.html` beside a batch's file: where each creator stands, and what to do."""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from importer.batch.standing import Finished, Standing
from importer.batch.telling import told
from importer.report import environment, part, policy, write_page
from importer.wording import plural, stands, utc

_TEMPLATE = "batch-report.html.j2"


def report_beside(file: Path) -> Path:
    """Where the report of a batch lies: `batch-report.html` beside `batch.toml`."""
    return file.with_name(f"{file.stem}-report.html")


def write_batch_report(finished: Finished, now: datetime) -> Path:
    """Write the page over all creators, in one move.

    Raises:
        OSError: there is no room for it, or it may not be written there.
    """
    target = report_beside(finished.path)
    style, script = part("report.css"), part("report.js")
    standings = sorted(finished.standings, key=lambda one: (one.exit_code == 0, one.creator))
    page = (
        environment()
        .get_template(_TEMPLATE)
        .generate(
            style=style,
            policy=policy(style, script),
            name=finished.path.name,
            written=now,
            utc=utc,
            plural=plural,
            stands=stands,
            until=finished.until,
            published=sum(one.summary.published for one in standings if one.summary),
            chosen=sum(one.summary.chosen for one in standings if one.summary),
            counts=Counter("done" if one.exit_code == 0 else "not done" for one in standings),
            creators=[(one, told(one), _link(one, target)) for one in standings],
        )
    )
    write_page(target, page)
    return target


def _link(standing: Standing, page: Path) -> str | None:
    """Where a creator's own report lies as seen from the page: both may be moved together."""
    if standing.report is None:
        return None
    try:
        path = os.path.relpath(standing.report, page.absolute().parent)
    except ValueError:
        return standing.report.as_uri()  # on another drive
    return quote(Path(path).as_posix())

"""`report.html`: what went where, what did not and why."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path

import jinja2

from importer.archive.view import ArchiveView
from importer.model import Record
from importer.wording import utc, web_link

NAME = "report.html"


def write_report(archive: ArchiveView, now: datetime) -> Path:
    """Write the report of an archive into it, in one move.

    Raises:
        OSError: there is no room for it.
    """
    account = archive.account()
    records: dict[str, list[Record]] = {}
    for record in archive.records():
        records.setdefault(record.post, []).append(record)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("importer", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    html = environment.get_template(f"{NAME}.j2").render(
        archive=archive.folder.name,
        account=account,
        written=utc(now),
        counts=[(milestone, number) for milestone, number in archive.counts().items() if number],
        posts=[
            {
                "date": utc(post.posted_at),
                "milestone": post.milestone,
                "caption": post.caption,
                "trouble": post.trouble,
                "hint": post.hint,
                "records": [
                    {
                        "uri": record.uri,
                        "link": web_link(record.uri, account.handle if account else record.did),
                        "verified": utc(record.verified_at) if record.verified_at else None,
                    }
                    for record in records.get(post.id, ())
                ],
            }
            for post in archive.posts()
        ],
    )
    target = archive.folder / NAME
    handle, part = tempfile.mkstemp(dir=archive.folder, prefix=NAME, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(html)
        Path(part).replace(target)
    finally:
        Path(part).unlink(missing_ok=True)
    return target

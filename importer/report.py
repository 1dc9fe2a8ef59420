"""`report.html`: what went where, what did not and why, as one page that needs nothing else."""

from __future__ import annotations

import functools
import os
import tempfile
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from importer.archive.view import PLACED, UNFINISHED, ArchiveView
from importer.media.poster import kept_poster
from importer.model import Account, Kind, LeftOut, MediaFile, Milestone, Post, Record, Role
from importer.records.destinations import DESTINATIONS
from importer.summary import summarise
from importer.wording import (
    gap_line,
    links_lives,
    plural,
    size,
    span,
    stands,
    titles,
    unseen_line,
    utc,
)

NAME = "report.html"

# How many reasons of one sort the head of the page tells, and how many posts of each it names.
_MOST_REASONS, _MOST_NAMED = 40, 12
_SORTS = {
    "Failed": (Milestone.FAILED,),
    "Published, but not right": PLACED,
    "Not there yet, to be tried again": UNFINISHED,
    "Left out": (Milestone.SKIPPED,),
}
_MEANING = {
    Milestone.FOUND: "known, its file is not here yet",
    Milestone.FETCHED: "its file is here",
    Milestone.PREPARED: "ready to be published",
    Milestone.PUBLISHED: "on the server",
    Milestone.VERIFIED: "on the server, read back and right",
    Milestone.SKIPPED: "by you, or by a rule: see why",
    Milestone.FAILED: "cannot go on without you",
}
_NOT_YET = {
    Milestone.FOUND: "Its file is not fetched yet.",
    Milestone.FETCHED: "Its file is fetched, but not prepared yet.",
    Milestone.PREPARED: "It is ready, but not published yet.",
}


@dataclass(slots=True)
class _Reason:
    """Posts that stand still for one reason, by their ids."""

    number: int
    text: str
    hint: str
    posts: list[str] = field(default_factory=list)

    @property
    def named(self) -> list[str]:
        return self.posts[:_MOST_NAMED]


def write_report(
    archive: ArchiveView,
    now: datetime,
    *,
    make_posters: bool = True,
    told: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the report of an archive into it, in one move.

    Posters that are missing are made, at most a few in a second, and kept beside the files they
    show; with `make_posters` off, those that are there are shown. `told` is called with the
    number of posts that are written and of all.

    Raises:
        OSError: there is no room for it.
    """
    posts = archive.posts()
    sorts, reason_of = _reasons(posts)
    account = archive.account()
    profile = archive.profile()
    style, script = part("report.css"), part("report.js")
    kinds = Counter(post.kind for post in posts)
    page = (
        environment()
        .get_template(f"{NAME}.j2")
        .generate(
            style=style,
            script=script,
            policy=policy(style, script),
            archive=archive.folder.name,
            account=account,
            user_name=profile.user_name if profile else None,
            written=now,
            utc=utc,
            plural=plural,
            meaning=_MEANING,
            stands=stands,
            kinds={kind: kinds[kind] for kind in Kind if kinds[kind]},
            counts={milestone: n for milestone, n in archive.counts().items() if n},
            sorts=sorts,
            more_reasons=_MOST_REASONS,
            to_know=_to_know(archive, now),
            number=len(posts),
            posts=_shown_posts(archive, account, posts, reason_of, make_posters, told),
        )
    )
    target = archive.folder / NAME
    write_page(target, page)
    return target


def write_page(target: Path, page: Iterator[str]) -> None:
    """Write a page as its parts come, in one move.

    Raises:
        OSError: there is no room for it, or it may not be written there.
    """
    handle, unfinished = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
    try:
        # Names of folders may hold what is no text; it becomes a mark in the page.
        with os.fdopen(
            handle, "w", encoding="utf-8", errors="xmlcharrefreplace", newline="\n"
        ) as file:
            file.writelines(page)
        Path(unfinished).replace(target)
    finally:
        Path(unfinished).unlink(missing_ok=True)


@functools.cache
def environment() -> jinja2.Environment:
    """Where the templates of pages are; whatever they show is text and no markup.

    One for all pages of a process: reading a template takes longer than filling it.
    """
    return jinja2.Environment(
        loader=jinja2.PackageLoader("importer", ""),
        autoescape=True,
        finalize=_text,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _text(value: object) -> Markup:
    """A value as text of the page, whatever it holds.

    HTML cannot hold NUL, and takes a bare CR for a line feed (HTML Standard, section 13.2.3.5).
    """
    if isinstance(value, Markup):
        return value
    safe = str(escape(value)).replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\r", "&#13;")
    return Markup(safe)  # noqa: S704 - escaped above


def part(name: str) -> Markup:
    """A part of the page that is ours."""
    return Markup((resources.files("importer") / name).read_text(encoding="utf-8"))  # noqa: S704


def policy(style: str, script: str) -> str:
    """What browsers may do with the page: show it, and run our script and no other (CSP 3)."""
    styles, scripts = (
        f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in (style, script)
    )
    return (
        f"default-src 'none'; img-src data:; style-src {styles}; script-src {scripts}; "
        "base-uri 'none'; form-action 'none'"
    )


def _to_know(archive: ArchiveView, now: datetime) -> list[str]:
    """What is still missing in general: words, time, another run."""
    summary = summarise(archive, now)
    lines = links_lives(summary, now)
    if summary.without_caption:
        lines.append(
            f"{plural(summary.without_caption, 'post')} would be published without words. "
            "To add them: tokaway captions ARCHIVE --help"
        )
    lines += [gap_line(gap) for gap in summary.left_out]
    lines += [line] if (line := unseen_line(summary)) else []
    if summary.unfinished:
        lines.append(f"{plural(summary.unfinished, 'post')} to go: tokaway run ARCHIVE")
    return lines


def _reasons(posts: Sequence[Post]) -> tuple[dict[str, list[_Reason]], dict[str, int]]:
    """Why posts stand still: reasons by their sort, most frequent first; and their numbers by post.

    Reasons beyond `_MOST_REASONS` are told with their posts only.
    """
    found: dict[str, dict[tuple[str, ...], _Reason]] = {sort: {} for sort in _SORTS}
    for post in posts:
        if not post.trouble:
            continue
        sort = next(sort for sort, milestones in _SORTS.items() if post.milestone in milestones)
        key = (post.trouble_code or "", post.trouble, post.hint or "")
        reason = found[sort].setdefault(key, _Reason(0, post.trouble, post.hint or ""))
        reason.posts.append(post.id)
    sorts = {
        sort: sorted(reasons.values(), key=lambda reason: -len(reason.posts))
        for sort, reasons in found.items()
        if reasons
    }
    reason_of: dict[str, int] = {}
    number = 0
    for reasons in sorts.values():
        for reason in reasons[:_MOST_REASONS]:
            number += 1
            reason.number = number
            reason_of |= dict.fromkeys(reason.posts, number)
    return sorts, reason_of


def _shown_posts(
    archive: ArchiveView,
    account: Account | None,
    posts: Sequence[Post],
    reason_of: dict[str, int],
    make_posters: bool,
    told: Callable[[int, int], None] | None,
) -> Iterator[dict[str, object]]:
    """What the page says of each post, one at a time: posters are read when it is their turn."""
    left_out: dict[str, list[LeftOut]] = {}
    for one in archive.left_out():
        left_out.setdefault(one.post, []).append(one)
    for number, post in enumerate(posts, 1):
        records = archive.records(post.id)
        files = archive.files(post.id)
        originals = files.get(Role.ORIGINAL, ())
        poster = (
            kept_poster(archive.path(originals[0].path), make=make_posters) if originals else None
        )
        yield {
            "post": post,
            "reason": reason_of.get(post.id),
            "poster": b64encode(poster).decode() if poster else None,
            "file": _file_line(post, originals),
            "done": _done_lines(files.get(Role.PREPARED, ())),
            "records": [(record, *_page_and_gate(record, account)) for record in records],
            "left_out": [(titles([one.destination]), one) for one in left_out.get(post.id, ())],
            "head": _head(post, records),
            "why": post.trouble or _NOT_YET.get(post.milestone, ""),
        }
        if told:
            told(number, len(posts))


def _page_and_gate(record: Record, account: Account | None) -> tuple[str, str | None]:
    """Where a record is seen, and what it says if it is a gate."""
    destination = DESTINATIONS[record.destination]
    handle = account.handle if account else ""
    page = destination.page(record.did, handle, record.rkey)
    return page, destination.GATES.get(record.collection)


def _head(post: Post, records: Sequence[Record]) -> str:
    """The head of the reason why a post is not as it should be."""
    if post.milestone in PLACED:
        return "Not right"
    return "Why it is not everywhere" if records else "Why it is not there"


def _file_line(post: Post, originals: Sequence[MediaFile]) -> str:
    """What its original is: `1080 x 1920, 15 seconds, h264/aac, 4.2 MB`."""
    if not originals:
        return ""
    first = originals[0]
    total = size(sum(file.bytes for file in originals))
    if post.kind is Kind.PHOTO and not first.seconds:
        return f"{plural(len(originals), 'photo')}, {total}"
    length = span(timedelta(seconds=round(first.seconds)))
    return f"{first.width} x {first.height}, {length}, {first.codecs}, {total}"


def _done_lines(prepared: Sequence[MediaFile]) -> list[str]:
    """What was done to its files, in the words of each decision."""
    reasons = Counter(file.reason for file in prepared if file.reason)
    if len(prepared) == 1 or len(reasons) == 1:
        return list(reasons)
    return [f"{number} of {len(prepared)}: {reason}" for reason, number in reasons.items()]

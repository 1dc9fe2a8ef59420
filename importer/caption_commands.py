"""What `tokaway captions` does: brings captions and files from elsewhere to the posts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from importer.archive.store import Archive
from importer.captions.post_list import read_list
from importer.captions.table import read_table, write_table
from importer.clock import utc_now
from importer.commands import signals
from importer.console import Console
from importer.engine.stop import Stop
from importer.errors import UserError
from importer.events import jsonable
from importer.gathering import Gathered, gather_folder, gather_pages
from importer.opening import working_on
from importer.summary import summarise
from importer.wanted import become_public
from importer.wording import gathered_lines, plural, table_lines


def from_folder(console: Console, archive_folder: Path, folder: Path) -> int:
    """Take captions and files out of a folder of the creator's.

    Returns:
        The exit code, here and in every command.
    """
    with working_on(archive_folder) as archive:
        gathered = gather_folder(archive, folder, console.note)
        _show(console, gathered)
        _show_gaps(console, archive)
    return 0


def from_pages(
    console: Console,
    archive_folder: Path,
    user_name: str | None,
    links: Sequence[str],
    listing: Path | None,
    cookies: Path | None,
    stop: Stop,
) -> int:
    """Read captions off TikTok's public pages; the same command goes on where it was stopped.

    `links` and those of the file `listing` are the posts to read; without either, the profile is.
    """
    if listing:
        links = [*links, *read_list(listing)]
    with working_on(archive_folder) as archive, signals(stop):
        console.note("Ctrl-C stops; the same command goes on.")
        gathered = gather_pages(archive, user_name, links, cookies, stop.draining, console.note)
        _show(console, gathered)
        _show_gaps(console, archive)
    return 130 if stop.draining.is_set() else 0


def export_table(console: Console, archive_folder: Path, target: Path) -> int:
    """Write the posts into a spreadsheet file."""
    with working_on(archive_folder) as archive:
        posts = archive.posts()
    write_table(posts, target)
    console.result("captions_exported", {"path": str(target), "posts": len(posts)})
    console.line(
        f"{plural(len(posts), 'post')} written to {target}. Edit the columns caption, alt text and "
        f"chosen, save as CSV, then: tokaway captions {archive_folder} --import {target}"
    )
    return 0


def import_table(
    console: Console, archive_folder: Path, source: Path, allow_private: Callable[[int], bool]
) -> int:
    """Take over what the user wrote into the spreadsheet file: all of it or nothing.

    Args:
        allow_private: asked before private posts become public, with their number.
    """
    with working_on(archive_folder) as archive:
        known = archive.posts()
        read = read_table(source, known)
        private = len(become_public(read.edits, {post.id: post for post in known}))
        if private and not allow_private(private):
            raise UserError(
                f"The file chooses {plural(private, 'post')} that not everyone could see on "
                "TikTok. Nothing was changed.",
                hint="Set chosen to no there, or say that they may be public with --yes.",
                code="private_chosen",
            )
        edited = archive.edit(read.edits)
        console.result(
            "captions_imported",
            {
                "captions": edited.captions,
                "alts": edited.alts,
                "chosen": edited.chosen,
                "left_out": edited.left_out,
                "published": edited.published,
                "unchanged": read.unchanged,
                "unknown": list(read.unknown),
            },
        )
        for line in table_lines(read, edited, archive.folder):
            console.line(line)
        _show_gaps(console, archive)
    return 0


def _show(console: Console, gathered: Gathered) -> None:
    console.result("captions", jsonable(gathered))
    for line in gathered_lines(gathered):
        console.line(line)


def _show_gaps(console: Console, archive: Archive) -> None:
    left = summarise(archive, utc_now()).without_caption
    if left:
        console.line(f"{plural(left, 'chosen post')} still without a caption.")

"""The flags that several commands share, and how every command ends."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from importer.completion import handles
from importer.console import open_console
from importer.errors import Fault, Stopped, TokawayError, of_system
from importer.folders import folder_for
from importer.media.encoders import NAMES as ENCODERS
from importer.model import Kind, Long, Photos, Route
from importer.records.destinations import DESTINATIONS
from importer.records.style import Names, Overflow
from importer.selection import Selection
from importer.settings import Settings, load, talk

PATH = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)
_DAY = click.DateTime(["%Y-%m-%d"])


def common(command: Callable[..., int]) -> Callable[..., int]:
    """The flags every command has become its `console`; every end becomes its exit code."""

    @click.option("--json", is_flag=True, default=None, help="Print JSON lines.")
    @click.option("-q", "--quiet", is_flag=True, default=None, help="Print the result only.")
    @functools.wraps(command)
    def with_console(json: bool | None, quiet: bool | None, **arguments: Any) -> int:
        archive = arguments.get("path") or arguments.get("archive")
        flags = {"json": json, "quiet": quiet}
        as_json, is_quiet = talk(flags, archive, arguments.get("config"))
        console = open_console(as_json=as_json, quiet=is_quiet)
        try:
            return command(console=console, **arguments)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Stopped as stopped:
            raise click.Abort from stopped
        except TokawayError as error:
            console.error(error)
            return error.exit_code
        except OSError as error:
            known = of_system(error)
            console.error(known)
            return known.exit_code
        except Exception as error:  # noqa: BLE001  a mistake of ours has its own exit code
            console.close()
            traceback.print_exc()
            fault = Fault(
                f"Tokaway made a mistake ({type(error).__name__}). Nothing is lost.",
                hint="Please report this with the lines above.",
            )
            console.error(fault)
            return fault.exit_code
        finally:
            console.close()

    return with_console


def reading(command: Callable[..., int]) -> Callable[..., int]:
    """The flags of commands that read an export."""
    for option in (
        click.option("--archive", type=FOLDER, help="Where to keep the archive of an export."),
        click.option("--source", type=FOLDER, help="A folder with video files you already have."),
        click.option(
            "--include-private", is_flag=True, default=None, help="Publish private posts too."
        ),
        click.option("--yes", is_flag=True, default=None, help="Answer yes to questions."),
    ):
        command = option(command)
    return command


configured = click.option(
    "--config", metavar="FILE", type=PATH, help="Read settings from this file."
)
"""The flag of commands that go by settings."""

at_server = click.option(
    "--pds",
    metavar="URL",
    help="The account's server, instead of looking it up.",
)
"""The flag of commands that look for an account."""


def signing_in(command: Callable[..., int]) -> Callable[..., int]:
    """The flags of commands that write to an account."""
    for option in (
        click.option(
            "--password-file",
            metavar="FILE",
            type=click.Path(path_type=Path, allow_dash=True),
            help="A file with the account's (app) password; - reads standard input.",
        ),
        at_server,
    ):
        command = option(command)
    return command


def wording(command: Callable[..., int]) -> Callable[..., int]:
    """The flags that say how posts are worded, guarded and paced."""
    for option in (
        click.option(
            "--overflow",
            type=click.Choice([word.value for word in Overflow]),
            help="A caption that is too long: goes on in a thread, or is cut.",
        ),
        click.option(
            "--names",
            type=click.Choice([word.value for word in Names]),
            help="@names of TikTok: text, links to TikTok, or mentions by your own table.",
        ),
        click.option(
            "--handles", metavar="FILE", type=PATH, help="Your table of names and handles (CSV)."
        ),
        click.option(
            "--gates/--no-gates",
            default=None,
            help="No replies where comments were closed on TikTok.",
        ),
        click.option(
            "--pace",
            metavar="N",
            type=click.IntRange(0),
            help="Publish N posts an hour (usually 100); 0 for as many as the server allows.",
        ),
    ):
        command = option(command)
    return command


def aiming(command: Callable[..., int]) -> Callable[..., int]:
    """The flag that says where posts go."""
    return click.option(
        "--destination",
        "destinations",
        multiple=True,
        type=click.Choice(list(DESTINATIONS)),
        callback=lambda _context, _option, names: names or None,
        help="Where posts go or are: by itself Bluesky. May be given several times.",
    )(command)


def routing(command: Callable[..., int]) -> Callable[..., int]:
    """The flags that say which way videos go up."""
    for option in (
        click.option(
            "--video-service",
            metavar="URL",
            help="The video service, if it is not Bluesky's.",
        ),
        click.option(
            "--upload",
            type=click.Choice([word.value for word in Route]),
            help="How videos go up: by the video service, direct, or by it where there is one.",
        ),
    ):
        command = option(command)
    return command


def of_a_run(command: Callable[..., int]) -> Callable[..., int]:
    """All the flags of a run, which are settings too."""
    for option in (
        configured,
        click.option(
            "--encoder",
            type=click.Choice(ENCODERS),
            help="What encodes videos; hardware only where it is seen to work.",
        ),
        click.option("--ffmpeg", metavar="FILE", type=PATH, help="The FFmpeg program to use."),
        click.option(
            "--wait/--no-wait", default=None, help="Wait for limits, or end with the time."
        ),
        click.option(
            "--dry-run",
            is_flag=True,
            default=None,
            help="Fetch and prepare some posts, show what would be sent, and publish nothing.",
        ),
        click.option(
            "--limit", metavar="N", type=click.IntRange(1), help="Publish N posts in this run."
        ),
        routing,
        signing_in,
        click.option(
            "--to", metavar="HANDLE", shell_complete=handles, help="The account to publish to."
        ),
        aiming,
        wording,
        treating,
        selecting,
        reading,
    ):
        command = option(command)
    return command


def settings_of(path: Path | None, flags: dict[str, Any]) -> tuple[Settings, dict[str, Any]]:
    """The settings in force for an export or archive, and the flags as settings.

    Raises:
        UserError: a file cannot be read, or a setting is unknown or has the wrong form.
    """
    given = flags | {
        name: flags[name].date() for name in ("since", "until") if flags.get(name) is not None
    }
    settings = load(given)
    if path:
        settings = load(given, archive=folder_for(path, settings.archive))
    return settings, given


def selecting(command: Callable[..., int]) -> Callable[..., int]:
    """The flags that say what posts must be like."""
    for option in (
        click.option("--match", metavar="TEXT", help="Posts with these words in them."),
        click.option(
            "--kind",
            type=click.Choice([word.value for word in Kind]),
            help="Only videos, or photos.",
        ),
        click.option(
            "--min-likes", metavar="N", type=click.IntRange(0), help="Posts of N likes or more."
        ),
        click.option(
            "--until", metavar="DATE", type=_DAY, help="Posts of that day or before (UTC)."
        ),
        click.option(
            "--since", metavar="DATE", type=_DAY, help="Posts of that day or later (UTC)."
        ),
    ):
        command = option(command)
    return command


def selection_of(flags: dict[str, Any]) -> Selection:
    """What the flags of `selecting` ask for; takes them out of `flags`."""
    since, until, kind = flags.pop("since"), flags.pop("until"), flags.pop("kind")
    return Selection(
        since=since.date() if since else None,
        until=until.date() if until else None,
        min_likes=flags.pop("min_likes"),
        kind=Kind(kind) if kind else None,
        match=flags.pop("match") or "",
    )


def treating(command: Callable[..., int]) -> Callable[..., int]:
    """The flags that say how media are treated."""
    for option in (
        click.option(
            "--long",
            type=click.Choice([word.value for word in Long]),
            help="What to do with a video that is too long.",
        ),
        click.option(
            "--photos",
            type=click.Choice([word.value for word in Photos]),
            help="More than ten photos: a thread, the first ten, or all in a video.",
        ),
    ):
        command = option(command)
    return command

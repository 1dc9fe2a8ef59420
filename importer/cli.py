"""Commands and flags; no logic."""

from __future__ import annotations

import errno
import functools
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from importer import __version__, caption_commands, commands, post_commands, profile_commands
from importer.asking import may_be_public, may_change_profile, password
from importer.console import Console, open_console
from importer.doctor import examine
from importer.engine.stop import Stop
from importer.errors import DiskFull, Fault, Stopped, TokawayError, UserError
from importer.media.encoder import NAMES as ENCODERS
from importer.model import Long, Photos
from importer.records.profile import Field, Wanted
from importer.settings import load

_PATH = click.Path(path_type=Path)
_FOLDER = click.Path(path_type=Path, file_okay=False)


def _server_url(_: click.Context, __: click.Parameter, url: str | None) -> str | None:
    """Refuse what cannot be the address of a server, `bsky.social` without its https above all."""
    try:
        parts = urlsplit(url or "https://unset")
        right = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        right = False
    if not right:
        raise click.BadParameter(f"{url} is no URL: write https:// and the name of the server.")
    return url


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__, prog_name="tokaway")
@click.pass_context
def cli(context: click.Context) -> None:
    """Move a TikTok archive to an account on the AT Protocol.

    Start with: tokaway plan EXPORT.zip
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _common(command: Callable[..., int]) -> Callable[..., int]:
    """The flags every command has become its `console`; every end becomes its exit code."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
    @click.option("-q", "--quiet", is_flag=True, help="Print the result only.")
    @functools.wraps(command)
    def with_console(as_json: bool, quiet: bool, **arguments: Any) -> int:
        console = open_console(as_json=as_json, quiet=quiet)
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
            known = _system_trouble(error)
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


def _reading(command: Callable[..., int]) -> Callable[..., int]:
    """The flags of commands that read an export."""
    for option in (
        click.option("--archive", type=_FOLDER, help="Where to keep the archive of an export."),
        click.option("--source", type=_FOLDER, help="A folder with video files you already have."),
        click.option("--include-private", is_flag=True, help="Publish private posts too."),
        click.option("--yes", is_flag=True, help="Answer yes to questions."),
    ):
        command = option(command)
    return command


def _treating(command: Callable[..., int]) -> Callable[..., int]:
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


@cli.command()
@click.argument("path", metavar="EXPORT|ARCHIVE", type=_PATH)
@_reading
@_treating
@click.option("-v", "--verbose", is_flag=True, help="Show every post, and what its file needs.")
@_common
def plan(
    console: Console,
    path: Path,
    verbose: bool,
    long: str | None,
    photos: str | None,
    **reading: Any,
) -> int:
    """Show what a run would publish; sends nothing."""
    flags = {"long": long, "photos": photos}
    return commands.plan(console, _sources(path, **reading), flags, every_post=verbose)


@cli.command()
@click.argument("path", metavar="EXPORT|ARCHIVE", type=_PATH)
@_reading
@_treating
@click.option("--to", metavar="HANDLE", help="The account to publish to.")
@click.option(
    "--pds",
    metavar="URL",
    callback=_server_url,
    help="The account's server, instead of looking it up.",
)
@click.option(
    "--password-file",
    metavar="FILE",
    type=click.Path(path_type=Path, allow_dash=True),
    help="A file with the account's (app) password; - reads standard input.",
)
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Publish N posts in this run.")
@click.option("--wait/--no-wait", default=None, help="Wait for limits, or end with the time.")
@click.option("--ffmpeg", metavar="FILE", type=_PATH, help="The FFmpeg program to use.")
@click.option(
    "--encoder",
    type=click.Choice(ENCODERS),
    help="What encodes videos; hardware only where it is seen to work.",
)
@click.option("--config", metavar="FILE", type=_PATH, help="Read settings from this file.")
@_common
def run(
    console: Console,
    path: Path,
    archive: Path | None,
    source: Path | None,
    include_private: bool,
    yes: bool,
    password_file: Path | None,
    config: Path | None,
    **flags: Any,
) -> int:
    """Fetch, prepare and publish; the same command resumes."""
    return commands.run_import(
        console,
        _sources(path, archive, source, include_private, yes),
        flags,
        config,
        lambda: password(password_file),
        Stop(),
    )


@cli.command()
@click.argument("archive", type=_FOLDER)
@_common
def status(console: Console, archive: Path) -> int:
    """Tell where an import stands."""
    return commands.status(console, archive)


@cli.command()
@click.argument("archive", type=_FOLDER)
@click.option(
    "--from",
    "folder",
    metavar="FOLDER",
    type=_FOLDER,
    help="Take captions and files out of a folder of yours.",
)
@click.option("--online", is_flag=True, help="Read captions off TikTok's public pages.")
@click.option("--user", metavar="NAME", help="With --online: the account, if not the export's.")
@click.option(
    "--post", "links", metavar="URL", multiple=True, help="With --online: these posts only."
)
@click.option(
    "--posts",
    "listing",
    metavar="FILE",
    type=_PATH,
    help="With --online: the posts of a list, such as yt-dlp's download archive.",
)
@click.option(
    "--cookies",
    metavar="FILE",
    type=_PATH,
    help="With --online: a cookies file of your own account.",
)
@click.option(
    "--export", "target", metavar="FILE.csv", type=_PATH, help="Write a spreadsheet to edit."
)
@click.option("--import", "source", metavar="FILE.csv", type=_PATH, help="Take over your edits.")
@click.option("--yes", is_flag=True, help="Answer yes to questions.")
@_common
def captions(
    console: Console,
    archive: Path,
    folder: Path | None,
    online: bool,
    user: str | None,
    links: tuple[str, ...],
    listing: Path | None,
    cookies: Path | None,
    target: Path | None,
    source: Path | None,
    yes: bool,
) -> int:
    """Bring captions from elsewhere to the posts, or edit them in a spreadsheet."""
    if sum(map(bool, (folder, online, target, source))) != 1:
        raise click.UsageError("Give one of --from, --online, --export and --import.")
    if (user or links or listing or cookies) and not online:
        raise click.UsageError("--user, --post, --posts and --cookies go with --online.")
    if folder:
        return caption_commands.from_folder(console, archive, folder)
    if target:
        return caption_commands.export_table(console, archive, target)
    if source:
        return caption_commands.import_table(
            console, archive, source, lambda private: yes or may_be_public(private)
        )
    return caption_commands.from_pages(console, archive, user, links, listing, cookies, Stop())


@cli.command()
@click.argument("archive", type=_FOLDER)
@click.argument("names", nargs=-1, metavar="[POST]...")
@click.option("--all", "every_post", is_flag=True, help="Change every post.")
@click.option("--choose/--skip", "chosen", default=None, help="Publish them, or leave them out.")
@_treating
@click.option(
    "--encode/--no-encode",
    default=None,
    help="Encode videos anew, even where they could be sent as they are.",
)
@click.option("--yes", is_flag=True, help="Answer yes to questions.")
@_common
def posts(
    console: Console,
    archive: Path,
    names: tuple[str, ...],
    every_post: bool,
    chosen: bool | None,
    long: str | None,
    photos: str | None,
    encode: bool | None,
    yes: bool,
) -> int:
    """List posts with what their files need; choose them, or say how to treat them."""
    wanted = post_commands.Wanted(
        chosen, Long(long) if long else None, Photos(photos) if photos else None, encode
    )
    return post_commands.posts(
        console,
        archive,
        names,
        wanted,
        lambda private: yes or may_be_public(private),
        every_post=every_post,
    )


@cli.command()
@click.argument("archive", type=_FOLDER)
@click.argument("posts", nargs=-1, metavar="[POST]...")
@_common
def retry(console: Console, archive: Path, posts: tuple[str, ...]) -> int:
    """Put failed posts back to where they can go on."""
    return commands.retry(console, archive, posts)


@cli.command()
@click.argument("archive", type=_FOLDER)
@click.option(
    "--pds",
    metavar="URL",
    callback=_server_url,
    help="The account's server, instead of the noted one.",
)
@_common
def verify(console: Console, archive: Path, pds: str | None) -> int:
    """Check each record, file and date on the server."""
    return commands.verify(console, archive, pds)


@cli.command()
@click.argument("archive", type=_FOLDER)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice([part.value for part in Field]),
    help="Bring this part only; may be given several times.",
)
@click.option(
    "--replace",
    multiple=True,
    type=click.Choice([part.value for part in Field]),
    help="Bring this part even if the account has another one.",
)
@click.option("--avatar", metavar="FILE", type=_PATH, help="Take this picture, not TikTok's.")
@click.option("--dry-run", is_flag=True, help="Show what would change; needs no password.")
@click.option("--yes", is_flag=True, help="Answer yes to questions.")
@click.option("--to", metavar="HANDLE", help="The account, if the archive knows none yet.")
@click.option(
    "--pds",
    metavar="URL",
    callback=_server_url,
    help="The account's server, instead of looking it up.",
)
@click.option(
    "--password-file",
    metavar="FILE",
    type=click.Path(path_type=Path, allow_dash=True),
    help="A file with the account's (app) password; - reads standard input.",
)
@_common
def profile(
    console: Console,
    archive: Path,
    only: tuple[str, ...],
    replace: tuple[str, ...],
    avatar: Path | None,
    dry_run: bool,
    yes: bool,
    password_file: Path | None,
    **flags: Any,
) -> int:
    """Bring name, bio, picture and links of the TikTok profile to the account's."""
    if only and not set(replace) <= set(only):
        raise click.UsageError("What --replace names must be among what --only names.")
    if avatar and only and Field.AVATAR not in only:
        raise click.UsageError("--avatar goes with --only avatar.")
    asked = profile_commands.Asked(
        Wanted(frozenset(map(Field, only or Field)), frozenset(map(Field, replace))),
        avatar,
        dry_run,
    )
    return profile_commands.profile(
        console,
        archive,
        asked,
        flags,
        lambda: password(password_file),
        lambda: yes or may_change_profile(),
    )


@cli.command()
@click.argument("archive", type=_FOLDER)
@_common
def report(console: Console, archive: Path) -> int:
    """Write report.html: what went where, what did not and why."""
    return commands.report(console, archive)


@cli.command()
@click.option("--ffmpeg", metavar="FILE", type=_PATH, help="The FFmpeg program to look at.")
@_common
def doctor(console: Console, ffmpeg: Path | None) -> int:
    """Tell what this computer has for the work, and what is missing."""
    return examine(console, load({"ffmpeg": ffmpeg}).ffmpeg, Path.cwd())


@cli.command()
@click.option("--keep", is_flag=True, help="Keep the server running to look around.")
@click.option("--folder", type=_FOLDER, help="Where to work; a temporary folder if not given.")
@_common
def demo(console: Console, keep: bool, folder: Path | None) -> int:
    """Import a sample export into a real server started here."""
    from importer.demo.demo import run_demo

    return run_demo(console, folder, keep=keep)


def main() -> None:
    """The program: maps every end to its exit code."""
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    try:
        code = cli.main(arguments, prog_name="tokaway", standalone_mode=False)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as wrong:
        _tell_usage(wrong, as_json="--json" in arguments)
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. Nothing is lost.", err=True)
        return 130
    return code if isinstance(code, int) else 0


def _tell_usage(wrong: click.ClickException, *, as_json: bool) -> None:
    context = wrong.ctx if isinstance(wrong, click.UsageError) else None
    command = context.command_path if context else "tokaway"
    open_console(as_json=as_json, quiet=False).error(
        UserError(wrong.format_message(), hint=f"To see how it is used: {command} --help")
    )


def _system_trouble(error: OSError) -> TokawayError:
    """What the system refused, in words: a full disk has its own exit code."""
    if error.errno == errno.ENOSPC:
        return DiskFull(
            "The disk is full. Nothing is lost.",
            hint="Free some space and give the same command again.",
        )
    where = f" ({error.filename})" if error.filename else ""
    return UserError(f"{error.strerror or error}{where}.", code="system")


def _sources(
    path: Path, archive: Path | None, source: Path | None, include_private: bool, yes: bool
) -> commands.Sources:
    if include_private and not yes:
        click.confirm(
            "Everything on the AT Protocol is public. Publish posts that only you or your "
            "friends could see on TikTok?",
            abort=True,
            err=True,
        )
    return commands.Sources(path, archive, source, include_private)


if __name__ == "__main__":
    main()

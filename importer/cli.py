"""Commands and flags; no logic. What a command does is imported when it is given."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from importer import __version__, cli_account, cli_batch, cli_ui, cli_unattended
from importer.asking import Passwords, confirmed, may_be_public
from importer.cli_examples import Documented
from importer.cli_flags import (
    FOLDER,
    PATH,
    aiming,
    at_server,
    common,
    configured,
    of_a_run,
    reading,
    routing,
    selecting,
    selection_of,
    settings_of,
    treating,
    wording,
)
from importer.completion import SHELLS
from importer.completion import completion as completion_of
from importer.console import Console, open_console
from importer.engine.stop import Stop
from importer.errors import UserError
from importer.model import Long, Photos
from importer.wanted import Wanted

if TYPE_CHECKING:
    from importer.run_commands import Sources
    from importer.settings import Settings


@click.group(
    cls=Documented,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)
@click.version_option(__version__, prog_name="tokaway")
@click.pass_context
def cli(context: click.Context) -> int | None:
    """Move a TikTok archive to an account on the AT Protocol.

    Start with: tokaway plan EXPORT.zip, or with tokaway alone for the screens.
    """
    if context.invoked_subcommand is not None:
        return None
    if cli_ui.can_show_screens():
        code: int = context.invoke(ui)
        return code
    click.echo(context.get_help())
    return None


@cli.command()
@click.argument("path", metavar="[EXPORT|ARCHIVE]", type=PATH, required=False)
@treating
@wording
@click.option("--to", metavar="HANDLE", help="The account to publish to.")
@at_server
@routing
@click.option("--web", is_flag=True, help="Show the screens in a browser on this computer.")
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65535),
    default=None,
    help="With --web: the port to use; any that is free if not given.",
)
@click.option("--open", "show", is_flag=True, help="With --web: open the browser.")
@configured
@common
def ui(
    console: Console, path: Path | None, web: bool, port: int | None, show: bool, **flags: Any
) -> int:
    """Show screens that lead from the export to the summary."""
    if not web:
        if show or port is not None:
            raise click.UsageError("--port and --open go with --web.")
        return cli_ui.open_ui(path, flags)
    again = cli_ui.arguments_again(click.get_current_context())
    return cli_ui.serve_ui(console, again, port or 0, show=show)


@cli.command()
@click.argument("path", metavar="EXPORT|ARCHIVE", type=PATH)
@reading
@selecting
@treating
@wording
@aiming
@click.option("-v", "--verbose", is_flag=True, help="Show every post, and what its file needs.")
@configured
@common
def plan(console: Console, path: Path, verbose: bool, **flags: Any) -> int:
    """Show what a run would publish; sends nothing."""
    from importer import run_commands

    settings, given = settings_of(path, flags)
    return run_commands.plan(
        console, _sources(path, settings), given, settings.selection, every_post=verbose
    )


@cli.command()
@click.argument("path", metavar="EXPORT|ARCHIVE", type=PATH)
@of_a_run
@common
def run(console: Console, path: Path, **flags: Any) -> int:
    """Fetch, prepare and publish; the same command resumes."""
    from importer import run_commands

    settings, given = settings_of(path, flags)
    return run_commands.run_import(
        console,
        _sources(path, settings),
        given,
        Passwords(settings.password_file, console.note),
        Stop(),
        settings.selection,
    )


@cli.command()
@click.argument("archive", type=FOLDER)
@configured
@common
def status(console: Console, archive: Path, config: Path | None) -> int:
    """Tell where an import stands."""
    from importer import commands

    return commands.status(console, archive, config)


@cli.command()
@click.argument("archive", type=FOLDER)
@click.option(
    "--from",
    "folder",
    metavar="FOLDER",
    type=FOLDER,
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
    type=PATH,
    help="With --online: the posts of a list, such as yt-dlp's download archive.",
)
@click.option(
    "--cookies",
    metavar="FILE",
    type=PATH,
    help="With --online: a cookies file of your own account.",
)
@click.option(
    "--export", "target", metavar="FILE.csv", type=PATH, help="Write a spreadsheet to edit."
)
@click.option("--import", "source", metavar="FILE.csv", type=PATH, help="Take over your edits.")
@click.option("--yes", is_flag=True, help="Answer yes to questions.")
@common
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
    from importer import caption_commands

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
@click.argument("archive", type=FOLDER)
@click.argument("names", nargs=-1, metavar="[POST]...")
@click.option("--all", "every_post", is_flag=True, help="Change every post.")
@selecting
@click.option("--choose/--skip", "chosen", default=None, help="Publish them, or leave them out.")
@treating
@click.option(
    "--encode/--no-encode",
    default=None,
    help="Encode videos anew, even where they could be sent as they are.",
)
@click.option("--labels", metavar="WORDS", help="Content labels, such as sexual,graphic-media.")
@click.option("--langs", metavar="TAGS", help="Languages, such as en,pt-BR.")
@click.option("--yes", is_flag=True, help="Answer yes to questions.")
@configured
@common
def posts(
    console: Console,
    archive: Path,
    names: tuple[str, ...],
    every_post: bool,
    chosen: bool | None,
    long: str | None,
    photos: str | None,
    encode: bool | None,
    labels: str | None,
    langs: str | None,
    yes: bool,
    config: Path | None,
    **like: Any,
) -> int:
    """List posts with what their files need; choose them, or say how to treat them."""
    from importer import post_commands
    from importer.settings import labels_of, langs_of

    wanted = Wanted(
        chosen,
        Long(long) if long else None,
        Photos(photos) if photos else None,
        encode,
        labels_of(labels),
        langs_of(langs),
    )
    return post_commands.posts(
        console,
        archive,
        names,
        selection_of(like),
        wanted,
        lambda private: yes or may_be_public(private),
        every_post=every_post,
        config=config,
    )


@cli.command()
@click.argument("archive", type=FOLDER)
@click.argument("posts", nargs=-1, metavar="[POST]...")
@common
def retry(console: Console, archive: Path, posts: tuple[str, ...]) -> int:
    """Put failed posts back to where they can go on."""
    from importer import commands

    return commands.retry(console, archive, posts)


@cli.command()
@click.argument("archive", type=FOLDER)
@common
def report(console: Console, archive: Path) -> int:
    """Write report.html: what went where, what did not and why."""
    from importer import commands

    return commands.report(console, archive)


@cli.command()
@click.option("--ffmpeg", metavar="FILE", type=PATH, help="The FFmpeg program to look at.")
@configured
@common
def doctor(console: Console, ffmpeg: Path | None, config: Path | None) -> int:
    """Tell what this computer has for the work, and what is missing."""
    from importer.doctor import examine
    from importer.settings import load

    return examine(console, load({"ffmpeg": ffmpeg}, config=config).ffmpeg, Path.cwd())


@cli.command()
@click.option("--keep", is_flag=True, help="Keep the server running to look around.")
@click.option("--folder", type=FOLDER, help="Where to work; a temporary folder if not given.")
@common
def demo(console: Console, keep: bool, folder: Path | None) -> int:
    """Import a sample export into a real server started here."""
    from importer.demo.demo import run_demo

    return run_demo(console, folder, keep=keep)


@cli.command()
@click.argument("shell", type=click.Choice(list(SHELLS)))
@common
def completion(console: Console, shell: str) -> int:
    """Print what lets a shell complete commands and flags."""
    return completion_of(console, cli, shell)


for _command in (
    cli_account.login,
    cli_account.logout,
    cli_account.limits,
    cli_account.verify,
    cli_account.undo,
    cli_account.update,
    cli_account.profile,
    cli_unattended.config,
    cli_unattended.schedule,
    cli_batch.batch,
):
    cli.add_command(_command)


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


def _sources(path: Path, settings: Settings) -> Sources:
    from importer.run_commands import Sources

    if settings.include_private and not settings.yes:
        confirmed(
            "Everything on the AT Protocol is public. Publish posts that only you or your "
            "friends could see on TikTok?"
        )
    return Sources(path, settings.archive, settings.source, settings.include_private)


if __name__ == "__main__":
    main()

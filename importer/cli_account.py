"""The commands that work on an account: its session and limits, and what is published there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from importer.asking import Passwords, address, agreed, code
from importer.cli_flags import (
    FOLDER,
    PATH,
    aiming,
    common,
    configured,
    routing,
    signing_in,
    wording,
)
from importer.completion import handles
from importer.console import Console
from importer.records.profile import Field, Wanted
from importer.settings import load

if TYPE_CHECKING:
    from importer.server_commands import Access


@click.command()
@click.argument("archive", type=FOLDER)
@click.option("--prove", is_flag=True, help="Prove that the account's key has signed it all.")
@click.option("--repair", is_flag=True, help="Mend what can be mended; asks first.")
@signing_in
@click.option("--yes", is_flag=True, help="Answer yes to questions.")
@configured
@common
def verify(
    console: Console,
    archive: Path,
    prove: bool,
    repair: bool,
    password_file: Path | None,
    yes: bool,
    **flags: Any,
) -> int:
    """Check each record, file and date on the server, and that it is shown."""
    from importer import verify_command

    access = _access(console, archive, flags | {"password_file": password_file}, yes=yes)
    return verify_command.verify(console, archive, access, prove=prove, repair=repair)


@click.command()
@click.argument("archive", type=FOLDER)
@click.argument("posts", nargs=-1, metavar="[POST]...")
@aiming
@click.option("--run", "number", metavar="N", type=click.IntRange(1), help="What run N published.")
@click.option("--post", "more", metavar="POST", multiple=True, help="This post, as if named above.")
@click.option("--found", is_flag=True, help="Also what was found on the server, not written here.")
@signing_in
@click.option("--yes", is_flag=True, help="Answer yes to questions.")
@configured
@common
def undo(
    console: Console,
    archive: Path,
    posts: tuple[str, ...],
    number: int | None,
    more: tuple[str, ...],
    found: bool,
    destinations: tuple[str, ...] | None,
    password_file: Path | None,
    yes: bool,
    **flags: Any,
) -> int:
    """Delete what this archive published, unless it was changed since."""
    from importer import server_commands
    from importer.undoing import Selection

    selection = Selection((*posts, *more), number, found, destinations)
    access = _access(console, archive, flags | {"password_file": password_file}, yes=yes)
    return server_commands.undo_import(console, archive, selection, access)


@click.command()
@click.argument("archive", type=FOLDER)
@click.argument("posts", nargs=-1, metavar="[POST]...")
@wording
@signing_in
@click.option("--yes", is_flag=True, help="Answer yes to questions.")
@configured
@common
def update(
    console: Console,
    archive: Path,
    posts: tuple[str, ...],
    password_file: Path | None,
    yes: bool,
    **flags: Any,
) -> int:
    """Bring captions edited since to posts that are published."""
    from importer import server_commands

    access = _access(console, archive, flags | {"password_file": password_file}, yes=yes)
    return server_commands.update_posts(console, archive, posts, access)


@click.command()
@click.argument("archive", type=FOLDER)
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
@click.option("--avatar", metavar="FILE", type=PATH, help="Take this picture, not TikTok's.")
@click.option("--dry-run", is_flag=True, help="Show what would change; needs no password.")
@click.option("--yes", is_flag=True, help="Answer yes to questions.")
@click.option("--to", metavar="HANDLE", help="The account, if the archive knows none yet.")
@signing_in
@configured
@common
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
    from importer import profile_commands

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
        _passwords(console, archive, flags | {"password_file": password_file}),
        lambda: yes or agreed("Change the profile like this?"),
    )


@click.command()
@click.argument("handle", shell_complete=handles)
@click.option("--browser", is_flag=True, help="Sign in on a page of the account's own server.")
@click.option("--paste", is_flag=True, help="The same, with a browser on another machine.")
@signing_in
@configured
@common
def login(
    console: Console,
    handle: str,
    browser: bool,
    paste: bool,
    password_file: Path | None,
    **flags: Any,
) -> int:
    """Sign in once; later runs go on with the session."""
    from importer import login_commands

    if browser or paste:
        if password_file:
            raise click.UsageError("A sign-in in a browser takes no --password-file.")
        import webbrowser

        return login_commands.login_in_browser(
            console, handle, flags, webbrowser.open, address if paste else None
        )
    passwords = _passwords(console, None, flags | {"password_file": password_file})
    return login_commands.login(console, handle, flags, passwords, code)


@click.command()
@click.argument("handle", shell_complete=handles)
@routing
@signing_in
@configured
@common
def limits(console: Console, handle: str, password_file: Path | None, **flags: Any) -> int:
    """Tell what the servers of an account accept today."""
    from importer import limits_command

    passwords = _passwords(console, None, flags | {"password_file": password_file})
    return limits_command.limits(console, handle, flags, passwords)


@click.command()
@click.argument("handle", required=False, shell_complete=handles)
@configured
@common
def logout(console: Console, handle: str | None, config: Path | None) -> int:
    """End the session of an account."""
    from importer import login_commands

    return login_commands.logout(console, handle, config)


def _access(console: Console, archive: Path, flags: dict[str, Any], *, yes: bool) -> Access:
    from importer.server_commands import Access

    passwords = _passwords(console, archive, flags)
    return Access(flags, passwords, lambda question: yes or agreed(question))


def _passwords(console: Console, archive: Path | None, flags: dict[str, Any]) -> Passwords:
    """The password in the file that a flag names, or a setting."""
    return Passwords(load(flags, archive=archive).password_file, console.note)

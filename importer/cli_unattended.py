"""The commands for imports that go on by themselves: what is set, and when runs start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from importer.asking import agreed
from importer.cli_flags import FOLDER, PATH, common, of_a_run, settings_of
from importer.console import Console
from importer.folders import folder_for
from importer.schedule_entries import Every, System


@click.command()
@click.argument("path", metavar="[EXPORT|ARCHIVE]", type=PATH, required=False)
@of_a_run
@common
def config(console: Console, path: Path | None, **flags: Any) -> int:
    """Show what is set for a run, and where each value comes from."""
    from importer import config_command

    settings, given = settings_of(path, flags)
    folder = folder_for(path, settings.archive) if path else None
    return config_command.config(console, folder, given)


@click.command()
@click.argument("archive", type=FOLDER)
@click.option(
    "--every",
    type=click.Choice([word.value for word in Every]),
    default=Every.HOUR.value,
    help="How often a run starts, at a minute of the archive's own.",
)
@click.option(
    "--install",
    type=click.Choice([word.value for word in System]),
    help="Put it in place for this one; shows it first.",
)
@click.option(
    "--remove",
    type=click.Choice([word.value for word in System]),
    help="Take away what --install put in place.",
)
@click.option("--config", metavar="FILE", type=PATH, help="The settings file of these runs.")
@click.option("--yes", is_flag=True, help="Answer yes to questions.")
@common
def schedule(
    console: Console,
    archive: Path,
    every: str,
    install: str | None,
    remove: str | None,
    config: Path | None,
    yes: bool,
) -> int:
    """Print what starts runs by themselves: entries for cron, systemd and launchd."""
    if install and remove:
        raise click.UsageError("Give one of --install and --remove.")
    from importer import schedule_command

    if remove:
        return schedule_command.remove(console, archive, System(remove))
    if install:
        return schedule_command.install(
            console,
            archive,
            Every(every),
            config,
            System(install),
            lambda question: yes or agreed(question),
        )
    return schedule_command.show(console, archive, Every(every), config)

"""The commands for imports that go on by themselves: what is set, and when runs start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from importer import config_command
from importer.cli_flags import PATH, common, of_a_run, settings_of
from importer.console import Console
from importer.opening import folder_for


@click.command()
@click.argument("path", metavar="[EXPORT|ARCHIVE]", type=PATH, required=False)
@of_a_run
@common
def config(console: Console, path: Path | None, config: Path | None, **flags: Any) -> int:
    """Show what is set for a run, and where each value comes from."""
    settings, given = settings_of(path, flags, config)
    folder = folder_for(path, settings.archive) if path else None
    return config_command.config(console, folder, given, config)

"""The flags of `batch`: many archives and accounts by one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from importer.cli_flags import PATH, common
from importer.console import Console


@click.command()
@click.argument("file", metavar="FILE.toml", type=PATH)
@click.option("--plan", is_flag=True, help="Show what each creator would send; sends nothing.")
@click.option(
    "--dry-run",
    is_flag=True,
    default=None,
    help="Fetch and prepare some posts of each, and publish nothing.",
)
@click.option("--wait/--no-wait", default=None, help="Wait for limits, or end with the time.")
@click.option("--jobs", metavar="N", type=click.IntRange(1), help="How many creators work at once.")
@click.option(
    "--cluster",
    metavar="URL",
    help="Fetch and prepare on a Dask cluster: the address of its scheduler, such as "
    "tcp://10.0.0.5:8786.",
)
@click.option(
    "--store",
    metavar="URL",
    help="Carry files to the cluster and back through an object store, such as "
    "s3://bucket/folder, if its workers do not see the archives.",
)
@common
def batch(console: Console, file: Path, plan: bool, **flags: Any) -> int:
    """Publish for many creators in turn, by a file; the same command resumes."""
    from importer import batch_command

    if plan:
        return batch_command.show_plan(console, file, flags)
    return batch_command.batch(console, file, flags)

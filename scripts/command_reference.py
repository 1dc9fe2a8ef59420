"""Writes the page of every command with its arguments, flags and examples, as the program has them.

Wanted: the file to write.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from importer.cli import cli
from importer.cli_examples import EXAMPLES

HEAD = """\
# Commands

What each command takes, as `--help` shows it. This page is written by `scripts/commands`. What the
flags of a run mean in detail, and how to set them for good, is in [Settings](settings.md); how a
command ends in [Exit codes](exit-codes.md).
"""


def reference() -> str:
    """The page."""
    parts = [HEAD, *(_section(name) for name in sorted(cli.commands))]
    return "\n".join(parts)


def _section(name: str) -> str:
    command = cli.commands[name]
    program = click.Context(cli, info_name="tokaway", **cli.context_settings)
    context = click.Context(command, info_name=name, parent=program)
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [
        f"## {name}",
        "",
        f"`{context.command_path} {usage}`".replace("|", "\\|"),
        "",
        *_paragraphs(command.help or ""),
        "| flag | means |",
        "| --- | --- |",
        *_rows(command, context),
    ]
    if examples := EXAMPLES.get(name):
        lines += ["", "```sh"]
        lines += [line for one in examples for line in (f"# {one.does}", one.line)]
        lines += ["```"]
    return "\n".join([*lines, ""])


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield paragraph
        yield ""


def _rows(command: click.Command, context: click.Context) -> Iterator[str]:
    for option in command.get_params(context):
        if isinstance(option, click.Option) and (record := option.get_help_record(context)):
            names, means = (text.replace("|", "\\|") for text in record)
            yield f"| `{names}` | {means} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")

"""What `tokaway doctor` does: says what this computer has for the work, and what is missing."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from importer.console import Console
from importer.errors import UserError
from importer.machine import look_at_machine


def examine(console: Console, program: Path | None, folder: Path) -> int:
    """Show everything the work needs.

    Args:
        console: where to tell.
        program: the FFmpeg of the settings, if one is named.
        folder: where archives will lie.

    Returns:
        The exit code: 0 if everything that is needed is there, 2 if not.
    """
    missing = 0
    for finding in look_at_machine(program, folder):
        missing += not finding.right and bool(finding.hint)
        console.result("finding", asdict(finding))
        mark = "✓" if finding.right else "!" if finding.hint else "-"
        console.line(f"{mark} {finding.name}: {finding.text}" + f" {finding.hint}".rstrip())
    return UserError.exit_code if missing else 0

"""What a shell completes: the script with which it asks, and the accounts it may offer."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

from importer.console import Console

SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
# The variable by which the script asks: click makes it of the program's name.
_ASKS_BY = "_TOKAWAY_COMPLETE"


def completion(console: Console, program: click.Command, shell: str) -> int:
    """Print the script for a shell."""
    script = SHELLS[shell](program, {}, "tokaway", _ASKS_BY).source()
    console.result("completion", {"shell": shell, "script": script})
    console.line(script.rstrip())
    return 0


def handles(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """The accounts that are signed in on this machine, as far as they go on like this."""
    from importer.known import kept_handles

    return [handle for handle in kept_handles() if handle.startswith(begun)]

"""The way into the terminal UI, in this terminal or in a browser."""

from __future__ import annotations

import importlib.util
import os
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from importer.asking import is_someone_there
from importer.console import Console
from importer.errors import UserError

# Set for the programs behind the tabs of a browser.
_IN_BROWSER = "textual.drivers.web_driver:WebDriver"
_USUAL_SIZE = (24, 80)
# Of `tokaway ui` itself, not of the programs that it starts.
_OF_SERVER = ("as_json", "quiet", "web", "port", "show")


def can_show_screens() -> bool:
    """Whether a person sits at a terminal that can show more than lines."""
    return is_someone_there() and sys.stdout is not None and sys.stdout.isatty() and not _is_dumb()


def open_ui(path: Path | None, flags: Mapping[str, Any]) -> int:
    """Show the screens until the person leaves.

    Returns:
        The exit code.

    Raises:
        UserError: this is no terminal that can show them.
    """
    if os.environ.get("TEXTUAL_DRIVER") != _IN_BROWSER and not can_show_screens():
        what = "This terminal (TERM=dumb)" if _is_dumb() else "What this runs in is no terminal: it"
        raise UserError(
            f"{what} cannot show screens.",
            hint="Open a terminal window and give the same command there, see the screens in your "
            "browser with `tokaway ui --web`, or use the commands: tokaway plan EXPORT",
            code="no_terminal",
        )
    _have_a_size()
    # Textual takes a quarter of a second to load; headless commands never do.
    from tui.app import TokawayApp

    code = TokawayApp(path, flags).run()
    return code or 0


def serve_ui(console: Console, arguments: list[str], port: int, *, show: bool) -> int:
    """Serve the screens to this computer's browser until Ctrl-C.

    `arguments` are those of `tokaway ui` for each tab; `show` opens the browser.

    Raises:
        UserError: a part is not installed, or the port is taken.
    """
    if importlib.util.find_spec("textual_serve") is None:
        raise UserError(
            "Showing the screens in a browser needs a part of Tokaway that is not installed.",
            hint="Run: pip install 'tokaway[web]'",
            code="web_missing",
        )
    from tui.serving import serve

    def ready(address: str, for_once: str) -> None:
        console.result("serving", {"address": address})
        console.line(f"Tokaway is open on this computer at\n\n  {address}\n")
        console.line("Whoever has this address can use it. Press Ctrl-C here to end it.")
        if show:
            webbrowser.open(for_once)

    try:
        serve([sys.executable, "-P", "-m", "importer.cli", "ui", *arguments], port, ready)
    except OSError as error:
        raise UserError(
            f"Port {port} cannot be used: {error.strerror or error}.",
            hint="Name another with --port, or leave that out.",
            code="port_taken",
        ) from error
    return 0


def arguments_again(context: click.Context) -> list[str]:
    """The words of a command line that give the same path and flags once more."""
    words: list[str] = []
    paths: list[str] = []
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if value is None or parameter.name in _OF_SERVER:
            continue
        if isinstance(parameter, click.Argument):
            paths = ["--", str(value)]
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            words += (parameter.opts if value else parameter.secondary_opts)[:1]
        else:
            words += [parameter.opts[0], str(value)]
    return words + paths


def _have_a_size() -> None:
    """Give the usual size to a terminal that was made without one, as in a bare container."""
    if sys.stdout.isatty() and not os.get_terminal_size(sys.stdout.fileno()).columns:
        import termios

        termios.tcsetwinsize(sys.stdout.fileno(), _USUAL_SIZE)


def _is_dumb() -> bool:
    return os.environ.get("TERM") == "dumb"

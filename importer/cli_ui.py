"""The way into the terminal UI."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def open_ui(path: Path | None, flags: Mapping[str, Any]) -> int:
    """Show the screens until the person leaves.

    Returns:
        The exit code.
    """
    # Textual takes a quarter of a second to load; headless commands never do.
    from tui.app import TokawayApp

    code = TokawayApp(path, flags).run()
    return code or 0

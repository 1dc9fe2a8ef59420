"""Hands links and files over to the person: by a browser, or in words where there is none."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import Any

from textual.app import App

from tui.language import _
from tui.screens.address import AddressScreen
from tui.shown import one_line

_PAGES = (".html", ".htm")


def hand_over(app: App[Any], target: str | Path) -> None:
    """Open a link or a page, or give a file to the person; where nothing opens, say where it is.

    In a browser a page opens in a tab of its own and any other file is downloaded. In a terminal
    a file stays where it is.
    """
    is_page = isinstance(target, str) or target.suffix.casefold() in _PAGES
    if app.is_web and isinstance(target, Path):
        app.deliver_binary(target, open_method="browser" if is_page else "download")
    elif app.is_web:
        app.open_url(str(target))
    elif is_page and has_browser():
        app.open_url(target if isinstance(target, str) else target.absolute().as_uri())
        app.notify(one_line(str(target)), title=_("Opened in your browser"), markup=False)
    elif isinstance(target, str):
        app.push_screen(AddressScreen(_("Open this in a browser:"), target))
    else:
        app.push_screen(AddressScreen(_("It is in this file:"), str(target)))


def has_browser() -> bool:
    """Whether this computer can show a page beside the terminal, rather than in its place."""
    if sys.platform in ("darwin", "win32"):
        return "SSH_CONNECTION" not in os.environ
    beside = ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "BROWSER")
    if not any(os.environ.get(name) for name in beside):
        return False
    try:
        # A browser made of text would take the terminal for itself.
        return type(webbrowser.get()) is not webbrowser.GenericBrowser
    except webbrowser.Error:
        return False

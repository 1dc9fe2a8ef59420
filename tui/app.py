"""The program of the terminal UI: its keys, themes and first screen."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import HelpPanel

from importer.archive.ledger import default_folder
from tui.doing import Doing
from tui.language import _
from tui.remembered import Remembered
from tui.screens.welcome import WelcomeScreen

NARROW, WIDE = 60, 110
TALL = 32
# The terminal is itself again long before.
_GRACE_SECONDS = 2.0


class TokawayApp(App[int]):
    """Screens from the export to the summary.

    Args:
        path: an export or archive to begin with.
        flags: settings as `tokaway run` takes them.
        remembered: what the person chose last time.
    """

    TITLE = "Tokaway"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-usual"), (WIDE, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (TALL, "-tall")]  # noqa: RUF012
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", _("Help"), tooltip=_("What this step is for, and its keys")),
        Binding("ctrl+q", "quit", _("Quit"), tooltip=_("Nothing is lost"), priority=True),
    ]

    def __init__(
        self,
        path: Path | None = None,
        flags: Mapping[str, Any] | None = None,
        remembered: Remembered | None = None,
    ) -> None:
        super().__init__()
        self.remembered = remembered or Remembered(default_folder())
        self.flags = dict(flags or {})
        self._path = path

    def on_mount(self) -> None:
        """Begin as it was left, and remember what changes."""
        if self.remembered.choices.theme in self.available_themes:
            self.theme = self.remembered.choices.theme
        self.theme_changed_signal.subscribe(self, lambda theme: self.remembered.theme(theme.name))
        self.push_screen(WelcomeScreen(self._path))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the command palette offers: what every key of the screen does."""
        yield from super().get_system_commands(screen)
        for active in screen.active_bindings.values():
            binding = active.binding
            if active.node is screen and active.enabled and binding.description:

                async def do(action: str = binding.action) -> None:
                    await screen.run_action(action)

                yield SystemCommand(binding.description, binding.tooltip, do)

    async def action_quit(self) -> None:
        """Leave; a screen at work is asked first, and leaves when its work has ended."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, Doing) and screen.is_at_work:
                screen.ask_to_leave()
                return
        self.exit()

    def leave_for_good(self, code: int) -> None:
        """Leave even if a worker hangs in the network; all it could still do is repeatable."""
        self.exit(code)
        ending = threading.Timer(_GRACE_SECONDS, os._exit, [code])
        ending.daemon = True
        ending.start()

    def action_help(self) -> None:
        """Show or hide what the screen says about itself."""
        if self.screen.query(HelpPanel):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()

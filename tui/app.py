"""The program of the terminal UI: its keys, colours and first screen."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import HelpPanel

from importer.archive.ledger import default_folder
from importer.clock import utc_now
from importer.imports import usual_places
from tui.demo import DemoGround
from tui.desk import Desk
from tui.doing import Doing
from tui.handing import hand_over
from tui.language import _
from tui.remembered import Remembered
from tui.screens.welcome import WelcomeScreen
from tui.shown import written

NARROW, WIDE = 60, 110
TALL = 32
# The terminal is itself again long before.
_GRACE_SECONDS = 2.0
_WITHOUT_COLOUR = "ansi-dark"
# Dark, light, and the terminal's own palette in both.
THEMES = ("textual-dark", "textual-light", "ansi-dark", "ansi-light")


class TokawayApp(App[int]):
    """Screens from the export to the summary.

    Args:
        path: an export or archive to begin with.
        flags: settings as `tokaway run` takes them.
        remembered: what the person chose last time.
        places: where to look for archives; the usual folders if not given.
        now: tells the time (UTC).
    """

    TITLE = "Tokaway"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-usual"), (WIDE, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (TALL, "-tall")]  # noqa: RUF012
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", _("Help"), tooltip=_("What this step is for, and its keys")),
        Binding("f2", "colours", _("Colours"), tooltip=_("Dark, light, or your terminal's own")),
        Binding("ctrl+q", "quit", _("Quit"), tooltip=_("Nothing is lost"), priority=True),
    ]

    def __init__(
        self,
        path: Path | None = None,
        flags: Mapping[str, Any] | None = None,
        remembered: Remembered | None = None,
        places: Sequence[Path] | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        # Of all filters only the one for the terminal's own palette takes every colour away.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.remembered = remembered or Remembered(default_folder())
        self.flags = dict(flags or {})
        self.places = tuple(usual_places() if places is None else places)
        self.now = now
        self.ground = DemoGround()
        self._desks: dict[Path, Desk] = {}
        self._path = path

    @property
    def browsing_begins(self) -> Path:
        """Where a look around the disk begins: downloads, if there are any."""
        return next((place for place in self.places[1:] if place.is_dir()), Path.cwd())

    def known(self, desk: Desk) -> Desk:
        """The desk on which the same archive lay before, with all that was chosen, or this one."""
        return self._desks.setdefault(desk.folder.absolute(), desk)

    def on_mount(self) -> None:
        """Begin as it was left, and remember what changes."""
        if self.no_color:
            self.theme = _WITHOUT_COLOUR
        elif self.remembered.choices.theme in self.available_themes:
            self.theme = self.remembered.choices.theme
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        self.push_screen(WelcomeScreen(self._path))

    def _remember_theme(self, theme: Theme) -> None:
        if not self.no_color:
            self.remembered.theme(theme.name)

    async def on_unmount(self) -> None:
        """What the demo started ends with the program."""
        await asyncio.to_thread(self.ground.end)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Everything that has a key on this screen, by its name."""
        listed = set()
        for active in screen.active_bindings.values():
            binding, named = active.binding, active.binding.description
            of_screen = isinstance(active.node, (App, Screen)) and not binding.system
            if of_screen and active.enabled and named and binding.action not in listed:
                listed.add(binding.action)
                act = partial(self.run_action, binding.action, active.node)
                yield SystemCommand(named, active.tooltip, partial(self.call_later, act))
        yield SystemCommand(
            _("All colours"), _("Choose among all colours there are"), self.action_change_theme
        )
        yield SystemCommand(
            _("Picture of the screen"),
            _("Save what is on the screen as a picture (SVG)"),
            partial(self.set_timer, 0.1, self.deliver_screenshot),
        )

    def remember_handle(self, handle: str) -> None:
        """Propose this account next time, unless it is the demo's, which will be gone."""
        if self.ground.demo is None or handle != self.ground.demo.handle:
            self.remembered.handle(handle)

    def hand_over(self, target: str | Path) -> None:
        """Open a link or a page for the person, or give them a file; see `tui.handing`."""
        hand_over(self, target)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a text, whatever is in it: all that is copied anywhere comes by here."""
        super().copy_to_clipboard(written(text))

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

    def action_colours(self) -> None:
        """The next of dark, light, and the terminal's own colours."""
        at = THEMES.index(self.theme) if self.theme in THEMES else -1
        self.theme = THEMES[(at + 1) % len(THEMES)]
        self.notify(self.theme.removeprefix("textual-"), title=_("Colours"), markup=False)

"""The first screen: go on with an import, or begin one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Footer, Input, Static

from importer.opening import Opened
from tui.desk import Desk
from tui.doing import Doing
from tui.language import _
from tui.screens.library import LibraryScreen

if TYPE_CHECKING:
    from tui.app import TokawayApp


class WelcomeScreen(Doing[None]):
    """Unfinished imports, and a place for the path of an export."""

    app: TokawayApp
    BINDINGS: ClassVar[list[BindingType]] = []
    HELP = _("""
# Welcome

Paste or drop the file that TikTok gave you, or open one of your imports.
Nothing is sent before you have seen it and said so.
""")

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self._path = path

    def compose(self) -> ComposeResult:
        """What can be begun."""
        with VerticalScroll():
            yield Static(Text(_("Move your TikTok posts to an account that is yours.")))
            yield Input(placeholder=_("Paste or drop your TikTok export here"), id="path")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Open at once what was named on the command line."""
        if self._path:
            self.open_path(self._path)

    @on(Input.Submitted, "#path")
    def _submitted(self, event: Input.Submitted) -> None:
        self.open_path(Path(event.value))

    def open_path(self, path: Path) -> None:
        """Read an export or open an archive, then show its posts."""
        self.do(lambda: Desk.lay(path, self.app.flags), self._opened, group="open")

    def _opened(self, laid: tuple[Desk, Opened]) -> None:
        desk, _it = laid
        self.app.remembered.archive(desk.folder)
        self.app.push_screen(LibraryScreen(desk))

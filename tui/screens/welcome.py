"""The first screen: go on with an import, or begin one."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Button, Footer, Static

from importer.export.search import export_in
from importer.folders import is_archive
from importer.imports import Import, Unreadable, find_archives, look
from tui.demo import Demo
from tui.desk import Desk
from tui.doing import Doing
from tui.language import _
from tui.screens.browse import BrowseScreen
from tui.screens.demo import DemoScreen
from tui.screens.library import LibraryScreen
from tui.screens.publish import PublishScreen
from tui.screens.review import ReviewScreen
from tui.shown import one_line
from tui.widgets.import_card import ImportCard, LostCard, Section
from tui.widgets.path_input import PathInput
from tui.widgets.said import Said

if TYPE_CHECKING:
    from tui.app import TokawayApp


class WelcomeScreen(Doing[None]):
    """Imports to go on with, and a place for the path of an export."""

    app: TokawayApp
    CSS_PATH = "welcome.tcss"
    AUTO_FOCUS = "#path"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "continue", _("Continue"), tooltip=_("Go on with the first import")),
        Binding("ctrl+o", "browse", _("Browse"), tooltip=_("Look for an export on this computer")),
        Binding("f3", "demo", _("Demo"), tooltip=_("All of it with made-up posts")),
    ]
    HELP = _("""
# Welcome

**Go on** with an import that is not finished: *Continue* takes you to where it was, *Look* shows
its posts.

**Begin** with the file that TikTok gave you: paste its path, drop the file on this window, or
browse. You get it in TikTok under *Settings and privacy → Account → Download your data*: choose
**all data** and **JSON**. Begin within days, because the links in it die.

The **demo** shows all of it with made-up posts and a server on this computer.

Nothing is sent before you have seen it and said so.
""")

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self._path = path
        self._shown: list[Import | Unreadable] = []
        # No archive is looked at while it is being made.
        self._disk = threading.Lock()

    def compose(self) -> ComposeResult:
        """What can be gone on with, and what can be begun."""
        with VerticalScroll(id="page"):
            yield Static(_("Move your TikTok posts to an account that is yours."), id="motto")
            yield Section(_("Go on where you were"), id="unfinished")
            yield Static(_("Begin with your TikTok export"), classes="title", id="begin")
            with Horizontal(id="opening"):
                yield PathInput(_("Paste or drop the file here, then press enter"), id="path")
                yield Button(_("Open"), id="open", variant="primary")
                yield Button(_("Browse"), id="browse")
            yield Said(id="said")
            with Horizontal(id="else"):
                yield Static(_("No export yet? F1 says how to get it. Or see how it works:"))
                yield Button(_("Try the demo"), id="demo", compact=True)
            yield Section(_("Finished"), id="finished")
            yield Section(_("Cannot be opened"), id="lost")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Open at once what was named on the command line."""
        if self._path:
            self.open_path(self._path)

    def on_screen_resume(self) -> None:
        """Shown, or back from an import: the numbers may have changed."""
        self._read_imports()

    def on_paste(self, event: events.Paste) -> None:
        """A file may be dropped anywhere, not only on the field."""
        field = self.query_one("#path", PathInput)
        field.focus()
        field.post_message(events.Paste(event.text))

    # imports

    def _read_imports(self) -> None:
        remembered = [Path(folder) for folder in self.app.remembered.choices.archives]
        flags, places, now = self.app.flags, self.app.places, self.app.now()

        def read() -> list[Import | Unreadable]:
            with self._disk:
                return [look(folder, flags, now) for folder in find_archives(remembered, places)]

        self.do(
            read, lambda found: self.call_later(self._show_imports, found, now), group="imports"
        )

    async def _show_imports(self, imports: list[Import | Unreadable], now: datetime) -> None:
        if imports == self._shown:
            return
        self._shown = imports
        untouched = self.focused is None or (
            self.focused.id == "path" and not self.query_one("#path", PathInput).value
        )
        known = self.app.remembered.choices.archives
        whole = [at for at in imports if isinstance(at, Import)]
        cards: dict[str, list[Widget]] = {
            "#unfinished": [ImportCard(at, now) for at in whole if at.is_unfinished],
            "#finished": [ImportCard(at, now) for at in whole if not at.is_unfinished],
            "#lost": [
                LostCard(at, is_remembered=str(at.folder.absolute()) in known)
                for at in imports
                if isinstance(at, Unreadable)
            ],
        }
        for place, listed in cards.items():
            await self.query_one(place, Section).show(listed)
        first = self.query("#unfinished .continue")
        if first and untouched:
            first.first(Button).focus()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is something to go on with, or not."""
        return action != "continue" or bool(self.query("#unfinished .card")) or None

    def action_continue(self) -> None:
        """Go on with the first import."""
        self._go_on(self.query("#unfinished .card").first(ImportCard).at)

    @on(ImportCard.Continued)
    def _continued(self, message: ImportCard.Continued) -> None:
        self._go_on(message.at)

    def _go_on(self, at: Import) -> None:
        """Straight to where the import was; its posts are the way back."""
        desk = self._library(at.folder)
        self.app.push_screen(PublishScreen(desk) if at.has_run else ReviewScreen(desk))

    @on(ImportCard.Looked)
    def _looked(self, message: ImportCard.Looked) -> None:
        self._library(message.at.folder)

    def _library(self, folder: Path) -> Desk:
        desk = self.app.known(Desk(folder, self.app.flags))
        self.app.remembered.archive(folder)
        self.app.push_screen(LibraryScreen(desk))
        return desk

    @on(LostCard.Forgotten)
    async def _forgotten(self, message: LostCard.Forgotten) -> None:
        self.app.remembered.forget(message.card.lost.folder)
        await self.query_one("#lost", Section).leave_out(message.card)

    # exports

    @on(PathInput.Chosen)
    def _chosen(self, message: PathInput.Chosen) -> None:
        if message.others:
            self.notify(_("That was more than one path: the first is opened."), markup=False)
        self.open_path(message.path)

    @on(Button.Pressed, "#open")
    async def _open(self) -> None:
        await self.query_one("#path", PathInput).action_submit()

    @on(Button.Pressed, "#browse")
    def action_browse(self) -> None:
        """Look for an export on the disk."""
        self.app.push_screen(BrowseScreen(self.app.browsing_begins), self._browsed)

    def _browsed(self, path: Path | None) -> None:
        if path:
            self.query_one("#path", PathInput).value = str(path)
            self.open_path(path)

    def open_path(self, path: Path, flags: Mapping[str, Any] | None = None) -> None:
        """Read an export or open an archive, then show its posts.

        `flags` are those of the demo, whose archive is not remembered.
        """
        self.query_one(Said).doing(_("Reading {name} …").format(name=one_line(path.name)))
        of_demo = flags is not None
        with_flags = {**self.app.flags, **(flags or {})}

        def lay() -> Desk:
            if is_archive(path):
                return Desk(path, with_flags)
            with self._disk:
                return Desk.lay(export_in(path), with_flags)[0]

        self.do(
            lay,
            lambda desk: self._opened(desk, remember=not of_demo),
            group="open",
            failed=self.query_one(Said).failed,
        )

    def _opened(self, desk: Desk, *, remember: bool) -> None:
        self.query_one(Said).doing("")
        if remember:
            self.app.remembered.archive(desk.folder)
        self.app.push_screen(LibraryScreen(self.app.known(desk)))

    # the demo

    @on(Button.Pressed, "#demo")
    def action_demo(self) -> None:
        """Start a server here, and lead through everything with a sample."""
        said = self.query_one(Said)
        said.doing(_("Getting the demo ready …"))
        self.do(
            lambda: self.app.ground.ready(said.hear),
            self._demo_ready,
            group="open",
            failed=said.failed,
        )

    def _demo_ready(self, demo: Demo) -> None:
        self.query_one(Said).doing("")

        def begin(wanted: bool | None) -> None:
            if wanted:
                self.open_path(demo.export, demo.flags)

        self.app.push_screen(DemoScreen(demo), begin)

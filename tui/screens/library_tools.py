"""What brings words and files to the posts: folders, TikTok's page, a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Button

from importer.captions.table import Edits
from importer.wanted import become_public
from importer.wording import gathered_lines, table_lines
from tui.choosing import Choice, question
from tui.language import _, ngettext
from tui.screens.ask import AskPathScreen, AskScreen, ToldScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.gathering import Answer, Gather, GatheringScreen
from tui.screens.library_changes import ChangingScreen
from tui.screens.more import MoreScreen
from tui.shown import one_line
from tui.trouble import Trouble

if TYPE_CHECKING:
    from tui.app import TokawayApp

Result = TypeVar("Result")


class ToolsScreen(ChangingScreen):
    """Posts to which words and files come from elsewhere."""

    app: TokawayApp
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "more", _("More"), show=False),
        Binding("s", "folder", _("Take words and files from a folder"), show=False),
        Binding("o", "online", _("Read the words off TikTok"), show=False),
        Binding("x", "export", _("Write a spreadsheet"), show=False),
        Binding("i", "import", _("Read a spreadsheet"), show=False),
    ]

    @on(Button.Pressed, "#more")
    def action_more(self) -> None:
        """Offer what has no key in the last line."""
        self.app.push_screen(
            MoreScreen(
                [
                    ("choose_shown(True)", "a", _("Choose all posts that are shown")),
                    ("choose_shown(False)", "n", _("Leave out all posts that are shown")),
                    ("undo", "u", _("Take the last choice back")),
                    ("everything", "c", _("Show all posts")),
                    ("edit", "e", _("Write the words of this post")),
                    ("look", "p", _("Everything about this post")),
                    ("treat", "t", _("How posts are published: too long, photos, labels …")),
                    ("folder", "s", _("Take words and files from a folder of yours …")),
                    ("online", "o", _("Read the words off your TikTok page …")),
                    ("export", "x", _("Write a spreadsheet to edit …")),
                    ("import", "i", _("Read your spreadsheet …")),
                ]
            ),
            self._more_chosen,
        )

    async def _more_chosen(self, action: str | None) -> None:
        if action:
            await self.run_action(action)

    # a folder, TikTok's page

    def action_folder(self) -> None:
        """Ask for a folder, and read it."""
        asks = AskPathScreen(
            _("Take words and files from a folder"),
            _(
                "A folder with videos you already have, or what yt-dlp, gallery-dl, myfaveTT or "
                "4K Tokkit left there. Tokaway finds the words and files of your posts in it. "
                "Nothing in it is changed, nothing is sent."
            ),
            _("Read this folder"),
            placeholder=_("Type, paste or drop a folder here"),
        )
        self.app.push_screen(asks, self._folder_named)

    def _folder_named(self, folder: Path | None) -> None:
        if folder:
            self._gather(
                _("Reading {folder}").format(folder=one_line(str(folder))),
                lambda _stop, say: self.desk.gather_folder(folder, say),
                keeps=False,
            )

    def action_online(self) -> None:
        """Say what is asked of whom, and read the pages."""
        asks = AskScreen(
            _("Read the words off your TikTok page"),
            _(
                "Tokaway opens your public page at tiktok.com, as any visitor could, and reads the "
                "words of your posts, slowly and politely. TikTok sees this computer's address and "
                "which page is read. You sign in nowhere. You can stop at any time; what was read "
                "is kept."
            ),
            _("Read the page"),
            value=self.user_name,
            placeholder=_("Your name on TikTok"),
        )
        self.app.push_screen(asks, self._page_named)

    def _page_named(self, typed: str | None) -> None:
        if typed:
            name = typed.removeprefix("@")
            self._gather(
                _("Reading the page of @{name}").format(name=name),
                lambda stop, say: self.desk.gather_pages(name, stop, say),
                keeps=True,
            )

    def _gather(self, title: str, gather: Gather, *, keeps: bool) -> None:
        def begin() -> None:
            self.app.push_screen(GatheringScreen(title, gather, keeps=keeps), self._gathered)

        self.writing.then(begin)

    def _gathered(self, answer: Answer) -> None:
        self.load()
        if isinstance(answer, Trouble):
            self.post_message(self.Failed(answer))
        elif answer:
            self._say(_("What was found"), gathered_lines(answer))

    # a spreadsheet

    def action_export(self) -> None:
        """Ask for the name of a file, and write it."""
        folder = self.desk.folder
        asks = AskPathScreen(
            _("Write a spreadsheet to edit"),
            _(
                "All posts as rows. Edit the columns caption, alt text and chosen in Excel, "
                "LibreOffice or Google Sheets, save as CSV, and read it here with i."
            ),
            _("Write it"),
            value=str(folder.with_name(f"{folder.stem}-posts.csv")),
        )
        self.app.push_screen(asks, self._export_to)

    def _export_to(self, target: Path | None) -> None:
        if not target:
            return

        def work() -> list[str]:
            number = self.desk.write_table(target)
            told = ngettext("{n} post written to", "{n} posts written to", number)
            return [told.format(n=f"{number:,}"), str(target)]

        def written(lines: Sequence[str]) -> None:
            self._table_told(lines)
            if self.app.is_web:
                self.app.hand_over(target)

        self.writing.then(lambda: self._tabulate(work, written))

    def _tabulate(self, work: Callable[[], Result], then: Callable[[Result], None]) -> None:
        self.do(work, then, group="table")

    def action_import(self) -> None:
        """Ask for the file, and take over what was edited."""
        asks = AskPathScreen(
            _("Read your spreadsheet"),
            _("What you edited is taken over, all of it or nothing."),
            _("Read it"),
            placeholder=_("Type, paste or drop the CSV file here"),
        )
        self.app.push_screen(asks, self._import_from)

    def _import_from(self, source: Path | None) -> None:
        if source:
            self.writing.then(
                lambda: self._tabulate(lambda: self.desk.read_table(source), self._read)
            )

    def _read(self, read: Edits) -> None:
        private = become_public(read.edits, self.posts)
        if not private:
            self._import(read)
            return
        made = Choice(read.edits, frozenset(post.id for post in private))
        self.app.push_screen(
            ConfirmScreen(question(made), _("Make it public"), _("Change nothing")),
            lambda agreed: self._import(read) if agreed else None,
        )

    def _import(self, read: Edits) -> None:
        def work() -> list[str]:
            edited = self.desk.edit(read.edits)
            return table_lines(read, edited, self.desk.folder)

        self._tabulate(work, self._imported)

    def _imported(self, lines: Sequence[str]) -> None:
        self.load()
        self._table_told(lines)

    def _table_told(self, lines: Sequence[str]) -> None:
        self._say(_("Spreadsheet"), lines)

    def _say(self, title: str, lines: Sequence[str]) -> None:
        self.app.push_screen(ToldScreen(title, lines))

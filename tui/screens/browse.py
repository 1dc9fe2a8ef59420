"""A look around the disk for an export, an archive or a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, DirectoryTree, Static
from textual.widgets.directory_tree import DirEntry
from textual.widgets.tree import TreeNode

from tui.language import _
from tui.shown import in_place, one_line

_KINDS = (".zip", ".json", ".txt")


class Exports(DirectoryTree):
    """Folders, and the files that may be an export."""

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        """Hidden things stay hidden."""
        return [path for path in paths if not path.name.startswith(".") and _is_shown(path)]

    def render_label(self, node: TreeNode[DirEntry], base_style: Style, style: Style) -> Text:
        """Names as they can be shown."""
        label = super().render_label(node, base_style, style)
        label.plain = in_place(label.plain)
        return label


class BrowseScreen(ModalScreen[Path | None]):
    """Answers with what the person picked; `None` if nothing."""

    CSS_PATH = "browse.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", _("Cancel")),
        Binding("backspace", "up", _("Folder above")),
        Binding("o", "open", _("Open")),
    ]

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def compose(self) -> ComposeResult:
        """Where one is, what is there, and the buttons."""
        with Vertical(classes="dialog"):
            yield Static(_("Pick your TikTok export, the folder it is in, or an archive."))
            yield Static(id="here", classes="muted")
            yield Exports(self._folder)
            with Horizontal(classes="buttons"):
                yield Button(_("Open"), id="open", variant="primary", compact=True)
                yield Button(_("Folder above"), id="up", compact=True)
                yield Button(_("Cancel"), id="cancel", compact=True)

    def on_mount(self) -> None:
        """Keys go to the tree."""
        self.query_one(Exports).focus()
        self._say(self._folder)

    @on(DirectoryTree.NodeHighlighted)
    def _highlighted(self) -> None:
        self._say(self._picked())

    @on(DirectoryTree.FileSelected)
    def _file(self, event: DirectoryTree.FileSelected) -> None:
        self.dismiss(event.path)

    @on(Button.Pressed, "#open")
    def action_open(self) -> None:
        """Take what is highlighted, a folder too."""
        self.dismiss(self._picked())

    @on(Button.Pressed, "#up")
    def action_up(self) -> None:
        """Show the folder above."""
        tree = self.query_one(Exports)
        tree.path = Path(tree.path).absolute().parent
        self._say(Path(tree.path))
        tree.focus()

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Pick nothing."""
        self.dismiss(None)

    def _picked(self) -> Path:
        tree = self.query_one(Exports)
        entry = tree.cursor_node.data if tree.cursor_node else None
        return entry.path if entry else Path(tree.path)

    def _say(self, path: Path) -> None:
        self.query_one("#here", Static).update(
            Text(one_line(str(path)), no_wrap=True, overflow="ellipsis")
        )


def _is_shown(path: Path) -> bool:
    try:
        return path.suffix.casefold() in _KINDS or path.is_dir()
    except OSError:
        return False

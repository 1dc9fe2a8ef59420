"""While the person signs in in a browser: the page, and a place for the address it ends at."""

from __future__ import annotations

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Input, Static

from tui.language import _
from tui.shown import one_line
from tui.widgets.line_input import LineInput


class VisitPanel(Vertical):
    """Shows the page that was opened; waits for it, for its address, or for Cancel."""

    class Brought(Message):
        """The person has brought the address; it is in `VisitPanel.address`."""

    class Cancelled(Message):
        """The person has thought better of it."""

    def compose(self) -> ComposeResult:
        """The page and the ways on."""
        yield Static(
            Text(_("Sign in on the page that opens in your browser, and allow what is asked.")),
            classes="title",
        )
        yield Static(Text(_("If no page opens, or to use another machine, go to:")))
        yield Static(Text(), id="page")
        yield Static(
            Text(
                _(
                    "On another machine the last page cannot be shown. Then paste its address "
                    "here, and press Enter:"
                )
            )
        )
        yield LineInput(placeholder="http://127.0.0.1/…", id="address")
        with Horizontal(classes="buttons"):
            yield Button(_("Open the page again"), id="open")
            yield Button(_("Copy its address"), id="copy")
            yield Button(_("Cancel"), id="cancel")

    @property
    def address(self) -> str:
        """What was pasted."""
        return self.query_one("#address", Input).value.strip()

    def wait_for(self, page: str) -> None:
        """A page was made for this sign-in."""
        self._page = page
        self.query_one("#page", Static).update(
            Text(one_line(page), style="underline", overflow="fold")
        )
        self.query_one("#address", Input).value = ""
        self.app.open_url(page)

    @on(Button.Pressed, "#open")
    def _open_again(self) -> None:
        self.app.open_url(self._page)

    @on(Button.Pressed, "#copy")
    def _copy(self) -> None:
        self.app.copy_to_clipboard(self._page)
        self.notify(_("Copied."), markup=False)

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.post_message(self.Cancelled())

    @on(Input.Submitted, "#address")
    def _bring(self, event: Input.Submitted) -> None:
        event.stop()
        if self.address:
            self.post_message(self.Brought())

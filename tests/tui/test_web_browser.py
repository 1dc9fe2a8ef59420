"""`tokaway ui --web` in a real browser: a person opens the address and types."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyte
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, WebSocket

from importer.demo.ground import MEMBER_NAME, sample_folder, write_export
from tests.browser import BrowserThread
from tests.end_to_end.command_line import environment
from tests.tui.terminal import shown_by
from tui.widgets.sign_in_form import APP_PASSWORDS

SECONDS = 60


class Window:
    """A page that shows the screens; the browser paints them, so they are read on the way to it."""

    def __init__(self, page: Page, address: str) -> None:
        page.set_default_timeout(SECONDS * 1000)
        self.page = page
        self.asked: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        with page.expect_websocket() as opened:
            page.on("websocket", self._listen)
            page.goto(address)
        self._socket = opened.value

    def _listen(self, socket: WebSocket) -> None:
        self.asked.append(socket.url)
        query = parse_qs(urlsplit(socket.url).query)
        self._screen = pyte.Screen(int(query["width"][0]), int(query["height"][0]))
        self._stream = pyte.ByteStream(self._screen)
        socket.on("framereceived", self._draw)

    def _draw(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self._stream.feed(shown_by(frame))

    @property
    def words(self) -> str:
        """What a person reads now."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def until(self, text: str) -> None:
        """Wait until a text is on the screen."""
        if text not in self.words:
            self._socket.wait_for_event("framereceived", lambda _frame: text in self.words)

    def opens(self, export: Path) -> None:
        """Name an export on the first screen, and wait for its posts."""
        self.until("Move your TikTok posts")
        self.page.keyboard.type(str(export))
        self.until(export.name)
        self.page.keyboard.press("Enter")
        self.until("[1 Posts]")
        self.until("posts · ")

    @property
    def colours(self) -> int:
        """How many colours are painted on the page."""
        with Image.open(io.BytesIO(self.page.screenshot())) as picture:
            return len(picture.convert("RGB").getcolors(1 << 24) or [])


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address that the program printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "importer.cli", "ui", "--web", "--json"],
        env=environment(tmp_path) | {"TOKAWAY_STATE": str(tmp_path / "state")},
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert process.stdout
    try:
        yield json.loads(process.stdout.readline())["address"]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(SECONDS)
        process.stdout.close()


def in_window(browser: BrowserThread, address: str, act: Callable[[Window], None]) -> None:
    """Do something in a window of a fresh visitor, which is closed afterwards."""

    def visit(opened: Browser) -> None:
        with opened.new_context() as visitor:
            act(Window(visitor.new_page(), address))

    browser.do(visit)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "TikTok_Data_1767225600.zip"
    write_export(sample_folder() / MEMBER_NAME, path, "http://127.0.0.1:9/")
    return path


def test_from_the_address_to_the_posts(browser: BrowserThread, address: str, export: Path) -> None:
    def act(window: Window) -> None:
        window.opens(export)
        # The key is not left in the address bar.
        assert "token" not in window.page.url
        assert window.colours > 10
        hosts = {urlsplit(url).hostname for url in window.asked if not url.startswith("data:")}
        assert hosts == {"127.0.0.1"}
        window.page.keyboard.press("Control+q")
        window.page.get_by_text("Tokaway has ended in this tab").wait_for()

    in_window(browser, address, act)
    assert export.with_suffix(".tokaway").is_dir()


def test_a_spreadsheet_is_downloaded(
    browser: BrowserThread, address: str, export: Path, tmp_path: Path
) -> None:
    table = tmp_path / "downloaded.csv"

    def act(window: Window) -> None:
        window.opens(export)
        window.page.keyboard.press("x")
        window.until("Write it")
        # The tab that was to show it is gone before anything is in it.
        with window.page.expect_download() as given:
            window.page.keyboard.press("Enter")
        download = given.value
        assert download.suggested_filename == f"{export.stem}-posts.csv"
        download.save_as(table)
        window.until("posts written to")

    in_window(browser, address, act)
    assert table.read_bytes() == table.with_name(f"{export.stem}-posts.csv").read_bytes()


def test_a_link_opens_in_a_tab_of_its_own(
    browser: BrowserThread, address: str, export: Path
) -> None:
    def act(window: Window) -> None:
        # Nobody asks Bluesky for anything.
        window.page.context.route(
            f"{APP_PASSWORDS}**", lambda route: route.fulfill(body="The page of app passwords.")
        )
        window.opens(export)
        window.page.keyboard.press("Control+n")
        window.until("[2 Account]")
        window.until(APP_PASSWORDS)
        window.page.keyboard.type("maker.test")
        window.until("maker.test")
        # Over the password, and the button that shows it, to the link.
        for _ in range(3):
            window.page.keyboard.press("Tab")
        with window.page.expect_popup() as opened:
            window.page.keyboard.press("Enter")
        opened.value.get_by_text("The page of app passwords.").wait_for()
        assert opened.value.url == APP_PASSWORDS
        assert opened.value.evaluate("window.opener") is None
        # The screens stay where they are.
        assert "[2 Account]" in window.words

    in_window(browser, address, act)

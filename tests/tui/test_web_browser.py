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


def test_from_the_address_to_the_posts(
    browser: BrowserThread, address: str, tmp_path: Path
) -> None:
    export = tmp_path / "TikTok_Data_1767225600.zip"
    write_export(sample_folder() / MEMBER_NAME, export, "http://127.0.0.1:9/")

    def act(window: Window) -> None:
        window.until("Move your TikTok posts")
        # The key is not left in the address bar.
        assert "token" not in window.page.url
        window.page.keyboard.type(str(export))
        window.until(export.name)
        window.page.keyboard.press("Enter")
        window.until("[1 Posts]")
        window.until("posts · ")
        assert window.colours > 10
        hosts = {urlsplit(url).hostname for url in window.asked if not url.startswith("data:")}
        assert hosts == {"127.0.0.1"}
        window.page.keyboard.press("Control+q")
        window.page.get_by_text("Tokaway has ended in this tab").wait_for()

    in_window(browser, address, act)
    assert export.with_suffix(".tokaway").is_dir()

"""`tokaway ui --web`: the same screens in a browser of this computer, for one person only."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pyte
import pytest

from tests.end_to_end.command_line import environment
from tests.tui.terminal import shown_by

SECONDS = 60


class Served:
    """The address that was printed, and its parts."""

    def __init__(self, address: str, process: subprocess.Popen[str]) -> None:
        self.address = address
        self.base = address.partition("/?")[0]
        self.process = process

    def children(self) -> list[int]:
        """The programs behind the tabs."""
        pid = self.process.pid
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def serving(tmp_path: Path, *flags: str, **variables: str) -> Iterator[Served]:
    """The server as a process of its own."""
    command = ("ui", "--web", "--json", "--to", "maker.test", *flags)
    said = tmp_path / "said.txt"
    with said.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "importer.cli", *command],
            env=environment(tmp_path) | {"TOKAWAY_STATE": str(tmp_path / "state")} | variables,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=tmp_path,
        )
    assert process.stdout
    try:
        yield Served(json.loads(process.stdout.readline())["address"], process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(SECONDS)
        process.stdout.close()
    # Whenever it is told to end, it does so without a word.
    assert said.read_text(encoding="utf-8").split() in ([], ["Stopped.", "Nothing", "is", "lost."])


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as made:
        yield made


class Page:
    """One tab: what its program shows, and what it asks the browser to do."""

    def __init__(self, socket_: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket_
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)
        self.asked: list[list[str]] = []

    @property
    def words(self) -> str:
        return "\n".join(self._screen.display)

    async def until(self, text: str, seconds: float = SECONDS) -> None:
        """Wait until a text is on the screen."""
        async with asyncio.timeout(seconds):
            while text not in self.words:
                await self._hear()

    async def asks(self, what: str, seconds: float = SECONDS) -> str:
        """Wait until the program asks the browser for something."""
        async with asyncio.timeout(seconds):
            while not (values := [value for name, value in self.asked if name == what]):
                await self._hear()
        return values[0]

    async def press(self, keys: str) -> None:
        await self._socket.send_json(["stdin", keys])

    async def _hear(self) -> None:
        message = await self._socket.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            self._stream.feed(shown_by(message.data))
        else:
            assert message.type is aiohttp.WSMsgType.TEXT, f"{message}\n{self.words}"
            self.asked.append(message.json())


@asynccontextmanager
async def tab(client: aiohttp.ClientSession, served: Served) -> AsyncIterator[Page]:
    async with client.ws_connect(f"{served.base}/ws?width=80&height=24") as socket_:
        yield Page(socket_)


@asynccontextmanager
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    """A browser that keeps cookies of addresses too."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as client:
        yield client


async def test_without_the_key_nothing_is_answered(served: Served) -> None:
    paths = (
        "/",
        "/?token=",
        "/?token=wrong",
        "/static/js/textual.js",
        "/page/page.js",
        "/download/x",
    )
    async with browser() as client:
        for path in paths:
            async with client.get(served.base + path) as answer:
                assert answer.status == 403, path
                assert "Set-Cookie" not in answer.headers
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(f"{served.base}/ws")
        assert refused.value.status == 403
    assert served.children() == []


async def test_the_key_becomes_a_strict_cookie(served: Served) -> None:
    async with browser() as client, client.get(served.address) as answer:
        assert answer.status == 200
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer.headers["Cache-Control"]
        page = await answer.text()
        # Nothing of the page comes from another host.
        assert served.base in page
        assert "https:" not in page
        async with client.get(served.base) as again:
            assert again.status == 200


async def test_the_key_is_in_no_file_and_no_argument(served: Served, tmp_path: Path) -> None:
    key = served.address.partition("token=")[2]
    async with browser() as client:
        await client.get(served.address)
        async with tab(client, served) as page:
            await page.until("Move your TikTok posts")
            programs = [Path(f"/proc/{pid}") for pid in (served.process.pid, *served.children())]
            seen = [(of / name).read_bytes() for of in programs for name in ("cmdline", "environ")]
            seen += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
            assert len(key) > 20 and len(seen) >= 4
            assert not [one for one in seen if key.encode() in one]
            assert key not in page.words


async def test_a_browser_is_started_with_a_key_that_is_good_once(tmp_path: Path) -> None:
    """Its arguments are seen by everybody on the machine."""
    browsing = tmp_path / "browser"
    browsing.write_text(f'#!/bin/sh\nprintf %s "$1" > "{tmp_path}/opened"\n', encoding="utf-8")
    browsing.chmod(0o700)
    with serving(tmp_path, "--open", BROWSER=str(browsing)) as served:
        async with browser() as client, browser() as stranger:
            # It is answered once the browser was started.
            assert (await client.get(served.base)).status == 403
            opened = (tmp_path / "opened").read_text(encoding="utf-8")
            assert opened.startswith(served.base) and opened != served.address
            assert (await client.get(opened)).status == 200
            assert (await stranger.get(opened)).status == 403
            for address in (opened, served.base):
                assert (await client.get(address)).status == 200


async def test_another_page_with_the_cookie_is_refused(served: Served) -> None:
    async with browser() as client:
        await client.get(served.address)
        for headers in (
            {"Origin": "http://127.0.0.1:9"},
            {"Origin": "null"},
            {"Host": "evil.example"},
        ):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.ws_connect(f"{served.base}/ws", headers=headers)
            assert refused.value.status == 403, headers
    assert served.children() == []


async def test_it_listens_on_loopback_only(served: Served) -> None:
    port = urlsplit(served.base).port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        try:
            found.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this computer has no other address")
        other = found.getsockname()[0]
    with pytest.raises(OSError):
        socket.create_connection((other, port), timeout=5).close()


async def test_each_tab_is_a_program_and_ends_with_it(served: Served) -> None:
    async with browser() as client:
        await client.get(served.address)
        async with tab(client, served) as first:
            await first.until("Move your TikTok posts")
            assert len(served.children()) == 1
            async with tab(client, served) as second:
                await second.until("Move your TikTok posts")
                assert len(served.children()) == 2
            while len(served.children()) > 1:
                await asyncio.sleep(0.05)
            await first.press("\x11")
            with pytest.raises(AssertionError):
                await first.until("nothing more")


async def picture_of_the_screen(page: Page) -> str:
    """Have a picture made by the palette; its key."""
    for _ in range(3):
        await page.press("\x10")
        await page.until("Search")
        await page.press("Picture of")
        # Words that come before the palette listens are lost, and Enter that comes while it still
        # searches closes it without a choice.
        with suppress(TimeoutError):
            await page.until("SVG", 10)
            await page.press("\r")
            return await page.asks("deliver_file_start", 10)
        if "Search" in page.words or "Picture" in page.words:
            await page.press("\x1b")
    raise AssertionError(page.words)


async def test_what_the_screens_give_arrives_as_a_download(served: Served) -> None:
    async with browser() as client, browser() as stranger:
        await client.get(served.address)
        async with tab(client, served) as page:
            await page.until("Move your TikTok posts")
            key = await picture_of_the_screen(page)
            async with stranger.get(f"{served.base}/download/{key}") as refused:
                assert refused.status == 403
            async with client.get(f"{served.base}/download/{key}") as answer:
                assert answer.status == 200
                assert "sandbox" in answer.headers["Content-Security-Policy"]
                assert (await answer.text()).startswith("<svg")


async def test_ctrl_c_ends_all_tabs(served: Served) -> None:
    async with browser() as client:
        await client.get(served.address)
        async with tab(client, served) as page:
            await page.until("Move your TikTok posts")
            children = served.children()
            served.process.send_signal(signal.SIGINT)
            code = await asyncio.to_thread(served.process.wait, SECONDS)
    assert code == 0
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def test_without_the_part_for_the_web_it_says_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['textual_serve'] = None\n"
        "sys.argv = ['tokaway', 'ui', '--web']\n"
        "from importer.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'tokaway[web]'" in done.stderr


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "importer.cli", "ui", "--web", "--port", port],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert f"Port {port} cannot be used" in done.stderr


def test_flags_of_the_server_need_the_server() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "importer.cli", "ui", "--port", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "go with --web" in done.stderr

"""A Chromium without a window: the system's own, else one from npm; driven in its own thread."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import Browser, sync_playwright

from importer.demo.node_packages import Bundle, ensure_packages

Result = TypeVar("Result")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # As root, as in containers, its sandbox cannot be made.
    "--no-sandbox",
)

CHROMIUM = Bundle(
    Path(__file__).parent / "chromium",
    "chromium",
    "a Chromium for the tests",
    "once, some seconds, 300 MB on disk",
    # It unpacks into the folder for temporary files: let that be where the packages are. Its own
    # list of fonts is about places that only its makers have.
    "process.env.TMPDIR = process.cwd();"
    "import('@sparticuz/chromium').then(({ inflate }) => Promise.all("
    "['chromium', 'al2023.tar', 'fonts.tar', 'swiftshader.tar'].map((name) =>"
    "inflate(`node_modules/@sparticuz/chromium/bin/${name}.br`)))).then(() =>"
    "require('fs').writeFileSync('fonts/fonts.conf',"
    "'<fontconfig><dir prefix=\"relative\">fonts</dir></fontconfig>'))",
)


class BrowserThread:
    """A browser, and the one thread that may touch it and what it makes.

    Playwright leaves an event loop running in the thread that called it: in the thread of the
    tests, no test with a loop of its own could run from then on.
    """

    def __init__(self, browser: Browser, thread: Executor) -> None:
        self._browser = browser
        self._thread = thread

    def do(self, act: Callable[[Browser], Result]) -> Result:
        """Do something with the browser, and wait until it is done."""
        return self._thread.submit(act, self._browser).result()


@contextmanager
def open_browser() -> Iterator[BrowserThread]:
    """A browser with an empty profile, which is gone afterwards."""
    program, variables = _find()
    opened = ExitStack()

    def launch() -> Browser:
        playwright = opened.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=program,
            headless=True,
            args=list(FLAGS),
            env={**os.environ, **variables},
        )
        opened.callback(browser.close)
        return browser

    with ThreadPoolExecutor(1, "browser") as thread:
        try:
            yield BrowserThread(thread.submit(launch).result(), thread)
        finally:
            thread.submit(opened.close).result()


def _find() -> tuple[Path, dict[str, str]]:
    """The program, and the variables it needs."""
    for name in (*NAMES, str(MAC)):
        if found := shutil.which(name):
            return Path(found), {}
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise RuntimeError("these tests need a Chromium or Chrome: install one")
    folder = ensure_packages(None, print, CHROMIUM).packages
    libraries = os.pathsep.join(
        filter(None, (str(folder / "al2023" / "lib"), os.environ.get("LD_LIBRARY_PATH")))
    )
    return folder / "chromium", {
        "LD_LIBRARY_PATH": libraries,
        "FONTCONFIG_PATH": str(folder / "fonts"),
    }

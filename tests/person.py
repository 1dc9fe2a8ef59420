"""Somebody in front of a browser, who signs in on the page of a PDS and consents, or does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, Self

from playwright.sync_api import Browser, BrowserContext, Page

from importer.pds.kept_sessions import Tokens
from importer.pds.loopback import Loopback
from importer.pds.oauth import AuthorizationServer
from tests.browser import BrowserThread

PATIENCE_MS = 90_000


class Person:
    """Knows one password. Use it with `with`: pages stay open until its end."""

    def __init__(self, browser: BrowserThread, password: str) -> None:
        self._browser = browser
        self._password = password

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._browser.do(_close_pages)

    def allow(self, url: str) -> None:
        """Sign in and consent; the browser goes back by itself then."""
        self._browser.do(lambda browser: self._answer(browser, url, "Authorize"))

    def refuse(self, url: str) -> None:
        """Sign in and consent to nothing."""
        self._browser.do(lambda browser: self._answer(browser, url, "Deny access"))

    def allow_elsewhere(self, url: str) -> str:
        """Consent on another machine: the address at which the browser ends, showing nothing."""

        def act(browser: Browser) -> str:
            page = self._signed_in(browser, url)
            page.route("http://127.0.0.1:*/**", lambda route: route.abort())
            with page.expect_request("http://127.0.0.1:*/**") as ended:
                page.get_by_role("button", name="Authorize").click()
            return ended.value.url

        return self._browser.do(act)

    def _answer(self, browser: Browser, url: str, button: str) -> None:
        self._signed_in(browser, url).get_by_role("button", name=button).click()

    def _signed_in(self, browser: Browser, url: str) -> Page:
        window = _window(browser)
        window.clear_cookies()  # nobody is remembered
        page = window.new_page()
        # The page is made anew by its scripts, and forgets what was typed before.
        page.goto(url, wait_until="networkidle")
        page.locator("input[type=password]").fill(self._password)
        page.get_by_role("button", name="Sign in").click()
        return page


def _window(browser: Browser) -> BrowserContext:
    """The window that all share, and with it the files of the page."""
    if not browser.contexts:
        browser.new_context().set_default_timeout(PATIENCE_MS)
    return browser.contexts[0]


def _close_pages(browser: Browser) -> None:
    for page in _window(browser).pages:
        page.close()


class Known(Protocol):
    """An account."""

    @property
    def did(self) -> str: ...
    @property
    def handle(self) -> str: ...
    @property
    def pds(self) -> str: ...


def consented(
    authority: AuthorizationServer, account: Known, scope: str, act: Callable[[str], object]
) -> Tokens:
    """What signing in comes to, if the person does `act` with the page that asks for a scope."""
    with Loopback() as loopback:
        consent = authority.ask(scope, loopback.url, account.handle)
        act(consent.url)
        found = loopback.wait(PATIENCE_MS / 1_000, threading.Event())
        signing = Tokens(account.did, account.handle, account.pds, "", "")
        return authority.finish(consent, found or {}, signing)

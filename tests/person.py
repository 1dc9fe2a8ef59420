"""Somebody in front of a browser, who signs in on the page of a PDS and consents, or does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, Self

from playwright.sync_api import Browser, Page

from importer.pds.kept_sessions import Tokens
from importer.pds.loopback import Loopback
from importer.pds.oauth import AuthorizationServer

PATIENCE_MS = 30_000


class Person:
    """Knows one password. Use it with `with`: pages stay open until its end."""

    def __init__(self, browser: Browser, password: str) -> None:
        # All share one window, and with it the files of the page.
        self._window = browser.contexts[0] if browser.contexts else browser.new_context()
        self._window.set_default_timeout(PATIENCE_MS)
        self._password = password

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for page in self._window.pages:
            page.close()

    def allow(self, url: str) -> None:
        """Sign in and consent; the browser goes back by itself then."""
        self._signed_in(url).get_by_role("button", name="Authorize").click()

    def refuse(self, url: str) -> None:
        """Sign in and consent to nothing."""
        self._signed_in(url).get_by_role("button", name="Deny access").click()

    def allow_elsewhere(self, url: str) -> str:
        """Consent on another machine: the address at which the browser ends, showing nothing."""
        page = self._signed_in(url)
        page.route("http://127.0.0.1:*/**", lambda route: route.abort())
        with page.expect_request("http://127.0.0.1:*/**") as ended:
            page.get_by_role("button", name="Authorize").click()
        return ended.value.url

    def _signed_in(self, url: str) -> Page:
        self._window.clear_cookies()  # nobody is remembered
        page = self._window.new_page()
        # The page is made anew by its scripts, and forgets what was typed before.
        page.goto(url, wait_until="networkidle")
        page.locator("input[type=password]").fill(self._password)
        page.get_by_role("button", name="Sign in").click()
        return page


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

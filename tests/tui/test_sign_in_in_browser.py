"""Signing in on the page of a real server, in a real browser, from the account's screen."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from importer.archive.ledger import default_folder
from importer.archive.view import ArchiveView
from importer.clock import utc_now
from importer.pds.kept_sessions import KeptSessions
from importer.wording import local
from tests.browser import BrowserThread
from tests.conftest import Doorway, TestAccount
from tests.person import Person
from tests.tui.archives import make_archive
from tests.tui.reading import read, squeezed
from tests.tui.screens import USUAL, app_on, until, words
from tests.tui.test_account import opened
from tui.app import TokawayApp
from tui.screens.account import AccountScreen


@pytest.fixture
def account(doorway: Doorway) -> TestAccount:
    doorway.proxy.forget()
    made = doorway.pds.create_account(f"o{secrets.token_hex(6)}.test", "hunter2-hunter2")
    return TestAccount(made.did, made.handle, "hunter2-hunter2", doorway.proxy.url)


@pytest.fixture
def person(browser: BrowserThread, account: TestAccount) -> Iterator[Person]:
    with Person(browser, account.password) as one:
        yield one


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the screens open in the browser of the person."""
    opened_pages: list[str] = []
    monkeypatch.setattr(TokawayApp, "open_url", lambda app, url: opened_pages.append(url))
    return opened_pages


async def asked(pilot: Pilot[int], folder: Path) -> AccountScreen:
    """The screen, waiting for the person to come back from the page."""
    screen = await opened(pilot, folder)
    await pilot.click("#browser")
    await until(pilot, lambda: screen.stage == "visit")
    return screen


async def is_told(pilot: Pilot[int], screen: AccountScreen, account: TestAccount) -> None:
    """It says who signed in, and for how long, and nothing that nobody else may know."""
    await until(pilot, lambda: screen.stage == "told")
    assert f"✓ Signed in as @{account.handle}" in words(pilot)
    kept = KeptSessions(default_folder()).load(account.did)
    assert kept and kept.grant
    left = kept.grant.ends - utc_now()
    assert timedelta(days=13) < left <= timedelta(days=14)
    said = read(screen.query_one("#told"))
    assert (
        squeezed(f"This sign-in lasts until {local(kept.grant.ends)}, two weeks at most.") in said
    )
    assert squeezed("For a longer import, sign in again then") in said
    assert kept.access not in said and kept.refresh not in said
    with ArchiveView.open(screen.desk.folder) as view:
        known = view.account()
    assert known and known.did == account.did


async def test_whoever_consents_comes_back_and_is_told_for_how_long(
    account: TestAccount, person: Person, pages: list[str], tmp_path: Path, state: Path
) -> None:
    app = app_on(None, state, pds=account.pds, to=account.handle)
    async with app.run_test(size=USUAL) as pilot:
        screen = await asked(pilot, make_archive(tmp_path / "maker.tokaway"))
        await asyncio.to_thread(person.allow, pages[0])
        await is_told(pilot, screen, account)


async def test_whoever_consents_on_another_machine_brings_the_address(
    account: TestAccount, person: Person, pages: list[str], tmp_path: Path, state: Path
) -> None:
    app = app_on(None, state, pds=account.pds, to=account.handle)
    async with app.run_test(size=USUAL) as pilot:
        screen = await asked(pilot, make_archive(tmp_path / "maker.tokaway"))
        ended = await asyncio.to_thread(person.allow_elsewhere, pages[0])
        field = screen.query_one("#address", Input)
        field.value = ended
        field.focus()
        await pilot.press("enter")
        await is_told(pilot, screen, account)

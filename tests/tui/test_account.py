"""The account's screen: signing in, what the servers accept, and every way it may not work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from importer.accepting import Accepted
from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.budgets import DAY, HOUR, Kind, Window
from importer.demo.local_pds import LocalPds
from importer.known import ASSUMED
from importer.model import Account, Notice
from importer.pds.kept_sessions import KeptSessions
from importer.pds.video_service import Quota
from importer.records.destinations import limits, named
from tests.conftest import TestAccount
from tests.posts import ACCOUNT, exported, record_of
from tests.stand_in import StandIn
from tests.tui.archives import make_archive
from tests.tui.conftest import Picture
from tests.tui.screens import USUAL, WIDE, app_on, shown, until, words
from tui.account_words import accepted_words
from tui.app import TokawayApp
from tui.desk import Desk
from tui.screens.account import AccountScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.review import ReviewScreen
from tui.widgets.said import Said

DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
SESSION = {
    "did": DID, "handle": "maker.test", "accessJwt": "a.b.c", "refreshJwt": "d.e.f",
    "emailConfirmed": True,
}  # fmt: skip
CREATE, GET = "/xrpc/com.atproto.server.createSession", "/xrpc/com.atproto.server.getSession"
DESCRIBE = "/xrpc/com.atproto.server.describeServer"
Answer = tuple[int, dict[str, Any] | str]
DESCRIBED: Answer = (200, {"did": "did:web:pds.test", "blobUploadLimit": 300_000_000})


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOKAWAY_STATE", str(tmp_path / "kept"))
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_archive(tmp_path / "maker.tokaway")


async def opened(pilot: Pilot[int], folder: Path) -> AccountScreen:
    """The screen by itself, once it has looked for what is known."""
    app = pilot.app
    assert isinstance(app, TokawayApp)
    await app.push_screen(AccountScreen(Desk(folder, app.flags)))
    screen = await shown(pilot, AccountScreen)
    await until(pilot, lambda: "…" not in said(screen))
    return screen


def said(screen: AccountScreen) -> str:
    return str(screen.query_one(Said).query_one(Static).content)


def field(screen: AccountScreen, name: str) -> Input:
    return screen.query_one(f"#{name}", Input)


async def type_in(pilot: Pilot[int], screen: AccountScreen, name: str, text: str) -> None:
    field(screen, name).focus()
    await pilot.pause()
    await pilot.press(*text, "enter")


async def test_signing_in_tells_what_the_servers_accept(
    pds: LocalPds, account: TestAccount, folder: Path, state: Path, home: Path
) -> None:
    app = app_on(None, state, pds=pds.url)
    async with app.run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder)
        await type_in(pilot, screen, "handle", f"@{account.handle}")
        assert screen.focused is field(screen, "password")
        await pilot.press(*account.password)
        assert "•" * len(account.password) in words(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: screen.stage == "told")
        assert f"✓ Signed in as @{account.handle}" in words(pilot)
        assert "Videos of up to 300.0 MB and 10 minutes" in words(pilot)
        assert account.password not in words(pilot)
        assert field(screen, "password").value == ""
        assert screen.focused is screen.query_one("#next")
        await pilot.press("enter")
        await shown(pilot, ReviewScreen)
    assert app.remembered.choices.handle == account.handle
    assert KeptSessions(home / "kept").find(account.handle)
    with ArchiveView.open(folder) as view:
        known = view.account()
        assert known and known.did == account.did
        assert view.server_limits() is not None
    assert account.password not in "".join(
        path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()
    )


async def test_a_session_that_was_kept_is_checked_by_itself(
    pds: LocalPds, account: TestAccount, folder: Path, state: Path
) -> None:
    app = app_on(None, state, pds=pds.url, to=account.handle)
    async with app.run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder)
        assert screen.stage == "form" and said(screen) == ""
        assert field(screen, "handle").value == account.handle
        await type_in(pilot, screen, "password", account.password)
        await until(pilot, lambda: screen.stage == "told")
        await pilot.press("escape")
        again = await opened(pilot, folder)
        await until(pilot, lambda: again.stage == "told")
        assert f"@{account.handle}" in said(again)


async def test_a_wrong_password_loses_nothing(
    pds: LocalPds, account: TestAccount, folder: Path, state: Path
) -> None:
    app = app_on(None, state, pds=pds.url, to=account.handle)
    async with app.run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder)
        await type_in(pilot, screen, "password", "not-my-password")
        await until(pilot, lambda: "does not accept this password" in said(screen))
        assert "→ Check the handle and the app password" in said(screen)
        password = field(screen, "password")
        assert (password.value, password.password) == ("not-my-password", True)
        assert "not-my-password" not in words(pilot)
        assert field(screen, "handle").value == account.handle
        await pilot.press("f4")
        assert "not-my-password" in words(pilot)
        await pilot.press("f4")
        assert "not-my-password" not in words(pilot)
        password.value = account.password
        await pilot.click("#sign-in")
        await until(pilot, lambda: screen.stage == "told")


async def test_the_code_from_the_e_mail(folder: Path, state: Path) -> None:
    asked = {"error": "AuthFactorTokenRequired", "message": "A sign in code has been sent"}
    answers: dict[str, Answer] = {CREATE: (401, asked), GET: (200, SESSION), DESCRIBE: DESCRIBED}
    with StandIn(answers) as server:
        app = app_on(None, state, pds=server.url, to="maker.test")
        async with app.run_test(size=USUAL) as pilot:
            screen = await opened(pilot, folder)
            assert not screen.query_one("#code-field").display
            await type_in(pilot, screen, "password", "the main password")
            await until(pilot, lambda: "asks for a code" in said(screen))
            assert screen.focused is field(screen, "code")
            assert field(screen, "password").value == "the main password"
            answers[CREATE] = (200, SESSION)
            await pilot.press(*"ABCDE-12345", "enter")
            await until(pilot, lambda: screen.stage == "told")
            assert "your password is not" in " ".join(words(pilot).split())
    assert server.bodies[-1]["authFactorToken"] == "ABCDE-12345"


async def test_a_server_that_takes_no_more_sign_ins(folder: Path, state: Path) -> None:
    limited = {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
    with StandIn({CREATE: (429, limited), DESCRIBE: DESCRIBED}) as server:
        app = app_on(None, state, pds=server.url, to="maker.test")
        async with app.run_test(size=USUAL) as pilot:
            screen = await opened(pilot, folder)
            await type_in(pilot, screen, "password", "abcd-2345-efgh-6789")
            await until(pilot, lambda: "accepts no more sign-ins" in said(screen))
            assert field(screen, "password").value == "abcd-2345-efgh-6789"


async def test_a_server_that_is_away_and_one_that_is_none(folder: Path, state: Path) -> None:
    app = app_on(None, state, to="maker.test", pds="http://127.0.0.1:9")
    async with app.run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder)
        await type_in(pilot, screen, "password", "abcd-2345-efgh-6789")
        await until(pilot, lambda: said(screen).startswith("! "))
        assert "Check the network" in said(screen)
        screen.query_one("#advanced").collapsed = False  # type: ignore[attr-defined]
        await pilot.pause()
        field(screen, "server").value = ""
        await type_in(pilot, screen, "server", "ftp://pds.test")
        await until(pilot, lambda: "not the address of a server" in said(screen))


async def test_what_is_missing_is_asked_for(folder: Path, state: Path) -> None:
    app = app_on(None, state)
    async with app.run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder)
        assert screen.focused is field(screen, "handle")
        await pilot.click("#browser")
        await until(pilot, lambda: "Type your handle first" in said(screen))
        await pilot.click("#sign-in")
        await until(pilot, lambda: "are needed" in said(screen))
        assert screen.focused is field(screen, "handle")


@pytest.mark.parametrize("published", [False, True])
async def test_an_archive_goes_to_another_account_only_if_nothing_is_published(
    pds: LocalPds, account: TestAccount, folder: Path, state: Path, published: bool
) -> None:
    with Archive.create(folder) as archive:
        archive.set_account(ACCOUNT)
        if published:
            archive.absorb([exported()])
            (post,) = [one for one in archive.posts() if not one.caption and one.ordinal == 0][:1]
            archive.note_published(post, [record_of(post)])
    app = app_on(None, state, pds=pds.url)
    async with app.run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder)
        assert field(screen, "handle").value == ACCOUNT.handle
        field(screen, "handle").value = account.handle
        await type_in(pilot, screen, "password", account.password)
        question = await shown(pilot, ConfirmScreen)
        assert question.focused is question.query_one("#no")
        await pilot.click("#yes")
        if published:
            await until(pilot, lambda: "This archive publishes to" in said(screen))
        else:
            await until(pilot, lambda: screen.stage == "told")
    with ArchiveView.open(folder) as view:
        known = view.account()
    assert known and (known.did == ACCOUNT.did) is published


async def test_the_page_in_the_browser_is_shown_and_can_be_left(
    pds: LocalPds, account: TestAccount, folder: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_pages: list[str] = []
    monkeypatch.setattr(TokawayApp, "open_url", lambda app, url: opened_pages.append(url))
    app = app_on(None, state, pds=pds.url, to=account.handle)
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot, folder)
        await pilot.click("#browser")
        await until(pilot, lambda: screen.stage == "visit")
        (page,) = opened_pages
        assert page.startswith(pds.url)
        assert page[:60] in words(pilot)
        await type_in(pilot, screen, "address", "http://127.0.0.1/callback?code=x&state=other")
        await until(pilot, lambda: "does not belong to this sign-in" in said(screen))
        assert screen.stage == "form"
        await pilot.click("#browser")
        await until(pilot, lambda: screen.stage == "visit")
        await pilot.click("#cancel")
        await until(pilot, lambda: screen.stage == "form")
        assert said(screen) == "○ Nothing was changed."


def told() -> Accepted:
    """An account on Bluesky's servers, as of one day."""
    return Accepted(
        Account(DID, "ada.bakes.example.com", "https://morel.us-east.host.bsky.network"),
        ASSUMED,
        limits(ASSUMED, named(["bluesky"])),
        email_confirmed=True,
        service="video.bsky.app",
        quota=Quota(25, None),
        trouble="",
        windows=(
            Window(Kind.POSTS, HOUR, 100, 0, 12),
            Window(Kind.POINTS, DAY, 35_000, 7_000, 24),
            Window(Kind.REQUESTS, 300, 3_000, 600, 9),
            Window(Kind.UPLOADS, DAY, 1_000, 200, 12),
            Window(Kind.VIDEOS, DAY, 25),
        ),
        ends=None,
        notices=(
            Notice(
                "followed",
                "Followers of this account: 1,204. Some apps show imported posts as new.",
                "A second account is the quietest place for an archive.",
            ),
            Notice("gentle_start", "The import begins gently.", "--pace N"),
        ),
    )


def test_what_is_accepted_in_words() -> None:
    text = accepted_words(told()).plain
    assert "Videos of up to 300.0 MB and 10 minutes; photos of up to 2.0 MB." in text
    assert "video.bsky.app, which takes 25 more today" in text
    assert "Posts, at a gentle pace: 12 of 100 this hour" in text
    assert "Uploaded files: 12 of 800 today" in text
    assert "3,000" not in text
    size = Window(Kind.BYTES, DAY, 10_000_000_000, 0, 1_234_000_000)
    text_of_bytes = accepted_words(replace(told(), windows=(size,))).plain
    assert "MB of videos by the video service: 1,234 of 10,000 today" in text_of_bytes
    assert "--" not in text and "You can set the pace yourself" in text


@pytest.mark.parametrize("size", [USUAL, WIDE])
async def test_pictures(folder: Path, state: Path, picture: Picture, size: tuple[int, int]) -> None:
    wide = "-wide" if size == WIDE else ""
    app = app_on(None, state)
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, folder)
        field(screen, "handle").value = "ada.bakes.example.com"
        field(screen, "password").value = "abcd-2345-efgh-6789"
        await pilot.pause()
        await picture(pilot, f"account-form{wide}")
        screen._answered(screen._stop, None, told())
        await until(pilot, lambda: screen.stage == "told")
        await picture(pilot, f"account{wide}")

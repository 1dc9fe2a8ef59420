"""`tokaway login` and `logout`, and runs that go on with what was kept."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.asking import Passwords
from importer.budgets import VIDEOS_A_DAY, Kind
from importer.cli import _run as program
from importer.console import open_console
from importer.demo.local_pds import LocalPds
from importer.errors import SignInNeeded
from importer.known import windows_of
from importer.login_commands import login
from importer.model import Account
from importer.pds.credentials import Given, Password
from importer.pds.kept_sessions import KeptSessions, Tokens
from importer.settings import Settings
from tests.conftest import TestAccount
from tests.posts import exported
from tests.stand_in import StandIn
from tests.video_stand_in import VideoStandIn

DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
PDS_SERVICE = "AtprotoPersonalDataServer"
SESSION = {"did": DID, "handle": "maker.test", "accessJwt": "a.b.c", "refreshJwt": "d.e.f"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pds: LocalPds) -> Path:
    monkeypatch.setenv("TOKAWAY_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("TOKAWAY_PDS", pds.url)
    return tmp_path


@pytest.fixture
def secret(home: Path, account: TestAccount) -> Path:
    file = home / "password"
    file.write_text(account.password)
    return file


def test_a_password_from_standard_input_signs_in(
    account: TestAccount,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    login_ = ["login", account.handle, "--password-file", "-"]
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{account.password}\nmore\n"))
    assert program(login_) == 0
    assert f"Signed in as {account.handle}" in capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.StringIO("not-the-password\n"))
    assert program(login_) == 3
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert program(login_) == 2
    assert "is empty" in capsys.readouterr().err


def test_a_name_that_is_nobodys_is_told_before_a_password_is_asked_for(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("TOKAWAY_PDS")
    given = io.StringIO("hunter2")
    monkeypatch.setattr(sys, "stdin", given)
    assert program(["login", "not a name", "--password-file", "-"]) == 2
    assert "notaname" in capsys.readouterr().err
    assert given.read() == "hunter2"


def test_a_run_goes_on_with_the_session(
    account: TestAccount,
    home: Path,
    secret: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert program(["login", account.handle, "--password-file", str(secret), "--json"]) == 0
    (told,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (told["event"], told["did"]) == ("login", account.did)
    assert account.password not in Path(told["kept_in"]).read_text()
    sample = Path(__file__).parents[2] / "samples" / "demo"
    run = ["run", str(sample), "--archive", str(home / "a"), "--to", account.handle, "--no-wait"]
    program(run)  # its links lead nowhere
    said = capsys.readouterr()
    assert f"Publishing to {account.handle}" in said.err
    assert "password" not in said.err


def test_after_logout_nobody_is_signed_in(
    account: TestAccount, home: Path, secret: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(["login", account.handle, "--password-file", str(secret)])
    capsys.readouterr()
    assert program(["logout"]) == 0
    assert f"Signed out of {account.handle}." in capsys.readouterr().out
    assert not list((home / "state" / "sessions").glob("*.json"))
    assert program(["logout", account.handle]) == 0
    assert "Nobody is signed in" in capsys.readouterr().out


def test_without_a_session_or_password_it_says_how_to_sign_in(
    account: TestAccount, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = Path(__file__).parents[2] / "samples" / "demo"
    run = ["run", str(sample), "--archive", str(home / "a"), "--to", account.handle]
    assert program(run) == 3
    assert f"tokaway login {account.handle}" in capsys.readouterr().err


def test_a_session_that_cannot_be_read_is_told_from_none(
    account: TestAccount, home: Path, secret: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program(["login", account.handle, "--password-file", str(secret)])
    (kept,) = (home / "state" / "sessions").glob("*.json")
    # As if it had been put into a keyring, and that were locked now.
    kept.unlink()
    sample = Path(__file__).parents[2] / "samples" / "demo"
    run = ["run", str(sample), "--archive", str(home / "a"), "--to", account.handle]
    assert program(run) == 3
    said = capsys.readouterr().err
    assert "is in a keyring that is not open here" in said and "keyring = false" in said


def test_limits_say_what_the_servers_accept(
    account: TestAccount,
    secret: Path,
    capsys: pytest.CaptureFixture[str],
    video_service: VideoStandIn,
) -> None:
    signing = [account.handle, "--password-file", str(secret)]
    assert program(["limits", *signing]) == 0
    said = capsys.readouterr().out
    assert "videos of up to 300.0 MB and 10 minutes" in said
    assert "Videos go straight to the server." in said
    service = ["--video-service", video_service.url]
    assert program(["limits", *signing, *service]) == 0
    assert "25 more today, 10.0 GB in all." in capsys.readouterr().out
    unconfirmed = {"canUpload": False, "message": "Confirm your email address to upload videos"}
    video_service.instead["getUploadLimits"] = 200, unconfirmed
    assert program(["limits", *signing, *service, "--json"]) == 0
    (told,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert told["videos_left"] is None and "not confirmed" in told["trouble"]
    assert told["limits"]["video_seconds"] == 600


def test_what_is_planned_counts_with_the_account_that_is_signed_in(
    account: TestAccount, home: Path, secret: Path
) -> None:
    """Before its first run an archive knows of no account."""
    settings = Settings(to=account.handle, video_service="http://localhost:9")
    with Archive.create(home / "a") as archive:
        assert Kind.VIDEOS not in {one.kind for one in windows_of(archive, settings)}
        assert program(["login", account.handle, "--password-file", str(secret)]) == 0
        limits = {one.kind: one.limit for one in windows_of(archive, settings)}
    assert limits[Kind.VIDEOS] == VIDEOS_A_DAY


def test_two_accounts_must_be_told_apart(
    pds: LocalPds, account: TestAccount, home: Path, secret: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    other = pds.create_account(f"o{account.handle[:12]}.test", account.password)
    for handle in (account.handle, other.handle):
        assert program(["login", handle, "--password-file", str(secret)]) == 0
    capsys.readouterr()
    assert program(["logout"]) == 2
    assert account.handle in capsys.readouterr().err
    assert program(["logout", other.handle]) == 0


@pytest.mark.parametrize("code", ["ABCDE-12345", None])
def test_the_code_from_the_e_mail(
    home: Path, capsys: pytest.CaptureFixture[str], code: str | None
) -> None:
    asked = {"error": "AuthFactorTokenRequired", "message": "A sign in code has been sent"}
    with StandIn({}, otherwise=(401, asked)) as server:

        def read_mail() -> str | None:
            server.otherwise = (200, SESSION)
            return code

        console = open_console(as_json=False, quiet=True)
        given = Given(Password("the main password"))
        if code is None:
            with pytest.raises(SignInNeeded, match="asks for a code"):
                login(console, "maker.test", {"pds": server.url}, given, read_mail)
            return
        assert login(console, "maker.test", {"pds": server.url}, given, read_mail) == 0
        assert server.bodies[-1]["authFactorToken"] == code
    said = capsys.readouterr().out
    assert "Your password is not kept" in said


def test_an_app_password_is_kept_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with StandIn({}, otherwise=(200, SESSION)) as server:
        console = open_console(as_json=False, quiet=True)
        given = Given(Password("abcd-2345-efgh-6789"))
        assert login(console, "maker.test", {"pds": server.url}, given, lambda: None) == 0
    assert "So is the app password" in capsys.readouterr().out


def test_a_server_that_offers_no_page(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = {"/xrpc/com.atproto.repo.describeRepo": (200, {"did": DID, "handle": "maker.test"})}
    with StandIn(repo) as server:
        assert program(["login", "maker.test", "--browser", "--pds", server.url]) == 3
    said = capsys.readouterr().err
    assert "offers no sign-in through a browser" in said and "app password" in said


def test_a_server_that_holds_the_account_by_its_own_word_only(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = f"{DID[:-1]}a"
    answers: dict[str, tuple[int, dict[str, Any] | str]] = {
        "/xrpc/com.atproto.repo.describeRepo": (200, {"did": other, "handle": "maker.test"})
    }
    with StandIn(answers) as server:
        for did, pds in ((DID, server.url), (other, "https://pds.example")):
            service = {"id": "#atproto_pds", "type": PDS_SERVICE, "serviceEndpoint": pds}
            answers[f"/{did}"] = (200, {"id": did, "service": [service]})
        monkeypatch.delenv("TOKAWAY_PDS")
        monkeypatch.setenv("TOKAWAY_PLC", server.url)
        assert program(["login", DID, "--browser"]) == 3
    assert "the account's document names another server" in capsys.readouterr().err


def test_a_password_file_may_be_a_setting(
    account: TestAccount,
    secret: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TOKAWAY_PASSWORD_FILE", str(secret))
    assert program(["limits", account.handle]) == 0
    assert program(["login", account.handle]) == 0
    assert f"Signed in as {account.handle}" in capsys.readouterr().out


def test_a_page_takes_no_password(secret: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program(["login", "maker.test", "--browser", "--password-file", str(secret)]) == 2
    assert "takes no --password-file" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="such rights are those of POSIX")
def test_a_password_file_that_others_may_read_is_told_of(
    account: TestAccount, secret: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for mode, is_told in [(0o644, True), (0o640, True), (0o600, False), (0o400, False)]:
        secret.chmod(mode)
        assert program(["limits", account.handle, "--password-file", str(secret)]) == 0
        told = capsys.readouterr().err
        assert (f"chmod 600 {secret}" in told) is is_told
        assert account.password not in told


def test_nobody_at_the_terminal_types_nothing() -> None:
    assert Passwords(None, print).typed() is None


def make_archive(folder: Path, account: TestAccount, pds: str) -> None:
    """An archive with one post, for an account that was on that server."""
    with Archive.create(folder) as archive:
        archive.absorb([exported(links=())])
        archive.set_account(Account(account.did, account.handle, pds))


def test_an_account_that_has_moved_is_followed(
    pds: LocalPds,
    account: TestAccount,
    home: Path,
    secret: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was noted of its server, and its session there, are worth nothing any more."""
    monkeypatch.delenv("TOKAWAY_PDS")
    monkeypatch.setenv("TOKAWAY_PLC", pds.plc_url)
    old = "https://old.example"
    make_archive(home / "a", account, old)
    KeptSessions(home / "state").save(Tokens(account.did, account.handle, old, "a.b.c", "d.e.f"))
    assert program(["run", str(home / "a"), "--no-wait"]) == 3
    said = capsys.readouterr().err
    assert f"{account.handle} has moved from {old} to {pds.public_url}" in said
    program(["run", str(home / "a"), "--no-wait", "--password-file", str(secret)])
    assert f"Publishing to {account.handle} on {pds.public_url}" in capsys.readouterr().err
    with ArchiveView.open(home / "a") as view:
        known = view.account()
    assert known and known.pds == pds.public_url


def test_a_directory_that_is_away_stops_no_import(
    pds: LocalPds,
    account: TestAccount,
    home: Path,
    secret: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TOKAWAY_PDS")
    monkeypatch.setenv("TOKAWAY_PLC", "http://localhost:9")
    make_archive(home / "a", account, pds.url)
    program(["run", str(home / "a"), "--no-wait", "--password-file", str(secret)])
    assert f"Publishing to {account.handle} on {pds.url}" in capsys.readouterr().err


def test_who_is_asked_to_sign_in_is_who_was_named(
    pds: LocalPds, account: TestAccount, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_archive(home / "a", account, pds.url)
    assert program(["run", str(home / "a"), "--to", "somebody.test", "--no-wait"]) == 3
    assert "Nobody is signed in as somebody.test." in capsys.readouterr().err
    assert program(["run", str(home / "a"), "--no-wait"]) == 3
    assert f"Nobody is signed in as {account.handle}." in capsys.readouterr().err

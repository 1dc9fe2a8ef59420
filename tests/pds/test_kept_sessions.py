"""Sessions kept between runs: whole, private, and renewed by one process at a time."""

from __future__ import annotations

import multiprocessing
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from importer.demo.local_pds import LocalPds
from importer.errors import SignInNeeded
from importer.pds import kept_sessions
from importer.pds.credentials import Password
from importer.pds.kept_sessions import KeptSessions, Tokens, is_app_password
from importer.pds.session import Session
from importer.pds.xrpc import Server
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.conftest import TestAccount

Connect = Callable[[str], Server]

MINE = Tokens("did:plc:mine", "mine.test", "https://pds.test", "access-1", "refresh-1")
REFRESH = "com.atproto.server.refreshSession"
CREATE = "com.atproto.server.createSession"
WHO_AM_I = "com.atproto.server.getSession"


@pytest.fixture
def kept(tmp_path: Path) -> KeptSessions:
    return KeptSessions(tmp_path / "state")


class Ring(KeyringBackend):
    """A keyring in memory, which can be locked."""

    priority = 5.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._look()
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._look()
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._look()
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError

    def _look(self) -> None:
        if self.is_locked:
            raise KeyringLocked


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    made = Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


class TestKeeping:
    def test_it_is_found_by_handle_and_did_until_it_is_removed(self, kept: KeptSessions) -> None:
        assert kept.find("mine.test") is None
        kept.save(MINE)
        kept.save(replace(MINE, did="did:plc:other", handle="other.test"))
        for name in ("mine.test", "@MINE.test", "did:plc:mine"):
            assert kept.find(name) == MINE
        kept.remove(MINE.did)
        assert kept.find("mine.test") is None
        assert kept.accounts() == {"did:plc:other": "other.test"}

    @pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
    def test_its_file_is_for_its_owner_alone(self, kept: KeptSessions) -> None:
        path = kept.save(MINE)
        assert path and stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_a_damaged_file_is_no_session(self, kept: KeptSessions) -> None:
        path = kept.save(MINE)
        assert path
        for text in ("", "{", "[]", '{"did": 1}', "\0"):
            path.write_text(text)
            assert kept.load(MINE.did) is None
        path.write_bytes(b"\xff\xfe")
        assert kept.load(MINE.did) is None

    def test_the_keyring_is_taken_where_there_is_one(self, kept: KeptSessions, ring: Ring) -> None:
        ring.is_locked = True
        path = kept.save(MINE)
        assert path and path.exists()
        ring.is_locked = False
        assert kept.save(replace(MINE, access="access-2")) is None
        assert not path.exists()
        found = kept.find(MINE.handle)
        assert found and found.access == "access-2"
        kept.remove(MINE.did)
        assert not ring.entries

    def test_a_locked_keyring_is_no_session(self, kept: KeptSessions, ring: Ring) -> None:
        kept.save(MINE)
        ring.is_locked = True
        assert kept.find(MINE.handle) is None

    def test_a_keyring_that_is_not_wanted_is_left_alone(
        self, kept: KeptSessions, ring: Ring, tmp_path: Path
    ) -> None:
        in_files = KeptSessions(tmp_path / "in-files", keyring=False)
        path = in_files.save(MINE)
        assert path and path.exists() and not ring.entries
        ring.is_locked = True
        assert in_files.find(MINE.handle) == MINE
        in_files.remove(MINE.did)
        assert not path.exists()

    def test_the_session_that_was_kept_last_is_the_session(
        self, kept: KeptSessions, ring: Ring
    ) -> None:
        """Signed in anew while nobody could open the keyring, which holds the one before."""
        kept.save(MINE)
        ring.is_locked = True
        kept.save(anew := replace(MINE, access="access-2", refresh="refresh-2"))
        ring.is_locked = False
        assert kept.find(MINE.handle) == anew

    def test_signing_out_leaves_nothing_in_a_keyring_that_is_no_longer_wanted(
        self, kept: KeptSessions, ring: Ring, tmp_path: Path
    ) -> None:
        kept.save(replace(MINE, password="abcd-efgh-ijkl-mnop"))
        in_files = KeptSessions(tmp_path / "state", keyring=False)
        in_files.save(MINE)
        in_files.remove(MINE.did)
        assert not ring.entries

    def test_no_secret_is_shown(self) -> None:
        shown = repr(replace(MINE, password="abcd-efgh-ijkl-mnop"))
        assert not {"access-1", "refresh-1", "abcd-efgh-ijkl-mnop"} & set(shown.split("'"))

    @pytest.mark.parametrize(
        ("password", "is_one"),
        [("abcd-2345-efgh-ijkl", True), ("ABCD-2345-efgh-ijkl ", True), ("hunter2-hunter2", False)],
    )
    def test_app_passwords_have_their_form(self, password: str, is_one: bool) -> None:
        assert is_app_password(password) == is_one

    def test_what_a_keyring_has_no_room_for_stands_in_a_file(
        self, kept: KeptSessions, ring: Ring, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As on Windows, for a sign-in in a browser."""
        assert kept.save(MINE) is None
        monkeypatch.setattr(kept_sessions, "_ring_room", lambda: 100)
        file = kept.save(anew := replace(MINE, access="access-2"))
        assert file and file.exists() and not ring.entries
        assert kept.load(MINE.did) == anew


def take_turns(folder: Path, times: int) -> None:
    """Add one to a number in a file, reading before writing."""
    kept = KeptSessions(folder)
    for _ in range(times):
        with kept.locked("did:plc:mine"):
            known = kept.load("did:plc:mine")
            assert known
            kept.save(replace(known, access=str(int(known.access) + 1)))


def test_processes_take_turns(tmp_path: Path) -> None:
    kept = KeptSessions(tmp_path)
    kept.save(replace(MINE, access="0"))
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=take_turns, args=(tmp_path, 20)) for _ in range(3)]
    for other in others:
        other.start()
    for other in others:
        other.join()
        assert other.exitcode == 0
    known = kept.load(MINE.did)
    assert known and known.access == "60"


class TestGoingOn:
    """With a session that was kept, on the real PDS."""

    @pytest.fixture
    def tokens(
        self, kept: KeptSessions, proxy: BreakingProxy, account: TestAccount, connect: Connect
    ) -> Tokens:
        session = Session(connect(proxy.url), account.handle, Password(account.password))
        session.sign_in()
        session.keep(kept)
        found = kept.find(account.handle)
        assert found
        return found

    def resumed(
        self, kept: KeptSessions, tokens: Tokens, connect: Connect, password: str = ""
    ) -> Session:
        given = Password(password) if password else None
        server = connect(tokens.pds)
        return Session(server, tokens.did, given, tokens=tokens, kept=kept)

    def expired(self, pds: LocalPds, tokens: Tokens) -> Tokens:
        ended = datetime.now(UTC) - timedelta(minutes=1)
        return replace(tokens, access=pds.forge_access_token(tokens.did, ended))

    def test_without_any_password(
        self, kept: KeptSessions, tokens: Tokens, connect: Connect, account: TestAccount
    ) -> None:
        assert tokens.password == ""  # the account's own is never kept
        signed_in = self.resumed(kept, tokens, connect).sign_in()
        assert (signed_in.did, signed_in.handle) == (account.did, account.handle)

    def test_a_renewal_is_kept(
        self, kept: KeptSessions, tokens: Tokens, connect: Connect, pds: LocalPds
    ) -> None:
        old = self.expired(pds, tokens)
        kept.save(old)
        self.resumed(kept, old, connect).sign_in()
        renewed = kept.load(tokens.did)
        assert renewed and renewed.access != old.access and renewed.refresh != tokens.refresh

    def test_two_programs_renew_once(
        self, kept: KeptSessions, tokens: Tokens, connect: Connect, pds: LocalPds,
        proxy: BreakingProxy,
    ) -> None:  # fmt: skip
        old = self.expired(pds, tokens)
        kept.save(old)
        programs = [self.resumed(kept, old, connect) for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(Session.sign_in, programs))
        assert proxy.statuses(REFRESH) == [200]

    def test_death_between_renewal_and_keeping(
        self, kept: KeptSessions, tokens: Tokens, connect: Connect, pds: LocalPds
    ) -> None:
        old = self.expired(pds, tokens)
        # What this one gets is lost.
        self.resumed(KeptSessions(kept._folder / "gone"), old, connect).sign_in()
        kept.save(old)
        self.resumed(kept, old, connect).sign_in()

    def test_an_ended_session_says_what_to_do(
        self, kept: KeptSessions, tokens: Tokens, connect: Connect, account: TestAccount
    ) -> None:
        self.resumed(kept, tokens, connect).close()
        ended = replace(tokens, access="rubbish")
        kept.save(ended)
        with pytest.raises(SignInNeeded) as caught:
            self.resumed(kept, ended, connect).sign_in()
        assert caught.value.code == "session_ended" and caught.value.exit_code == 3
        assert "tokaway login" in caught.value.hint

    def test_an_app_password_opens_the_next_one(
        self, kept: KeptSessions, tokens: Tokens, connect: Connect, account: TestAccount,
        proxy: BreakingProxy,
    ) -> None:  # fmt: skip
        self.resumed(kept, tokens, connect).close()
        ended = replace(tokens, access="rubbish")
        kept.save(ended)
        self.resumed(kept, ended, connect, account.password).sign_in()
        assert proxy.statuses(CREATE) == [200, 200]
        renewed = kept.load(tokens.did)
        assert renewed and renewed.access != "rubbish"

    def test_a_full_disk_does_not_stop_the_run(
        self, kept: KeptSessions, tokens: Tokens, connect: Connect, pds: LocalPds,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        old = self.expired(pds, tokens)
        kept.save(old)

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(KeptSessions, "save", full)
        assert self.resumed(kept, old, connect).sign_in().did == tokens.did

    def test_a_line_that_breaks_while_it_is_renewed(
        self, kept: KeptSessions, tokens: Tokens, connect: Connect, pds: LocalPds,
        proxy: BreakingProxy,
    ) -> None:  # fmt: skip
        """The first answer is lost: the server takes the old token again for a while."""
        old = self.expired(pds, tokens)
        kept.save(old)
        proxy.breakage(REFRESH, Breakage.DROP_ANSWER)
        self.resumed(kept, old, connect).sign_in()

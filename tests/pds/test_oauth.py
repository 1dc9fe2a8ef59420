"""Signing in through a browser, and staying signed in: against the reference PDS's own OAuth."""

from __future__ import annotations

import secrets
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from importer.errors import SignInNeeded, TryLater
from importer.pds import authorization
from importer.pds.kept_sessions import KeptSessions, Tokens
from importer.pds.oauth import LIFE, AuthorizationServer, issuer_for
from importer.pds.oauth_calls import OAuthError
from importer.pds.repo import Repo
from importer.pds.scopes import TRANSITION, asked_for, not_permitted
from importer.pds.session import Session
from importer.pds.xrpc import Answer, Server
from importer.step import Step
from tests.breaking_proxy import Breakage
from tests.browser import BrowserThread
from tests.conftest import Doorway, TestAccount
from tests.person import Person, consented
from tests.stand_in import StandIn

Connect = Callable[[str], Server]
Answers = dict[str, tuple[int, dict[str, Any] | str]]

TOKEN = "/oauth/token"
WHO_AM_I = "com.atproto.server.getSession"
UPLOAD = "com.atproto.repo.uploadBlob"
POST = "app.bsky.feed.post"
COLLECTIONS = (POST, "app.bsky.feed.threadgate", "app.bsky.feed.postgate")
SCOPE = asked_for(COLLECTIONS)
RECORD = {"$type": POST, "text": "Hello", "createdAt": "2021-05-04T12:00:00.000Z"}
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(1_000)
SECONDS = 60


@pytest.fixture(autouse=True)
def fresh(doorway: Doorway) -> None:
    doorway.proxy.forget()


@pytest.fixture
def account(doorway: Doorway) -> TestAccount:
    made = doorway.pds.create_account(f"o{secrets.token_hex(6)}.test", "hunter2-hunter2")
    return TestAccount(made.did, made.handle, "hunter2-hunter2", made.pds)


@pytest.fixture
def person(browser: BrowserThread, account: TestAccount) -> Iterator[Person]:
    with Person(browser, account.password) as one:
        yield one


@pytest.fixture
def authority(doorway: Doorway) -> Iterator[AuthorizationServer]:
    with closing(AuthorizationServer(issuer_for(doorway.proxy.url))) as found:
        yield found


@pytest.fixture
def tokens(authority: AuthorizationServer, account: TestAccount, person: Person) -> Tokens:
    return consented(authority, account, SCOPE, person.allow)


@pytest.fixture
def kept(tmp_path: Path, tokens: Tokens) -> KeptSessions:
    made = KeptSessions(tmp_path / "state")
    made.save(tokens)
    return made


@pytest.fixture
def resumed(connect: Connect, kept: KeptSessions, tokens: Tokens) -> Callable[[], Session]:
    """Go on with what is kept, as another process does."""

    def resume() -> Session:
        found = kept.load(tokens.did)
        assert found
        return Session(connect(found.pds), found.did, None, tokens=found, kept=kept)

    return resume


@pytest.fixture
def session(resumed: Callable[[], Session]) -> Session:
    return resumed()


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(MP4)
    return path


def who_am_i(session: Session) -> Answer:
    return session.call(lambda token: session.server.query(WHO_AM_I, {}, token))


def expire(doorway: Doorway, session: Session) -> None:
    """Let the access token of a session end, also in what is kept of it."""
    access = doorway.pds.forge_expired(session._tokens.access)
    session._hold(replace(session._tokens, access=access))
    session._save()


class TestSigningIn:
    def test_allows_all_that_an_import_needs(
        self, session: Session, account: TestAccount, video: Path
    ) -> None:
        signed_in = session.sign_in()
        assert (signed_in.did, signed_in.handle) == (account.did, account.handle)
        assert session.email_confirmed is not None
        assert session.grant and session.grant.scope == SCOPE
        assert not_permitted(session.grant.scope, COLLECTIONS, service=True) == []
        assert abs(session.grant.ends - datetime.now(UTC) - LIFE) < timedelta(minutes=5)
        repo = Repo(session, account.did)
        assert repo.upload_blob(video, "video/mp4", Step())["size"] == len(MP4)
        written = repo.create(POST, "3jzfcijpj2z2a", RECORD)
        repo.replace(POST, written.rkey, RECORD | {"text": "Bye"}, written.cid)
        ends = datetime.now(UTC) + timedelta(minutes=30)
        for audience, method in (
            ("did:web:localhost", UPLOAD),
            ("did:web:video.bsky.app", "app.bsky.video.getUploadLimits"),
        ):
            assert repo.service_token(audience, method, ends).token

    def test_the_tokens_work_for_nobody_else(self, session: Session) -> None:
        session._proofs = authorization.ProofKey.made()
        with pytest.raises(SignInNeeded, match="has ended"):
            who_am_i(session)

    def test_a_person_who_refuses(
        self, authority: AuthorizationServer, account: TestAccount, person: Person
    ) -> None:
        with pytest.raises(SignInNeeded, match="did not sign you in") as caught:
            consented(authority, account, SCOPE, person.refuse)
        assert (caught.value.code, caught.value.exit_code) == ("not_allowed", 3)

    @pytest.mark.parametrize("changed", [{"state": "another"}, {"iss": "https://evil.example"}])
    def test_an_answer_to_something_else(
        self, authority: AuthorizationServer, doorway: Doorway, changed: dict[str, str]
    ) -> None:
        consent = authority.ask(SCOPE, "http://127.0.0.1:9/callback", "nobody.test")
        found = {"state": consent.state, "iss": doorway.proxy.url, "code": "cod-1"} | changed
        with pytest.raises(SignInNeeded, match="does not belong") as caught:
            authority.finish(consent, found, Tokens("did:plc:a", "a", "b", "", ""))
        assert caught.value.code == "foreign_answer"
        assert TOKEN not in {call.nsid for call in doorway.proxy.calls()}

    def test_as_somebody_else(
        self, authority: AuthorizationServer, account: TestAccount, person: Person
    ) -> None:
        other = replace(account, did="did:plc:somebodyelse")
        with pytest.raises(SignInNeeded, match="as another account") as caught:
            consented(authority, other, SCOPE, person.allow)
        assert caught.value.code == "other_account"

    def test_a_code_of_another_time(self, authority: AuthorizationServer, doorway: Doorway) -> None:
        consent = authority.ask(SCOPE, "http://127.0.0.1:9/callback", "nobody.test")
        found = {"state": consent.state, "iss": doorway.proxy.url, "code": f"cod-{'0' * 64}"}
        with pytest.raises(SignInNeeded, match=r"refused the sign-in \(invalid_grant") as caught:
            authority.finish(consent, found, Tokens("did:plc:a", "a", "b", "", ""))
        assert caught.value.code == "sign_in_refused"

    def test_with_a_clock_that_is_wrong(
        self, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        late = SimpleNamespace(time=lambda: time.time() + 3_600, monotonic=time.monotonic)
        monkeypatch.setattr(authorization, "time", late)
        assert who_am_i(session)


class TestPermissions:
    def test_a_sign_in_that_permits_less(
        self,
        authority: AuthorizationServer,
        account: TestAccount,
        person: Person,
        connect: Connect,
    ) -> None:
        scope = f"atproto repo:{POST}?action=create blob:video/*"
        found = consented(authority, account, scope, person.allow)
        assert found.grant and found.grant.scope == scope
        session = Session(connect(account.pds), account.did, None, tokens=found)
        session.sign_in()
        with pytest.raises(SignInNeeded, match="does not permit this") as caught:
            Repo(session, account.did).create(POST, "3jzfcijpj2z2a", RECORD)
        assert caught.value.code == "not_permitted"

    def test_a_server_that_refuses_fine_ones_is_asked_for_coarse_ones(
        self, authority: AuthorizationServer, account: TestAccount, person: Person
    ) -> None:
        """No server here is that old, but this one does not know a scope without `atproto`."""
        found = consented(authority, account, f"repo:{POST}", person.allow)
        assert found.grant and found.grant.scope == TRANSITION
        assert not_permitted(found.grant.scope, COLLECTIONS, service=True) == []


class TestRenewing:
    def test_an_expired_token(
        self, doorway: Doorway, session: Session, account: TestAccount, kept: KeptSessions
    ) -> None:
        before = session._tokens
        expire(doorway, session)
        assert who_am_i(session).body["did"] == account.did
        assert doorway.proxy.statuses(WHO_AM_I)[-2:] == [401, 200]
        renewed = kept.load(account.did)
        assert renewed and renewed == session._tokens and renewed.refresh != before.refresh
        assert renewed.grant == before.grant
        doorway.proxy.forget()
        expire(doorway, session)
        who_am_i(session)
        # Its nonce is known by now.
        assert doorway.proxy.statuses(TOKEN) == [200]

    def test_once_for_many_threads(self, doorway: Doorway, session: Session) -> None:
        who_am_i(session)
        doorway.proxy.forget()
        expire(doorway, session)
        together = threading.Barrier(8)

        def call(_: int) -> str:
            together.wait(SECONDS)
            return str(who_am_i(session).body["did"])

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(call, range(8))) == {session._tokens.did}
        assert doorway.proxy.statuses(TOKEN) == [200]

    def test_two_programs_renew_once(
        self, doorway: Doorway, session: Session, resumed: Callable[[], Session]
    ) -> None:
        expire(doorway, session)
        programs = [resumed() for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(Session.sign_in, programs))
        assert doorway.proxy.statuses(TOKEN).count(200) == 2  # the code's, and one renewal

    def test_a_new_sign_in_is_taken_over_by_a_run_at_work(
        self,
        doorway: Doorway,
        session: Session,
        kept: KeptSessions,
        authority: AuthorizationServer,
        account: TestAccount,
        person: Person,
    ) -> None:
        kept.save(anew := consented(authority, account, SCOPE, person.allow))
        session._hold(replace(session._tokens, access=doorway.pds.forge_expired(anew.access)))
        assert who_am_i(session)
        assert session._tokens == anew

    def test_a_line_that_is_down_pauses_the_stage(self, doorway: Doorway, session: Session) -> None:
        expire(doorway, session)
        doorway.proxy.breakage(TOKEN, Breakage.UNAVAILABLE)
        doorway.proxy.breakage(TOKEN, Breakage.RESET, times=3)
        for _ in range(2):
            with pytest.raises(TryLater) as caught:
                who_am_i(session)
            assert caught.value.whole_stage and caught.value.unreachable
        assert who_am_i(session)

    def test_a_server_that_forgot_oauth_for_a_while(
        self, session: Session, doorway: Doorway, connect: Connect
    ) -> None:
        expire(doorway, session)
        grant = session.grant
        assert grant
        with StandIn({}) as ailing:
            session._hold(replace(session._tokens, grant=replace(grant, issuer=ailing.url)))
            with pytest.raises(TryLater, match="does not renew the sign-in now") as caught:
                who_am_i(session)
        assert caught.value.whole_stage and caught.value.unreachable
        session._hold(replace(session._tokens, grant=grant))
        assert who_am_i(session)

    def test_a_lost_answer(self, doorway: Doorway, session: Session) -> None:
        """The reference PDS takes a refresh token once, and ends the session at the second time."""
        who_am_i(session)
        expire(doorway, session)
        doorway.proxy.breakage(TOKEN, Breakage.DROP_ANSWER)
        with pytest.raises(SignInNeeded, match="the answer to its last renewal was lost") as caught:
            who_am_i(session)
        assert (caught.value.code, caught.value.exit_code) == ("session_ended", 3)
        assert "Nothing is lost" in caught.value.text
        assert f"tokaway login {session._tokens.handle} --browser" in caught.value.hint

    def test_death_between_renewal_and_keeping(
        self,
        doorway: Doorway,
        session: Session,
        kept: KeptSessions,
        resumed: Callable[[], Session],
    ) -> None:
        expire(doorway, session)
        before = session._tokens
        who_am_i(session)
        kept.save(before)  # what came was never written
        with pytest.raises(SignInNeeded, match="the answer to its last renewal was lost") as caught:
            resumed().sign_in()
        assert caught.value.code == "session_ended"

    def test_a_full_disk_does_not_stop_the_run(
        self, doorway: Doorway, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expire(doorway, session)

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(KeptSessions, "save", full)
        assert who_am_i(session)

    def test_what_was_taken_back(
        self, doorway: Doorway, session: Session, resumed: Callable[[], Session]
    ) -> None:
        resumed().close()
        doorway.proxy.forget()
        for _ in range(2):
            with pytest.raises(SignInNeeded, match="it was taken back") as caught:
                who_am_i(session)
        assert caught.value.code == "session_ended"
        # The second time the server is not asked any more.
        assert doorway.proxy.statuses(TOKEN) == [400]

    def test_after_two_weeks(
        self, session: Session, resumed: Callable[[], Session], doorway: Doorway
    ) -> None:
        resumed().close()
        assert session._tokens.grant
        over = replace(session._tokens.grant, ends_at=datetime.now(UTC).isoformat())
        session._hold(replace(session._tokens, grant=over))
        session._save()
        with pytest.raises(SignInNeeded, match="its two weeks are over"):
            who_am_i(session)


class TestNonces:
    def test_an_upload_is_sent_once_although_the_nonce_is_old(
        self, doorway: Doorway, session: Session, account: TestAccount, video: Path
    ) -> None:
        who_am_i(session)
        doorway.proxy.forget()
        assert session._proofs
        old = dict.fromkeys(session._proofs._nonces, ("old", time.monotonic() - 61))
        session._proofs._nonces.update(old)
        Repo(session, account.did).upload_blob(video, "video/mp4", Step())
        assert doorway.proxy.statuses(WHO_AM_I) == [401, 200]
        assert doorway.proxy.statuses(UPLOAD) == [200]
        Repo(session, account.did).upload_blob(video, "video/mp4", Step())
        assert doorway.proxy.statuses(WHO_AM_I) == [401, 200]

    def test_an_upload_is_sent_once_although_the_token_has_expired(
        self, doorway: Doorway, session: Session, account: TestAccount, video: Path
    ) -> None:
        expire(doorway, session)
        Repo(session, account.did).upload_blob(video, "video/mp4", Step())
        assert doorway.proxy.statuses(UPLOAD) == [200]

    def test_one_that_changed_a_moment_ago_is_learnt(
        self, doorway: Doorway, session: Session, account: TestAccount, video: Path
    ) -> None:
        who_am_i(session)
        assert session._proofs
        new = dict.fromkeys(session._proofs._nonces, ("old", time.monotonic()))
        session._proofs._nonces.update(new)
        Repo(session, account.did).upload_blob(video, "video/mp4", Step())
        assert doorway.proxy.statuses(UPLOAD) == [401, 200]


class TestOtherServers:
    def test_an_entryway_signs_in_for_the_server(
        self, doorway: Doorway, tokens: Tokens, connect: Connect, kept: KeptSessions
    ) -> None:
        """As on Bluesky, where `bsky.social` renews what other hosts take."""
        who = {"did": tokens.did, "handle": tokens.handle}
        named = {"authorization_servers": [doorway.proxy.url]}
        answers: Answers = {
            "/.well-known/oauth-protected-resource": (200, named),
            f"/xrpc/{WHO_AM_I}": (401, {"error": "invalid_token"}),
        }
        with StandIn(answers) as host:
            assert issuer_for(host.url) == doorway.proxy.url
            elsewhere = replace(tokens, pds=host.url)
            kept.save(elsewhere)
            session = Session(connect(host.url), tokens.did, None, tokens=elsewhere, kept=kept)
            renewed: Answers = {f"/xrpc/{WHO_AM_I}": (200, who)}
            doorway.proxy.before(TOKEN, lambda: answers.update(renewed))
            assert session.sign_in().did == tokens.did
        assert session._tokens.refresh != tokens.refresh
        assert session._tokens.pds == host.url

    def test_one_without_oauth(self) -> None:
        with StandIn({}) as server, pytest.raises(OAuthError, match="404"):
            issuer_for(server.url)

    @pytest.mark.parametrize("told", [{}, {"authorization_servers": []}])
    def test_one_that_names_nobody(self, told: dict[str, object]) -> None:
        answers = {"/.well-known/oauth-protected-resource": (200, told)}
        with StandIn(answers) as server, pytest.raises(OAuthError, match="no server is named"):
            issuer_for(server.url)

    @pytest.mark.parametrize(
        ("changed", "why"),
        [
            ({"issuer": "https://evil.example"}, r"calls itself https://evil\.example"),
            ({"token_endpoint": "http://evil.example/token"}, "not safe"),
            ({"token_endpoint": None}, "no token_endpoint"),
        ],
    )
    def test_one_that_says_impossible_things(self, changed: dict[str, object], why: str) -> None:
        answers: Answers = {}
        with StandIn(answers) as server:
            answers["/.well-known/oauth-authorization-server"] = (200, metadata(server) | changed)
            with pytest.raises(OAuthError, match=why):
                AuthorizationServer(server.url)

    def test_one_that_is_away(self) -> None:
        with StandIn({}) as server:
            url = server.url
        with pytest.raises(TryLater, match="does not answer"):
            issuer_for(url)


class TestSecrets:
    def test_stay_out_of_what_is_shown(
        self, doorway: Doorway, session: Session, tokens: Tokens, authority: AuthorizationServer
    ) -> None:
        assert tokens.grant and session._proofs
        consent = authority.ask(SCOPE, "http://127.0.0.1:9/callback", tokens.handle)
        Session(session.server, tokens.did, None, tokens=tokens).close()
        with pytest.raises(SignInNeeded) as caught:
            who_am_i(session)
        shown = [
            *map(repr, (tokens, tokens.grant, session, session._proofs, session._authorization)),
            *(repr(consent), repr(authority), *traceback.format_exception(caught.value)),
        ]
        hidden = {tokens.access, tokens.refresh, tokens.grant.key["d"]}
        for secret in hidden | {consent.verifier, consent.state}:
            assert not [text for text in shown if secret in text]


def metadata(server: StandIn) -> dict[str, object]:
    return {
        "issuer": server.url,
        "pushed_authorization_request_endpoint": f"{server.url}/par",
        "authorization_endpoint": f"{server.url}/authorize",
        "token_endpoint": f"{server.url}/token",
        "revocation_endpoint": f"{server.url}/revoke",
    }

"""Signing in, staying signed in, and keeping the password to oneself."""

from __future__ import annotations

import re
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from importer.clock import utc_now
from importer.demo.local_pds import LocalPds
from importer.errors import BudgetEmpty, SignInNeeded, TokawayError, TryLater, Unreachable
from importer.pds.authorization import Bearer
from importer.pds.credentials import Password
from importer.pds.kept_sessions import Tokens
from importer.pds.repo import Repo
from importer.pds.session import Session
from importer.pds.xrpc import TRIES, Answer, Server, XrpcError
from importer.step import Step
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.conftest import TestAccount
from tests.stand_in import PAGE, StandIn

Connect = Callable[[str], Server]
SignIn = Callable[[str], Repo]

SIGN_IN = "com.atproto.server.createSession"
REFRESH = "com.atproto.server.refreshSession"
WHO_AM_I = "com.atproto.server.getSession"
UPLOAD = "com.atproto.repo.uploadBlob"
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(1_000)


def unused_url() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://localhost:{taken.getsockname()[1]}"


def who_am_i(session: Session) -> Answer:
    return session.call(lambda token: session.server.query(WHO_AM_I, {}, token))


def expired(pds: LocalPds, account: TestAccount) -> str:
    return pds.forge_access_token(account.did, datetime.now(UTC) - timedelta(minutes=1))


@pytest.fixture
def session(proxy: BreakingProxy, sign_in: SignIn) -> Session:
    """Signed in through the proxy."""
    return sign_in(proxy.url)._session


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(MP4)
    return path


class TestSigningIn:
    @pytest.mark.parametrize("name", ["handle", "did"])
    def test_with_the_right_password(
        self, pds: LocalPds, account: TestAccount, connect: Connect, name: str
    ) -> None:
        session = Session(connect(pds.url), getattr(account, name), Password(account.password))
        signed_in = session.sign_in()
        assert (signed_in.did, signed_in.handle) == (account.did, account.handle)
        assert signed_in.pds == pds.url
        assert who_am_i(session).body["did"] == account.did

    @pytest.mark.parametrize("handle", [None, "nobody-here.test"])
    def test_with_the_wrong_password_or_name(
        self, pds: LocalPds, account: TestAccount, connect: Connect, handle: str | None
    ) -> None:
        session = Session(connect(pds.url), handle or account.handle, Password("wrong"))
        with pytest.raises(SignInNeeded, match="does not accept this password") as caught:
            session.sign_in()
        assert caught.value.exit_code == 3
        assert "Nothing was sent" in caught.value.text
        assert caught.value.hint

    def test_at_a_port_where_nobody_listens(self, connect: Connect) -> None:
        session = Session(connect(unused_url()), "ada.test", Password("secret"))
        with pytest.raises(Unreachable) as caught:
            session.sign_in()
        assert caught.value.exit_code == 6
        assert "--pds" in caught.value.hint

    @pytest.mark.parametrize("fault", [Breakage.BAD_GATEWAY, Breakage.RESET, Breakage.DROP_ANSWER])
    def test_over_a_line_that_stays_broken(
        self, proxy: BreakingProxy, connect: Connect, fault: Breakage
    ) -> None:
        proxy.breakage(SIGN_IN, fault, times=TRIES)
        with pytest.raises(Unreachable):
            Session(connect(proxy.url), "ada.test", Password("secret")).sign_in()

    def test_over_a_line_with_a_blip(
        self, proxy: BreakingProxy, account: TestAccount, sign_in: SignIn
    ) -> None:
        proxy.breakage(SIGN_IN, Breakage.DROP_ANSWER)
        proxy.breakage(SIGN_IN, Breakage.RESET)
        assert sign_in(proxy.url).did == account.did

    @pytest.mark.parametrize("answer", [(200, {}), (404, PAGE), (403, PAGE)])
    def test_at_a_web_site(
        self, connect: Connect, answer: tuple[int, dict[str, str] | str]
    ) -> None:
        with StandIn({}, otherwise=answer) as site, pytest.raises(SignInNeeded) as caught:
            Session(connect(site.url), "ada.test", Password("secret")).sign_in()
        assert "--pds" in caught.value.hint

    @pytest.mark.parametrize(
        "answer",
        [(404, PAGE), (403, PAGE), (400, {"error": "Whatever"}), (200, {}), (200, {"did": 1})],
    )
    def test_with_a_kept_session_at_a_web_site(
        self, connect: Connect, answer: tuple[int, dict[str, object] | str]
    ) -> None:
        with StandIn({}, otherwise=answer) as site, pytest.raises(SignInNeeded) as caught:
            tokens = Tokens("did:plc:ada", "ada.test", site.url, "access", "refresh")
            Session(connect(site.url), "did:plc:ada", None, tokens=tokens).sign_in()
        assert "--pds" in caught.value.hint

    def test_at_a_web_site_that_answers_everything_with_a_page(self, connect: Connect) -> None:
        with StandIn({}, otherwise=(200, PAGE)) as site, pytest.raises(Unreachable) as caught:
            Session(connect(site.url), "ada.test", Password("secret")).sign_in()
        assert "--pds" in caught.value.hint

    def test_with_a_code_by_mail(self, connect: Connect) -> None:
        asked = {"error": "AuthFactorTokenRequired", "message": "A sign in code has been sent"}
        with StandIn({}, otherwise=(401, asked)) as server, pytest.raises(SignInNeeded) as caught:
            Session(connect(server.url), "ada.test", Password("secret")).sign_in()
        assert caught.value.code == "code_needed"
        assert "app password" in caught.value.hint

    def test_too_often(self, small_pds: LocalPds, connect: Connect) -> None:
        made = small_pds.create_account("oblivious.test", "the right one")
        server = connect(small_pds.url)

        def guess(number: int) -> str:
            with pytest.raises(SignInNeeded) as caught:
                Session(server, made.handle, Password(f"wrong {number}")).sign_in()
            return caught.value.code

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(guess, range(30))) == {"sign_in"}
        with pytest.raises(BudgetEmpty, match=r"until \d\d:\d\d:\d\d UTC") as caught:
            Session(server, made.handle, Password("the right one")).sign_in()
        assert (caught.value.code, caught.value.exit_code) == ("sign_in_rate_limited", 75)
        assert timedelta() < caught.value.until - utc_now() < timedelta(minutes=6)


class TestRenewing:
    def test_an_expired_token(
        self, pds: LocalPds, account: TestAccount, proxy: BreakingProxy, session: Session
    ) -> None:
        session._tokens = replace(session._tokens, access=expired(pds, account))
        assert who_am_i(session).body["did"] == account.did
        assert proxy.statuses(WHO_AM_I) == [400, 200]
        assert (len(proxy.calls(REFRESH)), len(proxy.calls(SIGN_IN))) == (1, 1)
        who_am_i(session)
        assert len(proxy.calls(REFRESH)) == 1

    def test_a_token_that_is_called_expired_before_its_time(
        self, proxy: BreakingProxy, session: Session
    ) -> None:
        proxy.breakage(WHO_AM_I, Breakage.EXPIRED_TOKEN)
        who_am_i(session)
        assert proxy.statuses(REFRESH) == [200]

    def test_a_token_the_server_no_longer_knows(
        self, proxy: BreakingProxy, session: Session
    ) -> None:
        """As after the server changed its secret: nothing but the password helps."""
        session._tokens = replace(session._tokens, access="rubbish", refresh="rubbish")
        who_am_i(session)
        assert proxy.statuses(REFRESH) == [400]
        assert proxy.statuses(SIGN_IN) == [200, 200]

    def test_in_the_middle_of_an_upload(
        self,
        pds: LocalPds,
        account: TestAccount,
        proxy: BreakingProxy,
        sign_in: SignIn,
        video: Path,
    ) -> None:
        repo = sign_in(proxy.url)
        session = repo._session
        session._tokens = replace(session._tokens, access=expired(pds, account))
        assert repo.upload_blob(video, "video/mp4", Step())["size"] == len(MP4)
        assert proxy.statuses(UPLOAD) == [400, 200]

    def test_once_for_many_threads(
        self, pds: LocalPds, account: TestAccount, proxy: BreakingProxy, session: Session
    ) -> None:
        threads = 8
        session._tokens = replace(session._tokens, access=expired(pds, account))
        together = threading.Barrier(threads)

        def call(_: int) -> str:
            together.wait(30)
            return str(who_am_i(session).body["did"])

        with ThreadPoolExecutor(threads) as pool:
            assert set(pool.map(call, range(threads))) == {account.did}
        assert proxy.statuses(REFRESH) == [200]
        assert proxy.statuses(SIGN_IN) == [200]

    def test_a_lost_answer_to_the_renewal(self, proxy: BreakingProxy, session: Session) -> None:
        """The reference PDS gives the same successor again: no password is needed."""
        proxy.breakage(WHO_AM_I, Breakage.EXPIRED_TOKEN)
        proxy.breakage(REFRESH, Breakage.DROP_ANSWER)
        who_am_i(session)
        assert proxy.statuses(REFRESH) == [None, 200]
        assert proxy.statuses(SIGN_IN) == [200]

    def test_a_revoked_renewal(self, proxy: BreakingProxy, session: Session) -> None:
        refresh = Bearer(session._tokens.refresh)
        session.server.procedure("com.atproto.server.deleteSession", None, refresh)
        proxy.breakage(WHO_AM_I, Breakage.EXPIRED_TOKEN)
        who_am_i(session)
        assert proxy.statuses(REFRESH) == [400]
        assert proxy.statuses(SIGN_IN) == [200, 200]

    def test_a_password_that_was_changed_meanwhile(
        self, proxy: BreakingProxy, session: Session
    ) -> None:
        session._tokens = replace(session._tokens, access="rubbish", refresh="rubbish")
        session._password = Password("the old one")
        with pytest.raises(SignInNeeded, match="does not accept this password") as caught:
            who_am_i(session)
        assert caught.value.exit_code == 3
        # No storm of sign-ins: a server allows 30 in five minutes.
        assert proxy.statuses(SIGN_IN) == [200, 401]

    def test_a_server_that_refuses_even_new_tokens(
        self, proxy: BreakingProxy, session: Session
    ) -> None:
        proxy.breakage(WHO_AM_I, Breakage.EXPIRED_TOKEN, times=2)
        with pytest.raises(TryLater, match="it has just given") as caught:
            who_am_i(session)
        assert caught.value.whole_stage
        assert len(proxy.calls(WHO_AM_I)) == 2
        assert proxy.statuses(SIGN_IN) == [200]
        assert who_am_i(session)

    def test_is_not_tried_for_other_refusals(self, proxy: BreakingProxy, session: Session) -> None:
        with pytest.raises(XrpcError):
            session.call(
                lambda token: session.server.query(
                    "com.atproto.sync.getBlob", {"did": "did:plc:nobody", "cid": "none"}, token
                )
            )
        assert proxy.calls(REFRESH) == []

    def test_over_a_line_that_is_down_pauses_the_stage(
        self, proxy: BreakingProxy, session: Session
    ) -> None:
        proxy.breakage(WHO_AM_I, Breakage.EXPIRED_TOKEN)
        proxy.breakage(REFRESH, Breakage.UNAVAILABLE, times=TRIES)
        with pytest.raises(TryLater) as caught:
            who_am_i(session)
        assert caught.value.whole_stage
        assert len(proxy.calls(SIGN_IN)) == 1


class TestSecrets:
    """Nothing that is shown, raised or logged may hold the password or a token."""

    @pytest.fixture
    def told(self, session: Session, account: TestAccount) -> Iterator[list[str]]:
        texts = [
            repr(session),
            str(session),
            repr(session._password),
            repr(session._tokens),
            f"{session._password}",
        ]
        yield texts
        secrets = {
            account.password,
            session._tokens.access,
            session._tokens.refresh,
            "a wrong password",
        }
        assert "" not in secrets
        for text in texts:
            for secret in secrets:
                assert secret not in text
            assert not re.search(r"eyJ[\w-]+\.[\w-]+", text), "a token of any kind"

    @staticmethod
    def failure(action: Callable[[], object]) -> list[str]:
        """All that could be printed of the error an action ends with."""
        with pytest.raises((TokawayError, XrpcError)) as caught:
            action()
        error = caught.value
        shown = [str(error), repr(error), *traceback.format_exception(error)]
        if isinstance(error, TokawayError):
            shown += [error.text, error.hint]
        return shown

    @pytest.mark.parametrize(
        "fault",
        [
            Breakage.RESET,
            Breakage.BAD_GATEWAY,
            Breakage.UNAVAILABLE,
            Breakage.RATE_LIMIT,
            Breakage.EXPIRED_TOKEN,
        ],
    )
    def test_stay_out_of_every_error(
        self,
        proxy: BreakingProxy,
        session: Session,
        account: TestAccount,
        video: Path,
        told: list[str],
        fault: Breakage,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level("INFO")
        repo = Repo(session, account.did)
        for method in (WHO_AM_I, UPLOAD, REFRESH, SIGN_IN):
            proxy.breakage(method, fault, times=TRIES)
        told += self.failure(lambda: who_am_i(session))
        told += self.failure(lambda: repo.upload_blob(video, "video/mp4", Step()))
        proxy.breakage(SIGN_IN, fault, times=TRIES)
        anew = Session(session.server, account.handle, Password(account.password))
        told += self.failure(anew.sign_in)
        told.append(caplog.text)

    def test_stay_out_of_refusals(
        self, session: Session, account: TestAccount, told: list[str]
    ) -> None:
        wrong = Session(session.server, account.handle, Password("a wrong password"))
        told += self.failure(wrong.sign_in)
        told.append(repr(wrong))
        repo = Repo(session, account.did)
        told += self.failure(lambda: repo.create("app.bsky.feed.post", "3jzfcijpj2z2a", {}))

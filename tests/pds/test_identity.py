"""From a name to a server, with a real directory and a real name server on loopback."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import dns.flags
import dns.message
import dns.resolver
import dns.rrset
import pytest
from atproto_identity.did import resolver as did_resolver

from importer.demo.local_pds import LocalPds
from importer.errors import Unreachable, UserError
from importer.pds.identity import find_account, find_pds
from importer.pds.xrpc import Server
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.conftest import TestAccount
from tests.stand_in import StandIn

HANDLE = "ada.example.com"


@pytest.fixture
def directory(pds: LocalPds, monkeypatch: pytest.MonkeyPatch) -> Iterator[BreakingProxy]:
    """The PLC directory of the test PDS in the place of the public one."""
    with BreakingProxy(pds.plc_url) as proxy:
        monkeypatch.setattr(did_resolver, "_BASE_PLC_URL", proxy.url)
        yield proxy


class NameServer(socketserver.BaseRequestHandler):
    """Knows one TXT record, given to the server as `txt`."""

    def handle(self) -> None:
        data, answer_to = self.request
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        name = query.question[0].name
        if name.to_text() == f"_atproto.{HANDLE}.":
            txt: Any = vars(self.server)["txt"]
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", f'"{txt}"'))
        answer_to.sendto(answer.to_wire(), self.client_address)


@pytest.fixture
def publish_txt(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Have the handle's TXT record say something."""
    with socketserver.UDPServer(("127.0.0.1", 0), NameServer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        ours = dns.resolver.Resolver(configure=False)
        ours.nameservers = ["127.0.0.1"]
        ours.port = server.server_address[1]
        monkeypatch.setattr(dns.resolver, "default_resolver", ours)

        def publish(text: str) -> None:
            vars(server)["txt"] = text

        yield publish
        server.shutdown()
        thread.join()


def test_a_did_leads_to_its_server(
    pds: LocalPds, account: TestAccount, directory: BreakingProxy
) -> None:
    assert find_pds(account.did) == pds.url
    assert directory.statuses(f"/{account.did}") == [200]


def test_a_handle_leads_to_its_server(
    pds: LocalPds,
    account: TestAccount,
    directory: BreakingProxy,
    publish_txt: Callable[[str], None],
) -> None:
    publish_txt(f"did={account.did}")
    assert find_pds(HANDLE) == pds.url


@pytest.mark.parametrize("did", ["did:plc:" + "a" * 24, "did:plc:nonsense"])
def test_a_did_that_the_directory_does_not_know(directory: BreakingProxy, did: str) -> None:
    with pytest.raises(UserError) as caught:
        find_pds(did)
    assert (caught.value.code, caught.value.exit_code) == ("no_account", 2)


def test_a_handle_that_points_to_nonsense(publish_txt: Callable[[str], None]) -> None:
    publish_txt("did=nonsense")
    with pytest.raises(UserError) as caught:
        find_pds(HANDLE)
    assert caught.value.code == "no_account"


@pytest.mark.parametrize("fault", [Breakage.RESET, Breakage.BAD_GATEWAY, Breakage.RATE_LIMIT])
def test_a_directory_that_is_down_says_nothing_about_the_account(
    account: TestAccount, directory: BreakingProxy, fault: Breakage
) -> None:
    """A run at night with a known account must end as `unreachable`, not as a wrong name."""
    directory.breakage(f"/{account.did}", fault)
    with pytest.raises(Unreachable) as caught:
        find_pds(account.did)
    assert caught.value.exit_code == 6
    assert "--pds" in caught.value.hint


def test_a_directory_that_answers_with_a_page(
    account: TestAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn({}, otherwise=(200, "<html>Sign in to this network</html>")) as portal:
        monkeypatch.setattr(did_resolver, "_BASE_PLC_URL", portal.url)
        with pytest.raises(Unreachable):
            find_pds(account.did)


@pytest.mark.parametrize("name", ["did:foo:bar", "did:", "did:web:example.com:a:path"])
def test_what_is_no_did(name: str) -> None:
    with pytest.raises(UserError) as caught:
        find_pds(name)
    assert caught.value.code == "no_account"


def test_a_web_did_on_a_host_that_does_not_exist() -> None:
    with pytest.raises(Unreachable):
        find_pds("did:web:no-such-host.invalid")


def test_an_unknown_handle_is_told_soon(publish_txt: Callable[[str], None]) -> None:
    before = time.monotonic()
    with pytest.raises(UserError, match=r"No account nobody\.invalid was found") as caught:
        find_pds("nobody.invalid")
    assert time.monotonic() - before < 15
    assert "--pds" in caught.value.hint
    assert "network" in caught.value.hint


@pytest.mark.parametrize("answer", [{}, {"did": None}, {"did": "ada"}])
def test_a_server_that_names_no_account_has_none(answer: dict[str, Any]) -> None:
    with (
        StandIn({}, (200, answer)) as site,
        closing(Server(site.url, threading.Event())) as server,
        pytest.raises(UserError, match="as a server of accounts does"),
    ):
        find_account(server, HANDLE)

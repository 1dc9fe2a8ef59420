"""From a name to a server, with a real directory and a real name server on loopback."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.resolver
import dns.rrset
import pytest
from atproto_identity.did import resolver as did_resolver

from importer.demo.local_pds import LocalPds
from importer.errors import Unreachable, UserError
from importer.pds.identity import find_account, find_pds, signing_key
from importer.pds.xrpc import Server
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.certificates import vouched_for
from tests.conftest import TestAccount
from tests.stand_in import PAGE, StandIn

HANDLE = "ada.example.com"
WEB_DID = f"did:web:{HANDLE}"
# Where a host says which account it is, and what there is to know of that account.
NAMES_DID, DOCUMENT = "/.well-known/atproto-did", "/.well-known/did.json"
# An example in the specification of did:key, for keys of secp256k1.
KEY = "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"
Answers = Mapping[str, tuple[int, dict[str, Any] | str]]
OpenSite = Callable[[Answers], None]


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
        txt = vars(self.server).get("txt")
        if txt and name.to_text() == f"_atproto.{HANDLE}.":
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", f'"{txt}"'))
        answer_to.sendto(answer.to_wire(), self.client_address)


@pytest.fixture
def publish_txt(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Have the handle's TXT record say something; until then it has none."""
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


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """Who vouches for the host of the handle: nobody trusts it by itself."""
    return tmp_path / "authority.pem"


@pytest.fixture
def trusting(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program trusts the authority of the test, and nobody else."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))


@pytest.fixture
def open_site(authority: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenSite]:
    """Open the host of the handle, with its name and at the port that is usual for HTTPS."""
    context = vouched_for([HANDLE], authority, authority.with_name("chain.pem"))
    look_up = socket.getaddrinfo
    with ExitStack() as stack:

        def at_home(answers: Answers) -> None:
            site = stack.enter_context(StandIn(answers, context=context))

            def to_loopback(host: str, port: int, *more: Any, **others: Any) -> Any:
                if (host, port) == (HANDLE, 443):
                    return look_up("127.0.0.1", site.port, *more, **others)
                return look_up(host, port, *more, **others)

            monkeypatch.setattr(socket, "getaddrinfo", to_loopback)

        yield at_home


@pytest.mark.usefixtures("publish_txt", "trusting")
def test_the_host_of_a_handle_leads_to_its_server(
    pds: LocalPds, account: TestAccount, directory: BreakingProxy, open_site: OpenSite
) -> None:
    """Without a record in DNS, the host itself says which account it is."""
    open_site({NAMES_DID: (200, f"{account.did}\n")})
    assert find_pds(HANDLE) == pds.url
    assert directory.statuses(f"/{account.did}") == [200]


@pytest.mark.usefixtures("publish_txt", "trusting")
@pytest.mark.parametrize("answer", [(200, PAGE), (200, ""), (404, PAGE), (500, "did:web:x.test")])
def test_the_host_of_a_handle_may_say_something_else(
    answer: tuple[int, str], open_site: OpenSite
) -> None:
    open_site({NAMES_DID: answer})
    with pytest.raises(UserError, match=f"No account {HANDLE} was found"):
        find_pds(HANDLE)


def described(pds: str) -> dict[str, Any]:
    """The document of an account at a host of its own."""
    return {
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": WEB_DID,
        "alsoKnownAs": [f"at://{HANDLE}"],
        "verificationMethod": [
            {
                "id": f"{WEB_DID}#atproto",
                "type": "Multikey",
                "controller": WEB_DID,
                "publicKeyMultibase": KEY,
            }
        ],
        "service": [
            {
                "id": "#atproto_pds",
                "type": "AtprotoPersonalDataServer",
                "serviceEndpoint": pds,
            }
        ],
    }


@pytest.mark.usefixtures("trusting")
def test_a_web_did_leads_to_its_server(
    pds: LocalPds, open_site: OpenSite, publish_txt: Callable[[str], None]
) -> None:
    open_site({DOCUMENT: (200, described(pds.url))})
    assert find_pds(WEB_DID) == pds.url
    assert signing_key(WEB_DID) == f"did:key:{KEY}"
    publish_txt(f"did={WEB_DID}")
    assert find_pds(HANDLE) == pds.url


@pytest.mark.usefixtures("trusting")
def test_a_web_did_whose_host_knows_no_account(open_site: OpenSite) -> None:
    open_site({})
    with pytest.raises(UserError) as caught:
        find_pds(WEB_DID)
    assert caught.value.code == "no_account"


@pytest.mark.usefixtures("publish_txt")
def test_a_host_that_nobody_vouches_for_is_not_believed(
    pds: LocalPds, account: TestAccount, open_site: OpenSite
) -> None:
    open_site({NAMES_DID: (200, account.did), DOCUMENT: (200, described(pds.url))})
    with pytest.raises(UserError, match=f"No account {HANDLE} was found"):
        find_pds(HANDLE)
    with pytest.raises(Unreachable):
        find_pds(WEB_DID)


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

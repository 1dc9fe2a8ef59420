"""What tests of more than one room share."""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

from importer.demo.local_pds import LocalPds
from importer.media.ffmpeg import Ffmpeg, find
from importer.pds.credentials import Password
from importer.pds.repo import Repo
from importer.pds.session import Session
from importer.pds.xrpc import Server
from tests.breaking_proxy import BreakingProxy
from tests.browser import BrowserThread, open_browser
from tests.clips import Clips
from tests.media.matrix import Treated
from tests.video_stand_in import VideoStandIn

# The time an example takes is the machine's affair, not the test's.
hypothesis.settings.register_profile("tokaway", deadline=None)
hypothesis.settings.load_profile("tokaway")


@pytest.fixture(scope="session", autouse=True)
def state() -> Iterator[None]:
    """The books and the keyring of the person who runs the suite stay out of it."""
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    with tempfile.TemporaryDirectory(prefix="tokaway-state-") as folder:
        os.environ["TOKAWAY_STATE"] = folder
        yield
        del os.environ["TOKAWAY_STATE"], os.environ["PYTHON_KEYRING_BACKEND"]


@dataclass(frozen=True, slots=True)
class TestAccount:
    """A fresh account on the session's PDS."""

    __test__ = False

    did: str
    handle: str
    password: str
    pds: str


@dataclass(frozen=True, slots=True)
class Doorway:
    """A PDS and the proxy through which everybody sees it."""

    pds: LocalPds
    proxy: BreakingProxy


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder for a server's data, in memory where the system has a place for it."""
    memory = Path("/dev/shm")
    place = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="tokaway-pds-", dir=place) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def pds() -> Iterator[LocalPds]:
    """One real PDS for the whole session."""
    with quick_folder() as folder, LocalPds(folder) as server:
        yield server


@pytest.fixture
def account(pds: LocalPds) -> TestAccount:
    """A fresh account, so that tests do not see each other's records."""
    password = "hunter2-hunter2"
    made = pds.create_account(f"t{secrets.token_hex(6)}.test", password)
    return TestAccount(made.did, made.handle, password, made.pds)


@pytest.fixture(scope="session")
def small_pds() -> Iterator[LocalPds]:
    """A second real PDS with little room: blobs of 1 MB at most, and the real rate limits."""
    with (
        tempfile.TemporaryDirectory(prefix="tokaway-pds-") as folder,
        LocalPds(Path(folder), blob_limit=1_000_000, rate_limits=True) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def doorway() -> Iterator[Doorway]:
    """A third real PDS, whose own address is that of a proxy in front of it: as OAuth needs it."""
    with (
        BreakingProxy("") as proxy,
        tempfile.TemporaryDirectory(prefix="tokaway-pds-") as folder,
        LocalPds(Path(folder), public_url=proxy.url) as server,
    ):
        proxy.upstream = server.url
        yield Doorway(server, proxy)


@pytest.fixture
def proxy(pds: LocalPds) -> Iterator[BreakingProxy]:
    """A proxy in front of the session's PDS that breaks nothing until it is told to."""
    with BreakingProxy(pds.url) as broken:
        yield broken


class Hurry(threading.Event):
    """A stop flag that does not wait: tries follow each other at once."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


@pytest.fixture
def connect() -> Iterator[Callable[[str], Server]]:
    """Make servers by their URL that retry without pausing and are closed after the test."""
    with ExitStack() as stack:

        def to(url: str) -> Server:
            server = Server(url, Hurry())
            stack.callback(server.close)
            return server

        yield to


@pytest.fixture
def sign_in(account: TestAccount, connect: Callable[[str], Server]) -> Callable[[str], Repo]:
    """Open the fresh account's repo at a URL: the PDS itself or a proxy in front of it."""

    def at(url: str) -> Repo:
        session = Session(connect(url), account.handle, Password(account.password))
        return Repo(session, session.sign_in().did)

    return at


@pytest.fixture
def video_service(pds: LocalPds) -> Iterator[VideoStandIn]:
    """A stand-in of the video service, for accounts of the session's PDS."""
    with VideoStandIn(pds.plc_url, pds.did, pds.url) as made:
        made.encodes = False
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[BrowserThread]:
    """One browser for the whole session; each of its contexts is a person of its own."""
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    return find()


@pytest.fixture(scope="session")
def treated(clips: Clips, ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Treated:
    return Treated(clips, ffmpeg, tmp_path_factory.mktemp("treated"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--draw-pictures` draws the screens of the documents anew."""
    parser.addoption("--draw-pictures", action="store_true", help="draw docs/pictures anew")

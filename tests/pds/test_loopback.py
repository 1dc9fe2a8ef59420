"""The listener that a browser comes back to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from importer.pds.loopback import Loopback, brought_by

SECONDS = 60


@contextmanager
def browsing(loopback: Loopback, *paths: str) -> Iterator[list[httpx.Response]]:
    """Ask for paths one after the other, while the listener waits."""
    answers: list[httpx.Response] = []
    root = loopback.url.removesuffix("/callback")

    def browse() -> None:
        answers.extend(
            httpx.get(f"{root}{path}", timeout=SECONDS, trust_env=False, verify=False)
            for path in paths
        )

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(browse)
        yield answers
        done.result(SECONDS)


@pytest.mark.parametrize(
    ("query", "title"),
    [("state=s&iss=i&code=c", "You are signed in."), ("state=s&error=e", "You are not signed in.")],
)
def test_what_the_browser_brings(query: str, title: str) -> None:
    with (
        Loopback() as loopback,
        browsing(loopback, "/favicon.ico", "/callback", f"/callback?{query}") as answers,
    ):
        found = loopback.wait(SECONDS, threading.Event())
    assert found == dict(pair.split("=") for pair in query.split("&"))
    assert [answer.status_code for answer in answers] == [404, 404, 200]
    assert title in answers[-1].text
    assert answers[-1].headers["cache-control"] == "no-store"


def test_only_this_machine_can_reach_it() -> None:
    with Loopback() as loopback:
        assert loopback._listener.server_address[0] == "127.0.0.1"
        assert loopback.url.startswith("http://127.0.0.1:")


def test_a_connection_that_says_nothing_is_given_up() -> None:
    with Loopback() as loopback:
        host, port = loopback._listener.server_address[:2]
        with (
            socket.create_connection((str(host), int(port))),
            browsing(loopback, "/callback?state=s&code=c"),
        ):
            assert loopback.wait(SECONDS, threading.Event()) == {"state": "s", "code": "c"}


def test_nobody_comes() -> None:
    with Loopback() as loopback:
        assert loopback.wait(0.0, threading.Event()) is None


def test_waiting_is_stopped() -> None:
    stop = threading.Event()
    stop.set()
    with Loopback() as loopback:
        assert loopback.wait(SECONDS, stop) is None


@pytest.mark.parametrize(
    "pasted",
    [
        "http://127.0.0.1:1/callback?code=c&state=s",
        "  http://127.0.0.1:1/callback?state=s&code=c\n",
    ],
)
def test_a_pasted_address(pasted: str) -> None:
    assert brought_by(pasted) == {"state": "s", "code": "c"}


@pytest.mark.parametrize("pasted", ["", "rubbish", "http://127.0.0.1/callback"])
def test_a_pasted_address_without_anything(pasted: str) -> None:
    assert brought_by(pasted) == {}

"""The program talks to nobody whom the page on privacy does not name."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from importer.model import Action
from tests.end_to_end.conftest import Job, MakeJob, make_job
from tests.staged_export import stage

__all__ = ["make_job"]

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "privacy.md"
# Addresses that are only shown, put into records or recognised; nothing is asked of them.
NEVER_ASKED = {
    "bsky.app",
    "ns.adobe.com",
    "pds.example.com",
    "sprk.so",
    "www.instagram.com",
    "www.tiktokv.com",
    "www.youtube.com",
}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# Of the library that finds servers.
OF_OTHERS = {"plc.directory"}
# Loaded by every Python of a test: writes down whom the process looks up, or connects to.
LISTENS = """
import json, os, sys

def hear(event, given):
    if event == "socket.getaddrinfo":
        host = given[0]
    elif event == "socket.connect" and isinstance(given[1], tuple):
        host = given[1][0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    file = os.open(os.environ["HEARD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, (json.dumps([event, host]) + "\\n").encode())
    os.close(file)

sys.addaudithook(hear)
"""


def hosts_in_code() -> set[str]:
    """The hosts of addresses in texts of the program, documentation of modules aside."""
    found: set[str] = set()
    for room in ("importer", "tui"):
        for module in (ROOT / room).rglob("*.py"):
            for text in _texts(ast.parse(module.read_text(encoding="utf-8"))):
                found |= set(re.findall(r"(?:https?|wss?)://([a-z][\w.-]*\w)", text))
    return found - LOOPBACK


def _texts(tree: ast.Module) -> Iterator[str]:
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def test_every_host_in_the_program_is_named() -> None:
    first_column = re.findall(r"^\| `([\w.-]+)` ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert hosts_in_code() | OF_OTHERS == set(first_column) | NEVER_ASKED


@pytest.fixture
def job(make_job: MakeJob, tmp_path: Path) -> Job:
    return make_job(stage(tmp_path / "media", [Action.KEEP, Action.REMUX]))


def test_an_import_talks_to_the_links_and_the_server_alone(job: Job, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(LISTENS, encoding="utf-8")
    heard = tmp_path / "heard"
    variables = {
        "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT))),
        "HEARD": str(heard),
        "TOKAWAY_PDS": job.account.pds,
    }
    plan = job.tokaway("plan", job.export, variables=variables)
    assert plan.code == 0, plan.err
    assert not heard.exists()  # nothing at all
    for words in (
        ("run", job.archive, *job.access),
        ("status", job.archive),
        ("verify", job.archive),
        ("doctor",),
    ):
        assert job.tokaway(*words, variables=variables).code == 0, words
    hosts = {host for _, host in map(json.loads, heard.read_text("utf-8").splitlines())}
    assert hosts and hosts <= LOOPBACK

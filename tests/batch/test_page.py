"""`docs/batch.md`: a newcomer who does what it says has published."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path

import distributed
import pytest

from importer.batch.file import Bounds
from importer.model import Action
from tests import examples
from tests.batch.crowd import PASSWORD, Crowd
from tests.batch.object_store import BUCKET, ObjectStore
from tests.batch.test_batch import name
from tests.end_to_end.command_line import ROOT, Ended
from tests.end_to_end.server_truth import assert_exactly
from tests.test_docs import tables

PAGE = ROOT / "docs" / "batch.md"


SCHEDULER, STORE = "tcp://10.0.0.5:8786", "s3://my-bucket/tokaway"


def blocks(language: str) -> list[str]:
    """The blocks of code of the page."""
    return [block.text for block in examples.blocks(language) if block.page == PAGE]


def commands() -> list[str]:
    """The lines for a shell: of one machine, then of a cluster."""
    return [line for block in blocks("sh") for line in block.splitlines()]


def test_every_bound_is_documented_with_its_default() -> None:
    bounds = next(tables(PAGE))
    shown = {row[0]: row[1] for row in bounds}
    for field in fields(Bounds):
        assert shown[f"`{field.name}`"] == (f"`{field.default}`" if field.default else "none")
    assert len(shown) == len(fields(Bounds))


def test_its_examples_work_as_they_stand(crowd: Crowd) -> None:
    (file,) = blocks("toml")
    for one in ("anna", "ben"):
        crowd.add(one, [Action.KEEP] * 2, handle=name())
        assert f"{one}.example.com" in file
        # What stands in for the person: an account, and a password in the file that is named.
        file = file.replace(f"{one}.example.com", crowd.accounts[one].handle)
        (crowd.folder / f"{one}-password.txt").write_text(PASSWORD, encoding="utf-8")
    crowd.file.write_text(file, encoding="utf-8")
    variables = {"TOKAWAY_PDS": crowd.line.url, "TOKAWAY_PLC": crowd.pds.plc_url}
    plan, publish, by_cron, *_ = commands()
    typed(crowd, plan, variables)
    assert crowd.sent() == []
    typed(crowd, publish, variables)
    typed(crowd, by_cron, variables)
    for one, account in crowd.accounts.items():
        assert_exactly(crowd.pds, account.did, crowd.staged[one].public)


def typed(crowd: Crowd, command: str, variables: dict[str, str] | None = None) -> Ended:
    """What a command of the page does, with the batch that is there."""
    program, *arguments = shlex.split(command)
    assert program == "tokaway"
    arguments = [str(crowd.file) if one == "batch.toml" else one for one in arguments]
    ended = crowd.tokaway(*arguments, variables=variables)
    assert ended.code == 0, ended.err
    return ended


@pytest.mark.cluster
def test_its_cluster_works_as_it_stands(crowd: Crowd, tmp_path: Path) -> None:
    _, _, _, scheduler, worker, by_cluster, by_store = commands()
    with ObjectStore() as store, started(scheduler, worker, tmp_path, store.variables) as client:
        there = {SCHEDULER: client.scheduler.address, STORE: f"s3://{BUCKET}/tokaway"}
        for one, command in (("anna", by_cluster), ("ben", by_store)):
            crowd.add(one, [Action.TRANSCODE], handle=name())
            crowd.write("")
            for theirs, ours in there.items():
                command = command.replace(theirs, ours)
            before = taken(client)
            typed(crowd, command, store.variables)
            assert taken(client) - before == Counter(("tokaway-fetch", "tokaway-prepare"))
            assert_exactly(crowd.pds, crowd.accounts[one].did, crowd.staged[one].public)
        assert store.names() == []


def taken(client: distributed.Client) -> Counter[str]:
    """How many steps of each sort the cluster has done."""
    told = client.run_on_scheduler(
        lambda dask_scheduler: {
            name: prefix.state_counts["memory"]
            for name, prefix in dask_scheduler.task_prefixes.items()
            if name.startswith("tokaway-")
        }
    )
    return Counter(told)


@contextmanager
def started(
    scheduler: str, worker: str, folder: Path, variables: dict[str, str]
) -> Iterator[distributed.Client]:
    """A cluster by the two lines of the page, at an address of its own on loopback."""
    file = folder / "scheduler.json"
    with ExitStack() as stack:

        def start(line: str, *more: str | Path) -> None:
            # Its warnings are its own.
            program = [sys.executable, "-W", "ignore", "-m", *shlex.split(line), *map(str, more)]
            process = subprocess.Popen(
                program, stderr=subprocess.DEVNULL, cwd=folder, env=os.environ | variables
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)

        here = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
        start(scheduler, *here, "--port", "0", "--scheduler-file", file)
        with distributed.Client(scheduler_file=str(file), set_as_default=False) as client:
            start(worker.replace(SCHEDULER, client.scheduler.address), *here)
            client.wait_for_workers(1, timeout=60)
            yield client

"""Reading a whole account: one CAR file beside pages of listRecords.

    python benchmarks/account_reading.py [RECORDS]

A PDS on loopback gets an account with 20,000 posts; a tenth of their keys is looked for, as many
again that are not there. Memory is the peak that Python allocates, and the growth of the process.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from importer.demo.local_pds import LocalPds
from importer.pds.authorization import Authorization
from importer.pds.credentials import Password
from importer.pds.identity import signing_key
from importer.pds.proof import verifier
from importer.pds.session import Session
from importer.pds.snapshot import Snapshot, take
from importer.pds.xrpc import Answer, Server
from importer.records.bluesky import COLLECTION
from importer.records.keys import record_key

RECORDS = 20_000
AT_ONCE = 200
PAGE = 100
START = datetime(2016, 1, 1, tzinfo=UTC)
PASSWORD = "hunter2-hunter2"


def rkey(number: int) -> str:
    """The key of one post; posts are hours apart."""
    return record_key(START + timedelta(hours=number), 0)


def fill(server: Server, session: Session, did: str, records: int) -> None:
    """Write the posts."""
    for first in range(0, records, AT_ONCE):
        writes = [
            {
                "$type": "com.atproto.repo.applyWrites#create",
                "collection": COLLECTION,
                "rkey": rkey(number),
                "value": {
                    "$type": COLLECTION,
                    "text": f"Post {number} of a creator who posts every hour " + "#sea " * 20,
                    "createdAt": "2023-01-01T00:00:00.000Z",
                },
            }
            for number in range(first, min(first + AT_ONCE, records))
        ]
        body = {"repo": did, "writes": writes}

        def write(token: Authorization, body: dict[str, Any] = body) -> Answer:
            return server.procedure("com.atproto.repo.applyWrites", body, token)

        session.call(write)


def list_pages(server: Server, did: str) -> int:
    """Read all records page by page; the number of them."""
    found: dict[str, Any] = {}
    cursor: str | None = None
    while True:
        parameters: dict[str, str | int | bool] = {
            "repo": did,
            "collection": COLLECTION,
            "limit": PAGE,
        }
        if cursor:
            parameters["cursor"] = cursor
        body = server.query("com.atproto.repo.listRecords", parameters).body
        found.update((record["uri"], record) for record in body["records"])
        cursor = body.get("cursor")
        if not cursor:
            return len(found)


def measured(name: str, work: Callable[[], object]) -> None:
    """Do it twice, for its time and for its memory, and print both."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - begin
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(
        f"{name:14} {seconds:8.2f} s {peak / 1e6:8.2f} MB peak {grown / 1e3:8.1f} MB grown", end=""
    )
    print(f"   {result}")


def main() -> None:
    """Fill an account and read it both ways."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalPds(Path(folder, "pds")) as pds,
        closing(Server(pds.url, threading.Event())) as server,
    ):
        account = pds.create_account("bench.test", PASSWORD)
        session = Session(server, account.handle, Password(PASSWORD))
        session.sign_in()
        begin = time.perf_counter()
        fill(server, session, account.did, records)
        print(f"{records:,} records written in {time.perf_counter() - begin:.0f} s")
        path = Path(folder, "account.car")
        wanted = [(COLLECTION, rkey(number)) for number in range(0, 2 * records, 10)]
        signed = verifier(signing_key(account.did, plc=pds.plc_url))

        def taken() -> Snapshot:
            return take(server, account.did, path)

        def take_only() -> str:
            taken()
            return f"{path.stat().st_size / 1e6:.1f} MB"

        def take_and_find() -> int:
            return len(taken().find(wanted))

        def prove() -> str:
            Snapshot(path).prove(account.did, signed)
            return "proven"

        def read_all() -> int:
            snapshot = Snapshot(path)
            cids = snapshot.find([(COLLECTION, rkey(number)) for number in range(records)]).values()
            return sum(1 for _ in snapshot.records(cids))

        measured("take", take_only)
        measured("take and find", take_and_find)
        measured("open and prove", prove)
        measured("all records", read_all)
        measured("listRecords", lambda: list_pages(server, account.did))


if __name__ == "__main__":
    main()

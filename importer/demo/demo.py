"""The whole way in one command: a sample export into a real PDS, verified, with a report."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
from pathlib import Path
from typing import Any

from importer import verify_command
from importer.archive.view import ArchiveView
from importer.console import Console
from importer.demo.ground import SERVER_FOLDER, ground
from importer.engine.stop import Stop
from importer.errors import UserError
from importer.folders import archive_beside
from importer.model import Account
from importer.pds.credentials import Given
from importer.records.destinations import DESTINATIONS
from importer.run_commands import Sources, run_import
from importer.server_commands import NOBODY


def run_demo(console: Console, folder: Path | None, *, keep: bool) -> int:
    """Import the sample export with the code of `tokaway run`, and verify it.

    Args:
        console: where to tell what happens.
        folder: where to work, kept afterwards; a new temporary folder if `None`.
        keep: whether the server stays until Ctrl-C.

    Raises:
        UserError: a part of the demo cannot be had on this machine.
    """
    work = folder or Path(tempfile.mkdtemp(prefix="tokaway-demo-"))
    work.mkdir(parents=True, exist_ok=True)
    if any(work.iterdir()):
        raise UserError(
            f"{work} is not empty.", hint="Name a new folder with --folder.", code="not_empty"
        )
    console.note(f"The demo works in {work}")
    with ground(work, console.note) as stands:
        account, archive = stands.account, archive_beside(stands.export)
        flags: dict[str, Any] = {"to": account.handle, "pds": account.pds}
        code = run_import(
            console,
            Sources(stands.export),
            flags,
            Given(stands.password),
            Stop(),
        )
        if code == 0:
            code = verify_command.verify(console, archive, NOBODY)
        _show_links(console, archive, account.pds, account, keep=keep)
        if keep and code == 0:
            _wait_for_ctrl_c(console, account.pds)
    if not keep:
        shutil.rmtree(work / SERVER_FOLDER, ignore_errors=True)
    return code


def _show_links(
    console: Console, archive: Path, pds_url: str, account: Account, *, keep: bool
) -> None:
    with ArchiveView.open(archive) as view:
        posts = {post.id: post for post in view.posts()}
        # Gates have no words and no file of their own.
        records = [
            record
            for record in view.records()
            if record.collection == DESTINATIONS[record.destination].COLLECTION
        ]
    console.line()
    console.line(f"Published on {pds_url} as {account.handle}:")
    for record in records:
        shown = (
            f"{pds_url}/xrpc/com.atproto.repo.getRecord?repo={record.did}"
            f"&collection={record.collection}&rkey={record.rkey}"
        )
        files = [
            f"{pds_url}/xrpc/com.atproto.sync.getBlob?did={record.did}&cid={cid}"
            for cid in record.blob_cids
        ]
        console.result("demo_post", {"uri": record.uri, "record": shown, "files": files})
        post = posts[record.post]
        caption = " ".join(post.caption.split()) or "(no caption in the export)"
        console.line(f"  {post.posted_at:%Y-%m-%d %H:%M:%S} UTC  {caption}")
        console.line(f"    {record.uri}")
        if keep:
            console.line(f"    record: {shown}")
            for file in files:
                console.line(f"    file:   {file}")
    console.line(f"Report: {archive / 'report.html'}")
    if not keep:
        console.line("The server is stopped now; `tokaway demo --keep` leaves it running.")


def _wait_for_ctrl_c(console: Console, pds_url: str) -> None:
    console.line(f"The server keeps running at {pds_url}. Press Ctrl-C to stop it.")
    asked = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: asked.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        asked.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

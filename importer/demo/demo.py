"""The whole way in one command: a sample export into a real PDS, verified, with a report."""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from importer import verify_command
from importer.archive.ledger import default_folder
from importer.archive.view import ArchiveView
from importer.console import Console
from importer.demo.local_pds import LocalPds
from importer.demo.media_server import MediaServer
from importer.engine.stop import Stop
from importer.errors import UserError
from importer.export.links import rehost
from importer.folders import archive_beside
from importer.model import Account
from importer.pds.credentials import Given, Password
from importer.pds.kept_sessions import KeptSessions
from importer.records.bluesky import COLLECTION
from importer.run_commands import Sources, run_import
from importer.server_commands import NOBODY

HANDLE = "creator.test"
EXPORT_NAME = "TikTok_Data_1767225600.zip"
MEMBER_NAME = "user_data_tiktok.json"
SERVER_FOLDER = "pds"
LINK_LIFE = timedelta(days=10)


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
            None,
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


@dataclass(frozen=True, slots=True)
class Ground:
    """What the demo stands on: an account on a server of this machine, and a sample export.

    `plc` is the server's directory of accounts.
    """

    account: Account
    password: Password
    plc: str
    export: Path


@contextmanager
def ground(work: Path, say: Callable[[str], None]) -> Iterator[Ground]:
    """Start a PDS and a media server in an empty folder; both end with the block.

    Raises:
        UserError: a part of the demo cannot be had on this machine.
    """
    sample = sample_folder()
    with ExitStack() as stack:
        say("Starting a real PDS on this machine (the first time takes half a minute) …")
        pds = stack.enter_context(LocalPds(work / SERVER_FOLDER, say=say))
        media = stack.enter_context(MediaServer(sample / "media"))
        password = Password("-".join(secrets.token_hex(2) for _ in range(4)))
        account = pds.create_account(HANDLE, password.value)
        stack.callback(_sign_out, account)
        say(f"Made the account {account.handle} ({account.did}) on {pds.url}")
        export = work / EXPORT_NAME
        write_export(sample / MEMBER_NAME, export, media.url(""))
        say(f"Made a sample export: {export.name}")
        yield Ground(account, password, pds.plc_url, export)


def _sign_out(account: Account) -> None:
    """Forget the session of an account whose server ends with the demo."""
    kept = KeptSessions(default_folder())
    if account.did in kept.accounts():
        kept.remove(account.did)


def sample_folder() -> Path:
    """The demo's sample: inside the installed package, or in the checkout."""
    installed = Path(str(resources.files("importer.demo"))) / "sample"
    checkout = Path(__file__).parents[2] / "samples" / "demo"
    for folder in (installed, checkout):
        if (folder / MEMBER_NAME).is_file():
            return folder
    raise UserError(
        "The demo's sample export is missing from this installation.",
        hint="Install Tokaway again.",
        code="no_sample",
    )


def write_export(sample: Path, target: Path, media_url: str) -> None:
    """Write a sample as the ZIP TikTok gives, its links leading to a server of ours.

    Raises:
        OSError: a file cannot be read or written.
    """
    export = json.loads(sample.read_text(encoding="utf-8"))
    expires_at = datetime.now(UTC) + LINK_LIFE
    for row in _own_posts(export):
        row["Link"] = "\n".join(
            rehost(url, media_url, expires_at) for url in str(row["Link"]).split()
        )
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER_NAME, json.dumps(export, ensure_ascii=False, indent=2))


def _own_posts(export: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from export["Post"]["Posts"]["VideoList"]


def _show_links(
    console: Console, archive: Path, pds_url: str, account: Account, *, keep: bool
) -> None:
    with ArchiveView.open(archive) as view:
        posts = {post.id: post for post in view.posts()}
        # Gates have no words and no file of their own.
        records = [record for record in view.records() if record.collection == COLLECTION]
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

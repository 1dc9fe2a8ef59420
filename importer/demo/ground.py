"""What the demo stands on: a real PDS and a media server here, and a sample export."""

from __future__ import annotations

import json
import secrets
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from importer.archive.ledger import default_folder
from importer.demo.local_pds import LocalPds
from importer.demo.media_server import MediaServer
from importer.errors import UserError
from importer.export.links import rehost
from importer.model import Account
from importer.pds.credentials import Password
from importer.pds.kept_sessions import KeptSessions

HANDLE = "creator.test"
EXPORT_NAME = "TikTok_Data_1767225600.zip"
MEMBER_NAME = "user_data_tiktok.json"
SERVER_FOLDER = "pds"
LINK_LIFE = timedelta(days=10)


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

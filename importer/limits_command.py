"""What `limits` does: say what the servers of an account accept today."""

from __future__ import annotations

from typing import Any

from importer.accepting import accepted_lines, ask_servers
from importer.addresses import handle_in
from importer.console import Console
from importer.engine.stop import Stop
from importer.events import jsonable
from importer.pds.credentials import Credentials
from importer.settings import load


def limits(console: Console, handle: str, flags: dict[str, Any], credentials: Credentials) -> int:
    """Sign in, ask, and show.

    Returns:
        The exit code.
    """
    told = ask_servers(load(flags), handle_in(handle), credentials, Stop())
    console.result(
        "limits",
        {
            "handle": told.account.handle,
            "did": told.account.did,
            "pds": told.account.pds,
            "limits": jsonable(told.limits),
            "email_confirmed": told.email_confirmed,
            "video_service": told.service,
            "videos_left": told.quota.videos if told.quota else None,
            "bytes_left": told.quota.bytes if told.quota else None,
            "trouble": told.trouble,
        },
    )
    for line in accepted_lines(told):
        console.line(line)
    return 0

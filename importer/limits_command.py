"""What `limits` does: say what the servers of an account accept today."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from importer.budgets import in_words
from importer.console import Console
from importer.engine.stop import Stop
from importer.errors import TokawayError
from importer.events import jsonable
from importer.pds.limits import read_limits
from importer.pds.repo import Repo
from importer.pds.session import Credentials
from importer.pds.video_service import NoVideoService, Quota
from importer.records.destinations import limits as limits_of
from importer.records.destinations import named
from importer.settings import load
from importer.toolbox import counted, opened_session, video_service
from importer.wording import size, span


def limits(console: Console, handle: str, flags: dict[str, Any], credentials: Credentials) -> int:
    """Sign in, ask, and show.

    Returns:
        The exit code.
    """
    settings, stop = load(flags), Stop()
    quota: Quota | None = None
    trouble = ""
    with (
        opened_session(settings, handle.removeprefix("@"), None, credentials, stop) as (
            account,
            session,
        ),
        counted(session.server, account, settings) as budget,
        video_service(settings, account, Repo(session, account.did), stop) as service,
    ):
        accepted = limits_of(read_limits(session.server), named(settings.destinations))
        try:
            quota = service.quota() if service else None
        except NoVideoService:
            trouble = "It does not answer as a video service does."
        except TokawayError as error:
            trouble = f"{error.text} {error.hint}".strip()
        windows = budget.windows()
    console.result(
        "limits",
        {
            "handle": account.handle,
            "did": account.did,
            "pds": account.pds,
            "limits": jsonable(accepted),
            "email_confirmed": session.email_confirmed,
            "video_service": service.host if service else None,
            "videos_left": quota.videos if quota else None,
            "bytes_left": quota.bytes if quota else None,
            "trouble": trouble,
        },
    )
    console.line(f"{account.handle} on {account.pds} ({accepted.source}):")
    longest = span(timedelta(seconds=accepted.video_seconds))
    console.line(f"  videos of up to {size(accepted.bytes)} and {longest}")
    console.line(f"  photos of up to {size(accepted.photo_bytes)}")
    if session.email_confirmed is False:
        console.line("  Its e-mail address is not confirmed: videos would never be shown.")
    if service is None:
        console.line("Videos go straight to the server.")
    else:
        left = f": {quota.videos} more today" if quota and quota.videos is not None else ""
        console.line(f"Videos go by {service.host}{left}.")
    if trouble:
        console.line(f"  {trouble}")
    for window in windows:
        console.line(f"Counted here: {in_words(window)}, {window.used:,} used.")
    return 0

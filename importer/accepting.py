"""What the servers of an account accept today, and what is to be known of it: asked, in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from importer.archive.store import Archive
from importer.budgets import Window, in_numbers, in_words
from importer.clock import utc_now
from importer.engine.stop import Stop
from importer.errors import TokawayError
from importer.known import keep_standing, notices_of
from importer.model import Account, Limits, Notice, ServerLimits
from importer.pds.credentials import Credentials, Given
from importer.pds.limits import read_limits
from importer.pds.repo import Repo
from importer.pds.standing import Standing
from importer.pds.video_service import NoVideoService, Quota
from importer.preflight import sign_in_notices
from importer.records.destinations import limits as limits_of
from importer.records.destinations import named
from importer.settings import Settings
from importer.toolbox import counted, opened_session, standing_of, video_service
from importer.wording import size, span


@dataclass(frozen=True, slots=True)
class Accepted:
    """What an account's servers said, and what was counted here.

    `limits` are those of the destinations on the `server`. `service` is the host of the video
    service, if videos go by one; `trouble` is what is wrong with it, in words. `ends` (UTC) is
    until when a sign-in in a browser lasts. `standing`, and most `notices`, are there once an app
    view was asked.
    """

    account: Account
    server: ServerLimits
    limits: Limits
    email_confirmed: bool | None
    service: str | None
    quota: Quota | None
    trouble: str
    windows: tuple[Window, ...]
    ends: datetime | None
    standing: Standing | None = None
    notices: tuple[Notice, ...] = ()


def ask_servers(
    settings: Settings, identifier: str, credentials: Credentials, stop: Stop
) -> Accepted:
    """Sign in, and ask.

    Raises:
        SignInNeeded: there is no password and no session that still holds, or it is refused.
        Unreachable: the server does not answer.
    """
    quota: Quota | None = None
    trouble = ""
    with (
        opened_session(settings, identifier, None, credentials, stop) as (account, session),
        counted(session.server, account, settings) as budget,
        video_service(settings, account, Repo(session, account.did), stop) as service,
    ):
        server = read_limits(session.server)
        try:
            quota = service.quota() if service else None
        except NoVideoService:
            trouble = "It does not answer as a video service does."
        except TokawayError as error:
            trouble = f"{error.text} {error.hint}".strip()
        return Accepted(
            account,
            server,
            limits_of(server, named(settings.destinations)),
            session.email_confirmed,
            service.host if service else None,
            quota,
            trouble,
            tuple(budget.windows()),
            session.grant.ends if session.grant else None,
            notices=sign_in_notices(session.grant, account, utc_now()),
        )


def ask_about(settings: Settings, identifier: str, stop: Stop) -> Accepted:
    """Ask the servers with the session that is kept, and an app view how the account stands.

    Raises:
        SignInNeeded: no session is kept, or it holds no longer.
        Unreachable: the server does not answer.
    """
    told = ask_servers(settings, identifier, Given(None), stop)
    standing = standing_of(settings, told.account, stop)
    known = notices_of(settings, standing or Standing(), told.server)
    return replace(told, standing=standing, notices=(*known, *told.notices))


def note_account(archive: Archive, told: Accepted, *, instead: bool = False) -> None:
    """Bind an archive to an account, and remember what its server accepts.

    Args:
        archive: open for writing.
        told: what the account's servers said.
        instead: whether the person wants this account instead of the one before.

    Raises:
        UserError: the archive is another account's; with `instead`, it has published there.
    """
    if instead:
        archive.change_account(told.account)
    else:
        archive.set_account(told.account)
    archive.set_server_limits(told.server)
    if told.standing or instead:
        keep_standing(archive, told.standing or Standing())


def accepted_lines(told: Accepted) -> list[str]:
    """What the servers take, in words; the first line names the account."""
    limits, quota = told.limits, told.quota
    longest = span(timedelta(seconds=limits.video_seconds))
    lines = [
        f"{told.account.handle} on {told.account.pds} ({limits.source}):",
        f"  videos of up to {size(limits.bytes)} and {longest}",
        f"  photos of up to {size(limits.photo_bytes)}",
    ]
    if told.email_confirmed is False:
        lines.append("  Its e-mail address is not confirmed: videos would never be shown.")
    if told.service is None:
        lines.append("Videos go straight to the server.")
    else:
        left = f": {quota.videos} more today" if quota and quota.videos is not None else ""
        if left and quota and quota.bytes is not None:
            left += f", {size(quota.bytes)} in all"
        lines.append(f"Videos go by {told.service}{left}.")
    if told.trouble:
        lines.append(f"  {told.trouble}")
    lines += [
        f"Counted here: {in_words(window)}, {in_numbers(window.kind, window.used)} used."
        for window in told.windows
    ]
    return lines

"""The limits of an archive's account as far as they are known here; asks nobody."""

from __future__ import annotations

from urllib.parse import urlsplit

from importer.archive.ledger import Ledger, default_folder
from importer.archive.view import ArchiveView
from importer.budgets import REFERENCE, Kind, Window
from importer.model import Account
from importer.pds.budget import Budget
from importer.pds.kept_sessions import KeptSessions
from importer.settings import Settings
from importer.toolbox import known_standing, paces_of, service_url


def windows_of(archive: ArchiveView, settings: Settings) -> list[Window]:
    """The limits that an archive's account has, as far as they are known; else the usual ones."""
    account = archive.account() or _account_to_be(settings)
    paces = paces_of(settings, known_standing(archive))
    if account is None:
        own = [Window(Kind.POSTS, seconds, limit) for seconds, limit in paces.items()]
        return own + [
            Window(kind, seconds, limit, int(limit * settings.headroom))
            for (kind, seconds), limit in REFERENCE.items()
        ]
    ledger = Ledger(default_folder())
    try:
        host = urlsplit(account.pds).netloc
        budget = Budget(ledger, host, account.did, headroom=settings.headroom, paces=paces)
        budget.counts_videos = service_url(settings, account) is not None
        return budget.windows()
    finally:
        ledger.close()


def host_of(archive: ArchiveView, settings: Settings) -> str:
    """The server at which an archive's account is counted; empty if it is not known yet."""
    account = archive.account() or _account_to_be(settings)
    return urlsplit(account.pds if account else settings.pds or "").netloc


def _account_to_be(settings: Settings) -> Account | None:
    """The account that is named, if somebody is signed in with it on this machine."""
    tokens = KeptSessions(default_folder()).find(settings.to) if settings.to else None
    return Account(tokens.did, tokens.handle, tokens.pds) if tokens else None

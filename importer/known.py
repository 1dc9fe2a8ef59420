"""What is known of an account without asking anybody: its limits, and how its posts are worded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

import msgspec

from importer.archive.ledger import Ledger, default_folder
from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.budgets import DAY, HOUR, REFERENCE, Kind, Window
from importer.clock import utc_now
from importer.handles import read_handles
from importer.mentions import bounded, mention_notices
from importer.model import Account, Limits, Notice, Route, ServerLimits
from importer.pds.budget import Budget
from importer.pds.kept_sessions import KeptSessions
from importer.pds.standing import A_DAY, Standing, notices
from importer.records.destinations import limits as limits_of
from importer.records.destinations import named
from importer.records.style import Names, Style
from importer.settings import Settings

DidsOf = Callable[[Mapping[str, str]], Mapping[str, str]]
USUAL_PACE = 100
"""Posts an hour, unless the user says otherwise."""
BLUESKY_VIDEO = "https://video.bsky.app"
BLUESKY_HOSTS = (".host.bsky.network", ".bsky.social")
ASSUMED = ServerLimits(314_572_800, None, "assumed, as of August 2026: not signed in yet")
"""What Bluesky's own servers take, for a first plan."""
_STANDING = "standing"


def service_url(settings: Settings, account: Account) -> str | None:
    """The video service for an account: the one that is set, or Bluesky's for Bluesky's servers."""
    if settings.upload is Route.DIRECT:
        return None
    host = urlsplit(account.pds).hostname or ""
    if settings.video_service is None and settings.upload is Route.AUTO:
        is_bluesky = f".{host}".endswith(BLUESKY_HOSTS)
        return BLUESKY_VIDEO if is_bluesky else None
    return settings.video_service or BLUESKY_VIDEO


def keep_standing(archive: Archive, standing: Standing) -> None:
    """Remember what was told of an archive's account, for when nobody answers."""
    archive.set_fact(_STANDING, msgspec.json.encode(standing).decode())


def known_standing(archive: ArchiveView) -> Standing:
    """What was told of an archive's account last."""
    told = archive.fact(_STANDING)
    return msgspec.json.decode(told, type=Standing) if told else Standing()


def known_notices(archive: ArchiveView, settings: Settings) -> tuple[Notice, ...]:
    """What is to be known of an archive's account, by what was told of it last."""
    standing = known_standing(archive)
    return notices_of(settings, standing, archive.server_limits() or ASSUMED)


def notices_of(
    settings: Settings, standing: Standing, accepted: ServerLimits
) -> tuple[Notice, ...]:
    """What is to be known of an account that stands so, of its server and of the destinations."""
    now, destinations = utc_now(), named(settings.destinations)
    told = notices(
        standing,
        limits_of(accepted, destinations),
        limits_of(replace(accepted, version=None), destinations),
        now,
        gently=settings.pace is None and standing.is_delicate(now),
    )
    return (*told, *(one.NOTICE for one in destinations if one.NOTICE))


def paces_of(settings: Settings, standing: Standing | None = None) -> dict[int, int]:
    """How many posts to publish, by seconds."""
    if settings.pace is not None:
        return {HOUR: settings.pace} if settings.pace else {}
    return {HOUR: USUAL_PACE} | (
        {DAY: A_DAY} if standing and standing.is_delicate(utc_now()) else {}
    )


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


def known_limits(archive: ArchiveView, destinations: Sequence[str]) -> Limits:
    """What a post may hold at these destinations, by what the server said last."""
    return limits_of(archive.server_limits() or ASSUMED, named(destinations))


def style_of(
    settings: Settings, archive: ArchiveView, dids_of: DidsOf = lambda handles: {}
) -> Style:
    """How the settings want posts worded.

    Args:
        settings: what is set.
        archive: knows the creator's name.
        dids_of: finds the DIDs behind handles; without it nobody is mentioned yet.

    Raises:
        UserError: the table of handles cannot be used.
    """
    table = _table(settings)
    accounts = dids_of(bounded(table, archive.posts())) if table else {}
    profile = archive.profile()
    return Style(
        overflow=settings.overflow,
        names=settings.names,
        accounts=accounts,
        langs=settings.langs,
        labels=settings.labels,
        gates=settings.gates,
        quote_gates=settings.quote_gates,
        disclose=settings.disclose,
        provenance=settings.provenance,
        user_name=(profile.user_name if profile else None) or "",
    )


def mentioning(settings: Settings, archive: ArchiveView) -> tuple[Notice, ...]:
    """How many people an archive's posts that wait will notify, if they mention any.

    Raises:
        UserError: the table of handles cannot be used.
    """
    table = _table(settings)
    if not table:
        return ()
    return mention_notices(table, archive.posts(), archive.waiting(settings.destinations))


def _table(settings: Settings) -> dict[str, str]:
    """Handles by TikTok name; none if nobody is to be mentioned."""
    if settings.names is not Names.MENTION or settings.handles is None:
        return {}
    return read_handles(settings.handles)


def kept_handles() -> list[str]:
    """The handles of all accounts with a session on this machine."""
    return sorted(KeptSessions(default_folder()).accounts().values())


def is_kept_in_file(identifier: str) -> bool:
    """Whether an account's session can be read while nobody has opened the keyring."""
    return KeptSessions(default_folder(), keyring=False).find(identifier) is not None

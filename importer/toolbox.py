"""The one place where the real tools of a run are chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from importer.archive.ledger import Ledger, default_folder
from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.clock import utc_now
from importer.engine.stop import Stop
from importer.errors import SignInNeeded, TryLater, Unreachable, UserError
from importer.known import (
    keep_standing,
    known_standing,
    mentioning,
    notices_of,
    paces_of,
    service_url,
    style_of,
)
from importer.media import ffmpeg
from importer.media.download import open_client
from importer.media.encoder import find as find_encoder
from importer.model import Account, Route
from importer.pds.appview import AppView, open_appview
from importer.pds.budget import Budget, Together
from importer.pds.credentials import Credentials, Password
from importer.pds.held_session import HeldSession
from importer.pds.identity import find_account, find_pds
from importer.pds.kept_sessions import KeptSessions
from importer.pds.limits import read_limits
from importer.pds.repo import PublicRepo, Repo
from importer.pds.session import Session
from importer.pds.standing import A_DAY, FIRST_DAY, Standing
from importer.pds.video_service import VideoService
from importer.pds.xrpc import Server, XrpcError
from importer.preflight import check_account, check_permissions, sign_in_notices
from importer.records.destinations import DESTINATIONS, collections, named
from importer.records.destinations import limits as limits_of
from importer.records.style import Style
from importer.settings import Settings
from importer.stages.tools import Tools

POST_COLLECTIONS = collections(DESTINATIONS.values())
"""All that any import may write."""
_BAD_REQUEST = 400


@contextmanager
def signed_in(
    settings: Settings,
    archive: Archive,
    credentials: Credentials,
    stop: Stop,
    together: Together | None = None,
    held: HeldSession | None = None,
) -> Iterator[Tools]:
    """Find FFmpeg, sign in, ask the server for its limits, and bind the archive to the account.

    Raises:
        UserError: no account is named, it is not the archive's, or FFmpeg is missing.
        SignInNeeded: there is no password, or the server refuses it; or the account's e-mail
            address is not confirmed.
        Unreachable: the server does not answer.
    """
    _identifier(settings, archive)
    program = ffmpeg.find(settings.ffmpeg)
    encoder = find_encoder(settings.encoder, program)
    with (
        session_of(settings, archive, credentials, stop, together, held) as (account, repo),
        open_client() as http,
        video_service(settings, account, repo, stop) as videos,
        open_appview(settings.appview, account.pds, stop.at_once) as appview,
    ):
        check_account(repo, account)
        destinations = named(settings.destinations)
        wanted = collections(destinations)
        check_permissions(repo.grant, account, wanted, service=videos is not None)
        accepted = read_limits(repo.server)
        archive.set_server_limits(accepted)
        limits = limits_of(accepted, destinations)
        (standing, is_seen), now = _standing(archive, account, appview), utc_now()
        gently = settings.pace is None and standing.is_delicate(now)
        if gently:
            repo.server.budget.begin_gently(FIRST_DAY, A_DAY)
        yield Tools(
            account=account,
            repo=repo,
            limits=limits,
            ffmpeg=program,
            long=settings.long,
            photos=settings.photos,
            encoder=encoder,
            style=style_at(repo.server, settings, archive),
            budget=repo.server.budget,
            videos=videos,
            may_go_direct=settings.upload is Route.AUTO,
            appview=appview if is_seen else None,
            notices=(
                *notices_of(settings, standing, accepted),
                *sign_in_notices(repo.grant, account, now),
                *mentioning(settings, archive),
            ),
            destinations=destinations,
            http=http,
            now=utc_now,
        )


@contextmanager
def video_service(
    settings: Settings, account: Account, repo: Repo, stop: Stop
) -> Iterator[VideoService | None]:
    """The service that takes the account's videos, if one is to."""
    url = service_url(settings, account)
    repo.server.budget.counts_videos = url is not None
    if url is None:
        yield None
        return
    server = Server(url, stop.at_once)
    try:
        yield VideoService(server, repo)
    finally:
        server.close()


@contextmanager
def session_of(
    settings: Settings,
    archive: Archive,
    credentials: Credentials,
    stop: Stop,
    together: Together | None = None,
    held: HeldSession | None = None,
) -> Iterator[tuple[Account, Repo]]:
    """Sign in, and bind the archive to the account.

    Raises:
        UserError: no account is named, or it is not the archive's.
        SignInNeeded: there is no password, or the server refuses it.
        Unreachable: the server does not answer.
    """
    identifier, known = _identifier(settings, archive), archive.account()
    with opened_session(settings, identifier, known, credentials, stop, held) as opened:
        account, session = opened
        archive.set_account(account)
        with counted(session.server, account, settings, together):
            yield account, Repo(session, account.did)


@contextmanager
def opened_session(
    settings: Settings,
    identifier: str,
    known: Account | None,
    credentials: Credentials,
    stop: Stop,
    held: HeldSession | None = None,
) -> Iterator[tuple[Account, Session]]:
    """Sign in with the password that was named, the session that was kept, or by asking.

    What a named password has opened already is `held`, and goes on.

    Raises:
        SignInNeeded: there is no password, or the server refuses it.
        Unreachable: the server does not answer.
    """
    name = known.handle if known and identifier in (known.did, known.handle) else identifier
    kept = KeptSessions(default_folder(), keyring=settings.keyring)
    password = credentials.given()
    tokens = None if password else kept.find(identifier)
    if not (password or tokens):
        password = _typed(credentials, name, _why_unknown(kept, identifier, name))
    with _server(settings, identifier, stop, known) as server:
        if tokens and tokens.pds != server.url:
            moved = f"{name} has moved from {tokens.pds} to {server.url}."
            tokens, password = None, _typed(credentials, name, moved)
        if tokens:
            again = Password(tokens.password) if tokens.password else None
            session = Session(server, tokens.did, again, tokens=tokens, kept=kept)
        else:
            open_still = held.find(server.url, password) if held and password else None
            session = Session(server, identifier, password, tokens=open_still, kept=held)
        yield session.sign_in(), session


def _why_unknown(kept: KeptSessions, identifier: str, name: str) -> str:
    accounts = kept.accounts()
    if identifier not in {*accounts, *accounts.values()}:
        return f"Nobody is signed in as {name}."
    return (
        f"The session of {name} is in a keyring that is not open here: it is locked while nobody "
        "is signed in to the computer. With keyring = false in the settings a new sign-in is "
        "kept in a file."
    )


def _typed(credentials: Credentials, name: str, why: str) -> Password:
    password = credentials.typed()
    if password is None:
        raise SignInNeeded(
            f"{why} Nothing was sent.",
            hint=f"Sign in once: tokaway login {name}. Or put an app password into a file that "
            "only you can read, and name it with --password-file FILE (- for standard input).",
            code="password_needed",
        )
    return password


@contextmanager
def looking_at(
    settings: Settings, archive: Archive, stop: Stop
) -> Iterator[tuple[Account, PublicRepo]]:
    """Look at what anyone may see of the account; needs no password, and notes nothing.

    Raises:
        UserError: no account is named, its server does not have it, or it is not the archive's.
        Unreachable: the server does not answer.
    """
    identifier = _identifier(settings, archive)
    with _server(settings, identifier, stop) as server:
        account = find_account(server, identifier)
        known = archive.account()
        if known and known.did != account.did:
            archive.set_account(account)  # refuses, and says why
        yield account, PublicRepo(server, account.did)


def _identifier(settings: Settings, archive: Archive) -> str:
    """The handle or DID to sign in with."""
    known = archive.account()
    identifier = settings.to or (known.did if known else None)
    if identifier is None:
        raise UserError(
            "No account to publish to.",
            hint="Name it: --to name.bsky.social --password-file FILE",
            code="no_account",
        )
    return identifier


@contextmanager
def _server(
    settings: Settings, identifier: str, stop: Stop, known: Account | None = None
) -> Iterator[Server]:
    """The server that holds an account now."""
    server = Server(settings.pds or _pds_of(settings, identifier, known), stop.at_once)
    try:
        yield server
    finally:
        server.close()


def _pds_of(settings: Settings, identifier: str, known: Account | None) -> str:
    """Where the account's documents say it is, or where it was while they cannot be read."""
    is_known = known is not None and identifier in (known.did, known.handle)
    try:
        return find_pds(known.did if is_known and known else identifier, plc=settings.plc)
    except Unreachable:
        if not (is_known and known):
            raise
        return known.pds


@contextmanager
def counted(
    server: Server, account: Account, settings: Settings, together: Together | None = None
) -> Iterator[Budget]:
    """Count what an account spends at its server, together with all runs on this machine."""
    ledger = Ledger(default_folder())
    try:
        server.budget = Budget(
            ledger,
            server.host,
            account.did,
            headroom=settings.headroom,
            paces=paces_of(settings),
            together=together,
        )
        yield server.budget
    finally:
        ledger.close()


def _standing(archive: Archive, account: Account, appview: AppView | None) -> tuple[Standing, bool]:
    """What an app view tells of the account, and whether it may know its posts.

    If none answers it is what one told before.
    """
    is_seen = appview is not None
    try:
        if appview:
            standing = appview.standing(account.did)
            keep_standing(archive, standing)
            return standing, True
    except XrpcError as refusal:
        # So it speaks of accounts on servers that it never visits.
        is_seen = refusal.status != _BAD_REQUEST
    except TryLater:
        pass
    return known_standing(archive), is_seen


def standing_of(settings: Settings, account: Account, stop: Stop) -> Standing | None:
    """What an app view tells of an account; `None` if none answers."""
    with (
        suppress(XrpcError, TryLater),
        open_appview(settings.appview, account.pds, stop.at_once) as appview,
    ):
        if appview:
            return appview.standing(account.did)
    return None


def style_at(server: Server, settings: Settings, archive: ArchiveView) -> Style:
    """How the settings want posts worded, with those mentioned whom an account's server finds.

    Raises:
        UserError: the table of handles cannot be used, or a handle belongs to nobody.
        Unreachable: the server cannot look up handles now.
    """
    try:
        return style_of(settings, archive, lambda handles: _resolved(handles, server))
    except TryLater as trouble:
        raise Unreachable(f"{trouble.text} Nothing was sent.", hint=trouble.hint) from trouble


def _resolved(handles: Mapping[str, str], server: Server) -> dict[str, str]:
    """The DIDs behind handles, as the account's server finds them.

    Raises:
        UserError: a handle belongs to nobody.
        TryLater: the server could not look.
    """
    found: dict[str, str] = {}
    for name, handle in handles.items():
        if handle.startswith("did:"):
            found[name] = handle
            continue
        try:
            answer = server.query("com.atproto.identity.resolveHandle", {"handle": handle})
        except XrpcError as refusal:
            raise UserError(
                f"Nobody is called {handle}, whom your table names for @{name}. Nothing was sent.",
                hint="Correct the table, or remove the line: the name then stays plain text.",
                code="handles",
            ) from refusal
        found[name] = str(answer.body["did"])
    return found

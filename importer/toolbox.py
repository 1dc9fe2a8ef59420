"""The one place where the real tools of a run are chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from importer.archive.store import Archive
from importer.clock import utc_now
from importer.engine.stop import Stop
from importer.errors import SignInNeeded, UserError
from importer.media import ffmpeg
from importer.media.download import open_client
from importer.media.encoder import find as find_encoder
from importer.model import Account
from importer.pds.identity import find_account, find_pds
from importer.pds.limits import read_limits
from importer.pds.repo import PublicRepo, Repo
from importer.pds.session import Password, Session
from importer.pds.xrpc import Server
from importer.settings import Settings
from importer.stages.tools import Tools


@contextmanager
def signed_in(
    settings: Settings, archive: Archive, ask_password: Callable[[], Password | None], stop: Stop
) -> Iterator[Tools]:
    """Find FFmpeg, sign in, ask the server for its limits, and bind the archive to the account.

    Raises:
        UserError: no account is named, it is not the archive's, or FFmpeg is missing.
        SignInNeeded: there is no password, or the server refuses it.
        Unreachable: the server does not answer.
    """
    _identifier(settings, archive)
    program = ffmpeg.find(settings.ffmpeg)
    encoder = find_encoder(settings.encoder, program)
    with (
        session_of(settings, archive, ask_password, stop) as (account, repo),
        open_client() as http,
    ):
        limits = read_limits(repo.server)
        archive.set_limits(limits)
        yield Tools(
            account=account,
            repo=repo,
            limits=limits,
            ffmpeg=program,
            long=settings.long,
            photos=settings.photos,
            encoder=encoder,
            http=http,
            now=utc_now,
        )


@contextmanager
def session_of(
    settings: Settings, archive: Archive, ask_password: Callable[[], Password | None], stop: Stop
) -> Iterator[tuple[Account, Repo]]:
    """Sign in, and bind the archive to the account.

    Raises:
        UserError: no account is named, or it is not the archive's.
        SignInNeeded: there is no password, or the server refuses it.
        Unreachable: the server does not answer.
    """
    identifier = _identifier(settings, archive)
    password = ask_password()
    if password is None:
        known = archive.account()
        raise SignInNeeded(
            f"Signing in as {known.handle if known else identifier} needs a password.",
            hint="Put an app password into a file that only you can read, and name it with "
            "--password-file FILE (or - for standard input).",
            code="password_needed",
        )
    with _server(settings, identifier, stop) as server:
        session = Session(server, identifier, password)
        account = session.sign_in()
        archive.set_account(account)
        yield account, Repo(session, account.did)


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
    named = settings.to.removeprefix("@") if settings.to else None
    identifier = named or (known.did if known else None)
    if identifier is None:
        raise UserError(
            "No account to publish to.",
            hint="Name it: --to name.bsky.social --password-file FILE",
            code="no_account",
        )
    return identifier


@contextmanager
def _server(settings: Settings, identifier: str, stop: Stop) -> Iterator[Server]:
    server = Server(settings.pds or find_pds(identifier), stop.at_once)
    try:
        yield server
    finally:
        server.close()

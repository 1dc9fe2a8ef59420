"""The one place where the real tools of a run are chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from importer.archive.store import Archive
from importer.clock import utc_now
from importer.engine.stop import Stop
from importer.errors import SignInNeeded, UserError
from importer.media import ffmpeg
from importer.media.download import open_client
from importer.media.encoder import find as find_encoder
from importer.pds.identity import find_pds
from importer.pds.limits import read_limits
from importer.pds.repo import Repo
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
    known = archive.account()
    named = settings.to.removeprefix("@") if settings.to else None
    identifier = named or (known.did if known else None)
    if identifier is None:
        raise UserError(
            "No account to publish to.",
            hint="Name it: --to name.bsky.social --password-file FILE",
            code="no_account",
        )
    program = ffmpeg.find(settings.ffmpeg)
    encoder = find_encoder(settings.encoder, program)
    password = ask_password()
    if password is None:
        raise SignInNeeded(
            f"Signing in as {known.handle if known else identifier} needs a password.",
            hint="Put an app password into a file that only you can read, and name it with "
            "--password-file FILE (or - for standard input).",
            code="password_needed",
        )
    with ExitStack() as stack:
        server = Server(settings.pds or find_pds(identifier), stop.at_once)
        stack.callback(server.close)
        session = Session(server, identifier, password)
        account = session.sign_in()
        archive.set_account(account)
        limits = read_limits(server)
        archive.set_limits(limits)
        yield Tools(
            account=account,
            repo=Repo(session, account.did),
            limits=limits,
            ffmpeg=program,
            long=settings.long,
            photos=settings.photos,
            encoder=encoder,
            http=stack.enter_context(open_client()),
            now=utc_now,
        )

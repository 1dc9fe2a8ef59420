"""A look at everything that an archive published: the one way for every front end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from importer.archive.store import Archive
from importer.clock import utc_now
from importer.engine.patience import Patience
from importer.engine.stop import Stop
from importer.engine.verification import Verification
from importer.errors import UserError
from importer.pds.appview import open_appview
from importer.pds.identity import signing_key
from importer.pds.proof import verifier
from importer.pds.xrpc import Server
from importer.settings import Settings
from importer.toolbox import counted


@contextmanager
def verification(
    archive: Archive,
    settings: Settings,
    stop: Stop,
    tell: Callable[[str, datetime], None],
    *,
    prove: bool = False,
) -> Iterator[Verification]:
    """Everything ready to check what is published, asking as anybody may: no password.

    Args:
        archive: where what is found is noted.
        settings: whom to ask.
        stop: ends the look.
        tell: hears why the look waits, and until when.
        prove: check the signature of the account's own key.

    Raises:
        UserError: nothing is published yet.
        Unreachable: the key of the account cannot be found now.
    """
    account = archive.account()
    if account is None or not archive.records():
        raise UserError(
            "Nothing of this archive is published yet: there is nothing to verify.",
            hint=f"Publish with: tokaway run {archive.folder}",
            code="nothing_published",
        )
    server = Server(settings.pds or account.pds, stop.at_once)
    try:
        with (
            counted(server, account, settings),
            open_appview(settings.appview, server.url, stop.at_once) as appview,
        ):
            yield Verification(
                archive,
                server,
                Patience(stop, utc_now, settings=settings, tell=tell),
                utc_now,
                appview=appview,
                signed=verifier(signing_key(account.did, plc=settings.plc)) if prove else None,
            )
    finally:
        server.close()

"""An account open for changes: its repo, and the waiting for its server's limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from importer.archive.store import Archive
from importer.clock import utc_now
from importer.engine.patience import Patience
from importer.engine.stop import Stop
from importer.pds.credentials import Credentials, Given
from importer.pds.repo import Repo
from importer.settings import Settings
from importer.toolbox import session_of


@contextmanager
def signed_in_patiently(
    archive: Archive,
    settings: Settings,
    credentials: Credentials | None,
    stop: Stop,
    tell: Callable[[str, datetime], None],
) -> Iterator[tuple[Repo, Patience]]:
    """The account's repo, open for changes, and the waiting for its server's limits.

    Without credentials only a session that was kept will do.

    Raises:
        SignInNeeded: there is no password, or the server refuses it.
        Unreachable: the server does not answer.
    """
    with session_of(settings, archive, credentials or Given(None), stop) as (_, repo):
        yield repo, Patience(stop, utc_now, settings=settings, tell=tell)

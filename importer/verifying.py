"""A look at everything that an archive published, and mending what can be mended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial

from importer.archive.store import Archive
from importer.changing import signed_in_patiently
from importer.clock import utc_now
from importer.engine.patience import Patience
from importer.engine.stop import Stop
from importer.engine.verification import Checked, Verification
from importer.errors import Stopped, UserError
from importer.model import DOES_NOT_PLAY, NOT_WHOLE
from importer.pds.appview import open_appview
from importer.pds.credentials import Credentials
from importer.pds.identity import signing_key
from importer.pds.proof import verifier
from importer.pds.xrpc import Server
from importer.settings import Settings
from importer.stages.repair import send_files
from importer.stages.undo import Undone, undo
from importer.step import Step
from importer.toolbox import counted


class Repair(StrEnum):
    """How a post that is not right can be mended."""

    AGAIN = "to be published again"
    """It is gone from the server: the next run publishes it again."""
    FILES = "files sent again"
    """The server has lost its files."""
    ANEW = "to be encoded anew"
    """Its video does not play: it is deleted, and the next run publishes it again, encoded; once
    for each."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of one post; it may still be as it was."""

    checked: Checked
    how: Repair
    is_mended: bool


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


def repairs(wrong: Iterable[Checked]) -> dict[Repair, list[Checked]]:
    """What can be mended, and how; the rest cannot be from here."""
    found: dict[Repair, list[Checked]] = {how: [] for how in Repair}
    for one in wrong:
        how = _REPAIRS.get(one.trouble.code) if one.trouble else None
        if how and not (how is Repair.ANEW and one.post.encode):
            found[how].append(one)
    return found


def repair(
    archive: Archive,
    settings: Settings,
    credentials: Credentials | None,
    how: Repair,
    posts: Sequence[Checked],
    stop: Stop,
    tell: Callable[[str, datetime], None] = lambda reason, until: None,
) -> Iterator[Repaired]:
    """Mend posts in one way, and note it.

    Without credentials only a session that was kept will do. To have posts published again needs
    none. It waits for the server's limits as the settings say, and tells why and until when.

    Raises:
        SignInNeeded: there is no password, or the server refuses it.
        Unreachable, BudgetEmpty: the server does not answer, or has no room.
        Refused, XrpcError: the server does not take a file, or refuses to delete a post.
        Stopped: the user asked to stop; what was told is noted.
    """
    if how is Repair.AGAIN:
        for one in posts:
            archive.note_gone(one.post)
            yield Repaired(one, how, is_mended=True)
            if stop.draining.is_set():
                raise Stopped
        return
    with signed_in_patiently(archive, settings, credentials, stop, tell) as (repo, patience):
        for one in posts:
            if how is Repair.FILES:
                files, step = archive.files(one.post.id), Step(stop.at_once)
                send = partial(send_files, one.records, files, archive.folder, repo, step)
                is_mended = patience.call(send)
            else:
                is_mended = patience.call(partial(undo, one.records, repo)) is not Undone.CHANGED
                if is_mended:
                    archive.encode_anew(one.post)
            yield Repaired(one, how, is_mended)
            if stop.draining.is_set():
                raise Stopped


_REPAIRS = {
    "record_missing": Repair.AGAIN,
    "blob_missing": Repair.FILES,
    DOES_NOT_PLAY: Repair.ANEW,
    NOT_WHOLE: Repair.ANEW,
}

"""The creator's TikTok profile brought to the account: what would change in it, then the change."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.engine.stop import Stop
from importer.errors import UserError
from importer.model import Account, Profile
from importer.pds.credentials import Credentials, Given
from importer.pds.repo import KeyTaken, PublicRepo, Repo
from importer.records.profile import Difference, Field, Verdict, Wanted
from importer.settings import Settings
from importer.stages.profile import (
    Avatar,
    Look,
    NoAvatar,
    fetch_avatar,
    look,
    prepare_avatar,
    write,
)
from importer.step import Step
from importer.toolbox import looking_at, session_of

__all__ = ["Difference", "Field", "Look", "ProfileUpdate", "Verdict", "Wanted", "profile_update"]


class ProfileUpdate:
    """What the export tells of the creator, beside the profile of the account.

    Args:
        account: whose profile it is.
        left_out: why there is no picture, if one was wanted.
        look: sees what would change, by this repo.
        avatar: the picture, ready to be sent.
        public: the account as anyone sees it.
        sign_in: opens it for changes.
        stop: ends an upload.
    """

    def __init__(
        self,
        account: Account,
        left_out: Difference | None,
        look: Callable[[PublicRepo], Look],
        avatar: Avatar | None,
        public: PublicRepo,
        sign_in: Callable[[], Repo],
        stop: Stop,
    ) -> None:
        self.account = account
        self.left_out = left_out
        self._look = look
        self._avatar = avatar
        self._public = public
        self._sign_in = sign_in
        self._repo: Repo | None = None
        self._stop = stop

    def look(self) -> Look:
        """See what would change; writes nothing, and needs no password.

        Raises:
            Unreachable: the server does not answer.
            UserError: it does not give the profile.
        """
        return self._look(self._repo or self._public)

    def write(self, seen: Look) -> str | None:
        """Write what was seen to change, signing in for the first time.

        Returns:
            The URI of the profile; `None` if another app changed it since it was seen, so that
            nothing was written.

        Raises:
            SignInNeeded: there is no password, or the server refuses it.
            Unreachable: the server does not answer.
            UserError: the server does not take it, or the account is another one by now.
        """
        self._repo = self._repo or self._sign_in()
        try:
            return write(self._repo, seen, self._avatar, Step(self._stop.at_once)).uri
        except KeyTaken:
            return None


@contextmanager
def profile_update(
    archive: Archive,
    settings: Settings,
    credentials: Credentials | None,
    stop: Stop,
    wanted: Wanted | None = None,
    avatar: Path | None = None,
) -> Iterator[ProfileUpdate]:
    """Everything ready to bring the creator's TikTok profile to the account.

    Args:
        archive: where the export's words about the creator are.
        settings: name the account, if the archive knows none yet.
        credentials: where a password comes from, asked when something is to be written; `None` if
            only a kept session will do.
        stop: ends it.
        wanted: which parts to bring over; each that the account has not filled, unless given.
        avatar: a picture to be taken instead of TikTok's.

    Raises:
        UserError: the export says nothing of the creator, no account is named, it is not the
            archive's, or `avatar` cannot be used.
        Unreachable: the server does not answer.
    """
    wanted = wanted or Wanted()
    told = _told(archive, avatar)
    with (
        ExitStack() as session,
        looking_at(settings, archive, stop) as (account, public),
        tempfile.TemporaryDirectory(prefix="tokaway-") as scratch,
    ):
        picture, left_out = _avatar(archive, told, wanted, avatar, Path(scratch), stop)

        def sign_in() -> Repo:
            signed_in, repo = session.enter_context(
                session_of(settings, archive, credentials or Given(None), stop)
            )
            _check_same(account, signed_in)
            return repo

        yield ProfileUpdate(
            account,
            left_out,
            lambda repo: look(repo, told, wanted, picture),
            picture,
            public,
            sign_in,
            stop,
        )


def _told(archive: ArchiveView, avatar: Path | None) -> Profile:
    told = archive.profile()
    if told is None and avatar is None:
        raise UserError(
            "The export of this archive says nothing about your TikTok profile.",
            hint="When you request your data from TikTok, choose all data or tick Profile; then: "
            "tokaway plan EXPORT",
            code="no_profile",
        )
    return told or Profile()


def _avatar(
    archive: ArchiveView,
    told: Profile,
    wanted: Wanted,
    avatar: Path | None,
    scratch: Path,
    stop: Stop,
) -> tuple[Avatar | None, Difference | None]:
    """The picture, ready to be sent, or why it is left out; one that is named must be right."""
    if Field.AVATAR not in wanted.fields:
        return None, None
    try:
        if avatar:
            return prepare_avatar(avatar, scratch), None
        if told.avatar_url:
            found = fetch_avatar(archive.folder, told.avatar_url, Step(stop.at_once))
            return prepare_avatar(found, scratch), None
    except NoAvatar as trouble:
        if avatar:
            text = f"{avatar}: {trouble.text} Nothing was changed."
            raise UserError(text, hint=trouble.hint, code="avatar") from trouble
        text = f"{trouble.text} {trouble.hint}"
        return None, Difference(Field.AVATAR, Verdict.LEFT_OUT, text=text)
    return None, None


def _check_same(seen: Account, signed_in: Account) -> None:
    if signed_in.did != seen.did:
        raise UserError(
            f"{seen.handle} names another account now than when it was looked at. Nothing was "
            "changed.",
            hint="Give the same command again.",
            code="other_account",
        )

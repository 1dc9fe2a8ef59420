"""What `tokaway profile` does: shows how the account's profile would change, and changes it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from importer.archive.store import Archive
from importer.commands import Flags, working_on
from importer.console import Console
from importer.engine.stop import Stop
from importer.errors import UserError
from importer.model import Account, Profile
from importer.pds.repo import KeyTaken, Repo
from importer.pds.session import Credentials
from importer.records.profile import Difference, Field, Verdict, Wanted
from importer.records.text import clean
from importer.settings import Settings, load
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
from importer.wording import plural

LOOKS = 5
"""How often the profile may be changed by others between our look and our write."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be brought over; `avatar` is a picture to be taken instead of TikTok's."""

    wanted: Wanted
    avatar: Path | None = None
    dry_run: bool = False


def profile(
    console: Console,
    folder: Path,
    asked: Asked,
    flags: Flags,
    credentials: Credentials,
    confirm: Callable[[], bool],
) -> int:
    """Bring the creator's TikTok profile to the account, after showing each difference.

    Only a change needs the password: the profile can be read by anyone.

    Returns:
        The exit code.

    Raises:
        UserError: there is nothing to bring over, or nobody said yes to the change.
    """
    stop = Stop()
    with ExitStack() as stack:
        archive = stack.enter_context(working_on(folder))
        settings = load(flags, archive=folder)
        told = _told(archive, asked)
        account, public = stack.enter_context(looking_at(settings, archive, stop))
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="tokaway-"))
        avatar = _avatar(console, archive, told, asked, Path(scratch), stop)
        repo: Repo | None = None
        for _ in range(LOOKS):
            seen = look(repo or public, told, asked.wanted, avatar)
            _show(console, account, seen)
            if seen.change.is_nothing:
                return _end(console, account, seen, "Nothing to change: nothing was written.")
            if asked.dry_run:
                return _end(console, account, seen, "Nothing was changed: this was a dry run.")
            if not confirm():
                raise UserError(
                    "The profile was not changed: nobody said yes.",
                    hint="To change it as shown, give the same command again with --yes.",
                    code="not_confirmed",
                )
            repo = repo or _signed_in(stack, settings, archive, account, credentials, stop)
            try:
                stored = write(repo, seen, avatar, Step(stop.at_once))
            except KeyTaken:
                console.line("The profile was changed by another app meanwhile, so nothing was "
                             "written. This is how it is now:")  # fmt: skip
                continue
            return _end(console, account, seen, f"The profile is changed: {stored.uri}", stored.uri)
    raise UserError(
        "The profile is changed by another app again and again. Nothing was written.",
        hint="Close that app, then give the same command again.",
        code="profile_changes",
    )


def _told(archive: Archive, asked: Asked) -> Profile:
    told = archive.profile()
    if told is None and asked.avatar is None:
        raise UserError(
            "The export of this archive says nothing about your TikTok profile.",
            hint="When you request your data from TikTok, choose all data or tick Profile; then: "
            "tokaway plan EXPORT",
            code="no_profile",
        )
    return told or Profile()


def _avatar(
    console: Console, archive: Archive, told: Profile, asked: Asked, scratch: Path, stop: Stop
) -> Avatar | None:
    """The picture, ready to be sent; one that the user named must be right."""
    if Field.AVATAR not in asked.wanted.fields:
        return None
    try:
        if asked.avatar:
            return prepare_avatar(asked.avatar, scratch)
        if told.avatar_url:
            found = fetch_avatar(archive.folder, told.avatar_url, Step(stop.at_once))
            return prepare_avatar(found, scratch)
    except NoAvatar as trouble:
        if asked.avatar:
            text = f"{asked.avatar}: {trouble.text} Nothing was changed."
            raise UserError(text, hint=trouble.hint, code="avatar") from trouble
        text = f"{trouble.text} {trouble.hint}"
        _show_difference(console, Difference(Field.AVATAR, Verdict.LEFT_OUT, text=text))
    return None


def _signed_in(
    stack: ExitStack,
    settings: Settings,
    archive: Archive,
    account: Account,
    credentials: Credentials,
    stop: Stop,
) -> Repo:
    signed_in, repo = stack.enter_context(session_of(settings, archive, credentials, stop))
    if signed_in.did != account.did:
        raise UserError(
            f"{account.handle} names another account now than when it was looked at. Nothing was "
            "changed.",
            hint="Give the same command again.",
            code="other_account",
        )
    return repo


def _show(console: Console, account: Account, seen: Look) -> None:
    console.line(f"Profile of {account.handle}:" + ("" if seen.found else " it has none yet."))
    for one in seen.change.differences:
        _show_difference(console, one)


def _show_difference(console: Console, one: Difference) -> None:
    console.result(
        "profile_change",
        {
            "field": one.field,
            "verdict": one.verdict,
            "before": one.before,
            "after": one.after,
            "text": one.text,
        },
    )
    if one.verdict is Verdict.LEFT_OUT:
        console.line(f"! {one.text}")
        return
    console.line(f"{one.field}: {_VERDICTS[one.verdict]}")
    if one.verdict is Verdict.KEPT:
        _show_lines(console, " ", one.before)
        _show_lines(console, " ", one.text)
        return
    _show_lines(console, "-", one.before)
    _show_lines(console, "+", one.after)
    _show_lines(console, " ", one.text)


def _show_lines(console: Console, mark: str, text: str) -> None:
    for line in clean(text).splitlines():
        console.line(f"  {mark} {line}")


def _end(console: Console, account: Account, seen: Look, text: str, uri: str | None = None) -> int:
    kept = (Verdict.KEPT, Verdict.LEFT_OUT)
    changes = sum(one.verdict not in kept for one in seen.change.differences)
    console.result(
        "profile",
        {
            "did": account.did,
            "handle": account.handle,
            "uri": uri,
            "changes": changes,
            "kept": len(seen.change.differences) - changes,
            "written": uri is not None,
        },
    )
    console.line(text if not changes else f"{plural(changes, 'change')}. {text}")
    return 0


_VERDICTS = {
    Verdict.SET: "set",
    Verdict.ADDED: "added to",
    Verdict.REPLACED: "replaced",
    Verdict.KEPT: "kept as it is",
}

"""What `tokaway profile` does: shows how the account's profile would change, and changes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from importer.commands import Flags
from importer.console import Console
from importer.engine.stop import Stop
from importer.errors import UserError
from importer.model import Account
from importer.opening import working_on
from importer.pds.credentials import Credentials
from importer.profiles import Difference, Look, Verdict, Wanted, profile_update
from importer.records.text import clean
from importer.settings import load
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
    with (
        working_on(folder) as archive,
        profile_update(
            archive,
            load(flags, archive=folder),
            credentials,
            Stop(),
            asked.wanted,
            asked.avatar,
        ) as update,
    ):
        account = update.account
        if update.left_out:
            _show_difference(console, update.left_out)
        for _ in range(LOOKS):
            seen = update.look()
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
            if uri := update.write(seen):
                return _end(console, account, seen, f"The profile is changed: {uri}", uri)
            console.line(
                "The profile was changed by another app meanwhile, so nothing was written. "
                "This is how it is now:"
            )
    raise UserError(
        "The profile is changed by another app again and again. Nothing was written.",
        hint="Close that app, then give the same command again.",
        code="profile_changes",
    )


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

"""Why a run ended, what that means, and the one thing to do next, in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from importer.clock import utc_now
from importer.engine.outcome import Outcome
from importer.errors import (
    ArchiveInUse,
    BudgetEmpty,
    DiskFull,
    SignInNeeded,
    TokawayError,
    Unreachable,
)
from tui.advice import advice
from tui.language import _
from tui.times import when

# Codes of a `UserError` that the account screen can put right.
_OF_THE_ACCOUNT = {"no_account", "other_account"}
# Codes of a `SignInNeeded` that no other sign-in puts right.
_AT_THE_SERVER = {"account_closed", "email_unconfirmed", "upload_forbidden"}


class Next(Enum):
    """What the person does next."""

    SUMMARY = auto()
    AGAIN = auto()
    SIGN_IN = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of a run: a headline, a sentence on what to do, and the button for it."""

    is_good: bool
    headline: str
    advice: str
    next: Next


_ALL_PUBLISHED = Verdict(True, _("Every chosen post is published."), "", Next.SUMMARY)
# By `Outcome.word`.
_ENDS = {
    "dry_run": Verdict(
        True,
        _("The rehearsal is over. Nothing was sent."),
        _("Posts that are ready now go out first when you publish."),
        Next.SUMMARY,
    ),
    "interrupted": Verdict(
        True,
        _("Stopped. Nothing is lost."),
        _("It goes on where it stopped, today or another day."),
        Next.AGAIN,
    ),
    "some_failed": Verdict(
        False,
        _("Finished; some posts did not work."),
        _("The next step shows why, and tries them again."),
        Next.SUMMARY,
    ),
    "some_mute": Verdict(
        False,
        _("Finished; some videos do not play."),
        _("The next step shows why."),
        Next.SUMMARY,
    ),
    "limit_reached": Verdict(
        True,
        _("As many posts as you wanted at once are published."),
        _("Publish again for more."),
        Next.SUMMARY,
    ),
}


def of_outcome(outcome: Outcome | None) -> Verdict:
    """What a run came to that ended by itself or by the person's wish."""
    if outcome is None:
        return Verdict(
            True, _("Nothing is left to publish."), _("See what was done."), Next.SUMMARY
        )
    if outcome.error:
        return of_error(outcome.error)
    return _ENDS.get(outcome.word, _ALL_PUBLISHED)


def of_error(error: TokawayError) -> Verdict:
    """What an error means that ended a run, or kept it from beginning."""
    hint, step = advice(error.code, error.hint), Next.AGAIN
    if error.code in _OF_THE_ACCOUNT or (
        isinstance(error, SignInNeeded) and error.code not in _AT_THE_SERVER
    ):
        hint = _("Sign in, then publish again: it goes on where it stopped.")
        step = Next.SIGN_IN
    elif isinstance(error, Unreachable):
        hint = _("Check that you are online, then try again: it goes on where it stopped.")
    elif isinstance(error, DiskFull):
        hint = _("Free some space on the disk, then try again: it goes on where it stopped.")
    elif isinstance(error, ArchiveInUse):
        hint = _("Close the other window, or wait until it is done there, then try again.")
    elif isinstance(error, BudgetEmpty):
        hint = _("There is room again from {time} on. Try again then.").format(
            time=when(error.until, utc_now())
        )
    return Verdict(False, error.text, hint, step)

"""What to do next, for people on the screens: keys and places where the engine names commands."""

from __future__ import annotations

import re

from tui.language import _
from tui.shown import visible

_NAMES_COMMAND = re.compile(r"\btokaway [a-z]|(?<![\w-])--[a-z]|\bsame command\b")
# A flag in brackets is said beside what to do.
_ASIDE = re.compile(r" \([^()]*--[a-z][^()]*\)")
_AGAIN = re.compile(r"\b([Gg]ive|[Rr]un) the same command( again)?")


def advice(code: str, hint: str) -> str:
    """The hint of a trouble, as it can be followed here; empty if there is none.

    What can only be done by a command is left as it is.
    """
    if _NAMES_COMMAND.search(hint):
        by_flag = (told for flag, told in _by_flag().items() if flag in hint)
        hint = next(by_flag, _by_code().get(code)) or _without_flags(hint)
    return visible(hint)


def _without_flags(hint: str) -> str:
    return _AGAIN.sub(_try_again, _ASIDE.sub("", hint))


def _try_again(match: re.Match[str]) -> str:
    return "Try again" if match[1][0].isupper() else "try again"


def _by_flag() -> dict[str, str]:
    """For codes that mean different things of a post's file and of its words."""
    return {
        "--include-private": _("To publish it after all, choose it in the list of posts."),
        "--source": _(
            "If you have the file, put it into a folder; s in the list of posts takes it from "
            "there. Or ask TikTok for your data again and open the new file."
        ),
        "--from": _(
            "Words can also come from a folder of yours (s in the list of posts), or be typed "
            "into a spreadsheet (x)."
        ),
    }


def _by_code() -> dict[str, str]:
    sign_in = _("Sign in again, on the account's screen. The import goes on where it was.")
    new_export = _(
        "Ask TikTok for your data again and open the new file on the first screen: its links are "
        "new. Videos that are fetched already are safe."
    )
    encode = _("In the list of posts t has it encoded anew; then try it again.")
    straight = _("Under Choices in the review, videos can go straight to your server.")
    return {
        # the account
        "password_needed": _("Sign in on the account's screen."),
        "no_account": _("Sign in on the account's screen."),
        "session_ended": sign_in,
        "sign_in_refused": sign_in,
        "not_permitted": sign_in,
        "other_account": _("Sign in to the account it publishes to, or open another archive."),
        "unreachable": _("Nothing is lost. Check the network, then try again."),
        "upload_forbidden": straight,
        "no_video_service": straight,
        # the export and the archive
        "no_archive": _("Open the folder that ends in .tokaway, or the export it was made from."),
        "another_account": _("Copy this export into another folder, and open it there."),
        "archive_not_writable": _("Check who owns the folder, or open the export elsewhere."),
        "table_columns": _("Start from the file that x writes, and keep its first line."),
        "no_user_name": _("Type your name on TikTok, as it stands in your profile there."),
        # posts
        "left_out": _("To publish it after all, choose it in the list of posts."),
        "undone": _("To publish it again, choose it in the list of posts."),
        "link_expired": new_export,
        "link_refused": new_export,
        "gone": new_export,
        "bad_answer": new_export,
        "unreadable_source": _("Check the disk it lies on, then try it again."),
        "file_changed": _("Delete that file, then try it again."),
        "too_large": encode,
        "encoding_failure": encode,
        "too_long": _("In the list of posts t has it cut or split; then try it again."),
        "conversion": _("Please report this, with the details of the post."),
        # what is published
        "does_not_play": _(
            "Is the account's e-mail address confirmed, and its daily number of videos not used "
            "up? The video can be published again another day: take the post back, and choose it "
            "in the list of posts."
        ),
        "wrong_video": _(
            "Take the post back, and choose it again in the list of posts: t has it encoded anew."
        ),
        "not_shown": _("New posts may take an hour: v looks again."),
        # before it begins
        "mentions": _("Under Choices, names can stay words."),
        "gentle_start": _("You can set the pace yourself, under Choices in the review."),
        "sign_in_ends": _("Sign in again on the account's screen to begin another two weeks."),
    }

"""What is said of an account: what its servers accept, and why a sign-in did not work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from rich.text import Text

from importer.accepting import Accepted
from importer.budgets import Kind, Window, in_numbers
from importer.errors import TokawayError, UserError
from importer.signing_in import CODE_NEEDED, SignedIn
from importer.wording import local, size, span
from tui.advice import advice
from tui.language import _, ngettext
from tui.shown import one_line, visible
from tui.times import DAY
from tui.trouble import Trouble

NO_SESSION = "password_needed"
"""`TokawayError.code` when nobody is signed in."""
HELP = _("""
# Your account

Tokaway publishes to an account of yours on Bluesky, or on any other AT Protocol server.

- **Handle**: the account's name, such as `you.bsky.social` or `you.example.com`.
- **App password**: a spare key for programs. It can post, but it cannot take over your account,
  and you can take it back at any time in the account's settings. It is kept in this computer's
  keyring, or in a file that only you can read.
- **Sign in in the browser**: needs no password here, and lasts two weeks.
- If your account asks for a **code by e-mail**, a place for it appears.

Nothing is published in this step. Signing in tells Tokaway what your servers accept.
""")


def accepted_words(told: Accepted) -> Text:
    """What the servers take, what of it is used, and what is to be known of the account."""
    return Text("\n").join([*_takes(told), Text(), *_used(told), *_notices(told)])


def _takes(told: Accepted) -> Iterator[Text]:
    limits = told.limits
    yield Text(_("What your servers accept"), style="bold")
    yield Text(
        _("  Videos of up to {size} and {length}; photos of up to {photo}.").format(
            size=size(limits.bytes),
            length=span(timedelta(seconds=limits.video_seconds)),
            photo=size(limits.photo_bytes),
        )
    )
    yield Text(_("  What is larger or longer is made to fit; you see how in the next step."))
    if told.service is None:
        yield Text(_("  Videos go straight to your server."))
        return
    left = told.quota.videos if told.quota else None
    if left is None:
        yield Text(_("  Videos go by the video service {host}.").format(host=told.service))
        return
    yield Text(
        ngettext(
            "  Videos go by the video service {host}, which takes {number} more today.",
            "  Videos go by the video service {host}, which takes {number} more today.",
            left,
        ).format(host=told.service, number=left)
    )


def _used(told: Accepted) -> Iterator[Text]:
    windows = [window for window in told.windows if window.kind in _counted()]
    if not windows:
        return
    yield Text(_("What is used of it"), style="bold")
    for window in windows:
        yield Text(f"  {_counted()[window.kind]}: {_share(window)}")
    yield Text(_("  A part of each is left for your own posting."), style="dim")
    yield Text()


def _counted() -> dict[Kind, str]:
    return {
        Kind.POSTS: _("Posts, at a gentle pace"),
        Kind.POINTS: _("Changes to your account, in points"),
        Kind.UPLOADS: _("Uploaded files"),
        Kind.VIDEOS: _("Videos by the video service"),
        Kind.BYTES: _("MB of videos by the video service"),
    }


def _share(window: Window) -> str:
    if window.seconds >= DAY:
        words = _("{used} of {most} today")
    else:
        words = _("{used} of {most} this hour")
    return words.format(
        used=in_numbers(window.kind, window.used), most=in_numbers(window.kind, window.allowed)
    )


def _notices(told: Accepted) -> Iterator[Text]:
    warnings = list(_warnings(told))
    if not warnings:
        return
    yield Text(_("What you should know"), style="bold")
    for text, hint in warnings:
        yield Text(f"! {visible(text)}")
        if hint:
            yield Text(f"  → {hint}", style="dim")


def _warnings(told: Accepted) -> Iterator[tuple[str, str]]:
    if told.email_confirmed is False:
        yield (
            _("The e-mail address of this account is not confirmed: its videos are never shown."),
            _("Confirm it in the account's settings, then press Check again."),
        )
    if told.trouble:
        yield _("The video service: {trouble}").format(trouble=told.trouble), ""
    for notice in told.notices:
        yield notice.text, advice(notice.code, notice.hint)
    if told.ends:
        yield (
            _("This sign-in lasts until {time}, two weeks at most.").format(time=local(told.ends)),
            _("For a longer import, sign in again then; or use an app password, which lasts."),
        )


def signed_in_words(signed_in: SignedIn | None) -> list[Text]:
    """How long a session that was opened just now lasts, and where it is kept."""
    if signed_in is None or signed_in.ends:
        return []
    where = signed_in.kept_in
    place = (
        _("in {file}, which only you can read").format(file=one_line(str(where)))
        if where
        else _("in the keyring of this computer")
    )
    if signed_in.keeps_password:
        words = _("Session and app password are kept {place}: a long import goes on by itself.")
    else:
        words = _(
            "The session is kept {place}; your password is not. In 90 days or so you sign in again."
        )
    return [Text(words.format(place=place))]


def who(told: Accepted) -> str:
    """The account, and where it is."""
    return _("Signed in as @{handle} on {host}.").format(
        handle=one_line(told.account.handle), host=urlsplit(told.account.pds).netloc
    )


def lacking(words: str) -> Trouble:
    """Something must be typed first."""
    return Trouble(UserError(words))


def refusal(trouble: Trouble) -> Trouble:
    """Why a sign-in did not work, with what to do next on the screen rather than by a command."""
    error = trouble.error
    hints = {
        "sign_in": _(
            "Check the handle and the app password, then try again. An app password looks like "
            "xxxx-xxxx-xxxx-xxxx."
        ),
        "sign_in_rate_limited": _("Nothing is lost. Wait until then, and sign in again."),
        "session_ended": _("Sign in again. The import goes on where it was."),
        "unreachable": _("Nothing is lost. Check the network, then try again."),
        "no_account": _(
            "A handle looks like name.bsky.social. If your server is not found by it, give its "
            "address under Advanced."
        ),
        "not_allowed": _(
            "Try again. If your browser runs on another machine, paste the address at which it "
            "ended."
        ),
        "foreign_account": _("If you know that it is right, give its address under Advanced."),
        "no_oauth": _("Sign in with an app password instead."),
        "sign_in_refused": _("Try again; or sign in with an app password."),
        "not_permitted": _("Sign in again and allow all that is asked; or use an app password."),
        CODE_NEEDED: _("Type the code from the e-mail here, and press Enter."),
    }
    text = error.text
    if error.code == CODE_NEEDED:
        text = _("Your account asks for a code that was just sent to you by e-mail.")
    hint = hints.get(error.code) or advice(error.code, error.hint)
    told = TokawayError(visible(text), hint=hint, code=error.code)
    return Trouble(told, trouble.details)

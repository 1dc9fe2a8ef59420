"""Says in our words what went wrong when yt-dlp asked a TikTok page for something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from importer.errors import Refused, StepError, TryLater

if TYPE_CHECKING:
    from yt_dlp.networking.exceptions import HTTPError

# Parts of yt-dlp's own messages (extractor/tiktok.py, October 2026), in lower case.
_BLOCKED = ("ip address is blocked",)
_PRIVATE = ("permission", "log in", "login", "private", "cookies")
_GONE = ("video not available", "has been removed", "does not exist")

_NO_BROWSER = (
    "This yt-dlp cannot pass for a browser, which TikTok often asks for: "
    'pip install --upgrade "yt-dlp[curl-cffi]". '
)
_NEWER = "A newer yt-dlp often helps: pip install --upgrade yt-dlp. "


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a page, in the words of the messages.

    Attributes:
        subject: what the page shows: "the post at https://…".
        loss: what the trouble means: "its video cannot be fetched from the page".
        again: when it is tried again, a sentence.
        other_ways: how to get the same without the page, a sentence.
        private_ways: the same for what only signed-in viewers see; `other_ways` if empty.
    """

    subject: str
    loss: str
    again: str
    other_ways: str
    private_ways: str = ""


class Listener:
    """Swallows what yt-dlp would print: all that matters comes as an exception.

    `no_browser` is set when yt-dlp said that it cannot impersonate a browser.
    """

    def __init__(self) -> None:
        self.no_browser = False

    def debug(self, text: str) -> None:
        """Hear what is of no use."""

    def info(self, text: str) -> None:
        """Hear what is of no use."""

    def warning(self, text: str) -> None:
        """Hear a warning; that a browser cannot be impersonated comes as one."""
        self.no_browser = self.no_browser or "attempting impersonation" in text

    def error(self, text: str) -> None:
        """Hear what comes as an exception too."""


def translate(
    error: BaseException,
    wish: Wish,
    *,
    earlier: Iterable[BaseException] = (),
    no_browser: bool = False,
) -> StepError:
    """What an exception of yt-dlp means; the connections of refused requests are closed.

    `earlier` are failures of requests that yt-dlp passed over on its way, in order: they explain
    an error that does not explain itself.

    Returns:
        `Refused` with the code `private` or `gone`, or `TryLater` with `blocked`, `rate_limited`,
        `unreachable` or `page_unreadable`.
    """
    return (
        _by_network(causes(error), wish, no_browser=no_browser)
        or _by_words(words(error), wish, no_browser=no_browser)
        or _by_network(earlier, wish, no_browser=no_browser)
        or TryLater(
            f"TikTok's answer about {wish.subject} could not be read: it may want a check in a "
            "browser, or its form may have changed.",
            hint=(_NO_BROWSER if no_browser else _NEWER) + wish.other_ways,
            code="page_unreadable",
        )
    )


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and everything that led to it: yt-dlp hides the first cause in several places."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        exc_info = getattr(current, "exc_info", None) or (None, None, None)
        inner = getattr(current, "cause", None)
        waiting += [exc_info[1], current.__cause__, current.__context__]
        waiting += [inner] if isinstance(inner, BaseException) else []


def words(error: BaseException) -> str:
    """What yt-dlp said, in lower case, without the names of posts and accounts it puts before."""
    said = (getattr(cause, "orig_msg", None) for cause in causes(error))
    return next((text for text in said if isinstance(text, str)), str(error)).casefold()


def _by_network(
    failures: Iterable[BaseException], wish: Wish, *, no_browser: bool
) -> StepError | None:
    from yt_dlp.networking.exceptions import HTTPError, TransportError

    failed = list(failures)
    answers = [failure for failure in failed if isinstance(failure, HTTPError)]
    for answer in answers:
        # yt-dlp leaves the connection of a refused request open.
        answer.response.close()
    if answers:
        return _by_status(answers[0], wish, no_browser=no_browser)
    if any(isinstance(failure, TransportError) for failure in failed):
        return TryLater(
            f"TikTok does not answer about {wish.subject}, so {wish.loss}.",
            hint=f"Check the connection to the internet. {wish.again}",
            code="unreachable",
            whole_stage=True,
            unreachable=True,
        )
    return None


def _by_status(answer: HTTPError, wish: Wish, *, no_browser: bool) -> StepError:
    status = answer.status
    if status in (404, 410):
        return _gone(wish)
    if status == 429:
        return TryLater(
            f"TikTok asks for a pause before it shows {wish.subject}. Nothing is lost.",
            hint=wish.again,
            code="rate_limited",
            at=_pause_end(answer.response.headers.get("Retry-After") or ""),
            whole_stage=True,
        )
    if status in (401, 403):
        return _blocked(wish, no_browser=no_browser)
    return TryLater(
        f"TikTok has trouble of its own (status {status}) with {wish.subject}, so {wish.loss}.",
        hint=wish.again,
        code="unreachable",
    )


def _by_words(text: str, wish: Wish, *, no_browser: bool) -> StepError | None:
    if any(part in text for part in _BLOCKED):
        return _blocked(wish, no_browser=no_browser)
    if any(part in text for part in _PRIVATE):
        return Refused(
            f"TikTok shows {wish.subject} to signed-in viewers only, so {wish.loss}.",
            hint=wish.private_ways or wish.other_ways,
            code="private",
        )
    return _gone(wish) if any(part in text for part in _GONE) else None


def _pause_end(text: str) -> datetime | None:
    """When the pause ends that a `Retry-After` header names: in seconds, or as a date."""
    with suppress(ValueError, OverflowError):
        if text.strip().isdecimal():
            return datetime.now(UTC) + timedelta(seconds=int(text))
        moment = parsedate_to_datetime(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _gone(wish: Wish) -> Refused:
    return Refused(
        f"TikTok no longer shows {wish.subject}, so {wish.loss}.",
        hint=wish.other_ways,
        code="gone",
    )


def _blocked(wish: Wish, *, no_browser: bool) -> TryLater:
    return TryLater(
        f"TikTok does not show {wish.subject} to this network, so {wish.loss}.",
        hint="Try another network or wait some hours. "
        + (_NO_BROWSER if no_browser else "")
        + wish.other_ways,
        code="blocked",
    )

"""Reads captions off TikTok's public pages with yt-dlp: of a whole profile, or of single posts.

A profile's listing carries 15 posts a request, with their whole captions and exact dates; only
where it leaves one out is the post's own page asked (`extractor/tiktok.py` of yt-dlp 2026.10.26).
No media is asked for. TikTok's pages change and defend themselves, so this way is allowed to
fail: what was read before is with the caller already.
"""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from importer.captions.finding import Finding, Source
from importer.errors import Refused, StepError, Stopped, TryLater, UserError
from importer.export.links import classify
from importer.media.page_trouble import Listener, Wish, translate, words
from importer.model import Kind

PACE_SECONDS = 2.0
"""The pause between two requests."""

# What is added to the pause before each try of one request: blips pass in seconds.
_PAUSES = (0.0, 2.0, 8.0)
_PATIENCE = 3  # Trouble that meets so many posts in a row is not theirs.
_EMPTY = "does not have any videos"

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,70}")
_ID = re.compile(r"[0-9]{15,20}")
_AUTHOR = re.compile(r"/@([A-Za-z0-9_.-]+)/")
_FIRST_DATE, _LAST_DATE = 1_400_000_000, 4_100_000_000
_COOKIE_HOSTS = ("tiktok.com", "tiktokv.com")
# What a page of an unforeseen form makes an extractor raise.
_BROKEN = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)

_OTHER_WAYS = (
    "Captions can also come from files that yt-dlp, gallery-dl, myfaveTT or 4K Tokkit saved "
    "(--from FOLDER), or be typed into a table (--export FILE.csv)."
)
_WISH = Wish(
    subject="the post",
    loss="its caption cannot be read",
    again="Give the same command again later: what was read is kept.",
    other_ways=_OTHER_WAYS,
    private_ways="If the account is yours, export the cookies of a browser in which you are "
    "signed in to a file and name it with --cookies FILE; cookies that do not help have expired. "
    + _OTHER_WAYS,
)


def profile(
    user_name: str,
    *,
    stop: threading.Event,
    pace_seconds: float = PACE_SECONDS,
    cookies: Path | None = None,
    known: Collection[str] = (),
    on_progress: Callable[[int], None] = lambda read: None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Finding]:
    """What TikTok shows of each post of an account, newest first, while it is being read.

    One request at a time, `pace_seconds` apart. Posts whose ID is in `known` are left out, and
    their own pages not asked; the listing's pages are, since only they tell what is unknown.
    `on_progress` hears how many posts were read. When `stop` is set the iterator ends early.

    Args:
        user_name: with or without the @.
        cookies: a Netscape cookies file of the creator's own account. Only TikTok's cookies are
            read from it, and nothing is written to it.
        clock: seconds that never go back; for the pauses.

    Raises:
        UserError: `user_name`, `cookies`: at once, before any request.
        Refused: `private`, `gone` or `empty`.
        TryLater: `blocked`, `rate_limited`, `unreachable` or `page_unreadable`.
    """
    name = user_name.strip().removeprefix("@")
    if not _NAME.fullmatch(name):
        raise UserError(
            f"'{user_name}' is not the name of a TikTok account, so no captions were read.",
            hint="Give the name as TikTok shows it after the @, without spaces.",
            code="user_name",
        )
    visit = _Visit(stop, pace_seconds, _own_cookies(cookies), clock)
    return _read_profile(visit, name, frozenset(known), on_progress)


def posts(
    urls: Sequence[str],
    *,
    stop: threading.Event,
    pace_seconds: float = PACE_SECONDS,
    cookies: Path | None = None,
    known: Collection[str] = (),
    on_progress: Callable[[int], None] = lambda read: None,
    on_trouble: Callable[[str, StepError], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Finding]:
    """What TikTok shows of the posts behind some page links, in their order; see `profile`.

    Links to photo posts (`/photo/`) are good too. A post that stands twice is asked once.

    Args:
        on_trouble: hears of a post that cannot be read, by its link as given, and the next one is
            asked. Trouble that is not the post's own, or that three posts in a row have, is raised
            all the same. Without it the first trouble is raised.

    Raises:
        UserError, Refused, TryLater: as `profile`; also `UserError` with `page_link`, at once.
    """
    done = set(known)
    pages = {page[0]: page for page in map(_page, urls) if page[0] not in done}
    visit = _Visit(stop, pace_seconds, _own_cookies(cookies), clock)
    return _read_posts(visit, pages.values(), on_progress, on_trouble)


def _read_profile(
    visit: _Visit, name: str, known: Collection[str], on_progress: Callable[[int], None]
) -> Iterator[Finding]:
    wish = replace(_WISH, subject=f"the profile @{name}", loss="its captions cannot be read")
    wish = replace(wish, other_ways=f"Check the name of the account. {_OTHER_WAYS}")
    listed = read = in_a_row = 0
    try:
        with closing(visit):
            for info in visit.listing(f"https://www.tiktok.com/@{name}", wish):
                listed += 1
                video_id = _video_id(info)
                if video_id is None or video_id in known:
                    continue
                finding = _finding(info, video_id, owner=name.lower())
                if finding.caption is None or finding.posted_at is None:
                    try:
                        finding = _read_post(visit, video_id, _address(video_id, name))
                        in_a_row = 0
                    except StepError as trouble:
                        in_a_row = _bear(trouble, in_a_row)
                read += 1
                on_progress(read)
                yield finding
    except Stopped:
        return
    if not listed:
        raise _empty(wish)


def _read_posts(
    visit: _Visit,
    pages: Iterable[tuple[str, str, str]],
    on_progress: Callable[[int], None],
    on_trouble: Callable[[str, StepError], None] | None,
) -> Iterator[Finding]:
    read = in_a_row = 0
    try:
        with closing(visit):
            for video_id, url, address in pages:
                try:
                    finding = _read_post(visit, video_id, address)
                except StepError as trouble:
                    if on_trouble is None:
                        raise
                    in_a_row = _bear(trouble, in_a_row)
                    on_trouble(url, trouble)
                    continue
                in_a_row = 0
                read += 1
                on_progress(read)
                yield finding
    except Stopped:
        return


def _read_post(visit: _Visit, video_id: str, address: str) -> Finding:
    wish = replace(_WISH, subject=f"the post at {address}")
    return _finding(visit.info(address, wish), video_id)


def _bear(trouble: StepError, in_a_row: int) -> int:
    """Count posts with trouble that may pass; raise the trouble if it is not one post's own."""
    if not isinstance(trouble, TryLater):
        return 0
    if trouble.whole_stage or in_a_row + 1 == _PATIENCE:
        raise trouble
    return in_a_row + 1


class _GivenUp(Exception):
    """Ends whatever an extractor would still do without an answer it cannot get."""


class _Visit:
    """A yt-dlp that asks TikTok one thing at a time, with pauses, and can be stopped in them."""

    def __init__(
        self, stop: threading.Event, pace: float, cookies: str | None, clock: Callable[[], float]
    ) -> None:
        from yt_dlp import YoutubeDL

        self._stop, self._pace, self._clock = stop, pace, clock
        self._answered_at: float | None = None
        self._listener = Listener()
        self._failures: list[Exception] = []
        self._youtube = YoutubeDL(
            {
                "quiet": True,
                "noprogress": True,
                "logger": self._listener,
                "color": "no_color",
                "cachedir": False,
                "allowed_extractors": ["TikTok", "tiktok:user"],
                "socket_timeout": 20,
                "extractor_retries": 2,
                # yt-dlp writes its cookies back when it closes: into this text, not into a file.
                "cookiefile": None if cookies is None else io.StringIO(cookies),
            }
        )
        # Every request of an extractor passes here, also those it makes of its own accord.
        self._open = self._youtube.urlopen
        self._youtube.urlopen = self._ask
        self.close = self._youtube.close

    def info(self, address: str, wish: Wish) -> dict[str, Any]:
        """What yt-dlp says of a page. Nothing is processed, so that no media is looked at."""
        with self._translated(wish):
            info = self._youtube.extract_info(address, download=False, process=False)
        return info or {}

    def listing(self, address: str, wish: Wish) -> Iterator[dict[str, Any]]:
        """yt-dlp's flat infos of a profile's posts; a page of the listing is asked when needed."""
        entries = iter(self.info(address, wish).get("entries") or ())
        while True:
            with self._translated(wish):
                self._rest()
                entry = next(entries, None)
            if entry is None:
                return
            wish = replace(wish, loss="no more of its captions can be read")
            yield entry

    def _ask(self, request: Any) -> Any:
        from yt_dlp.networking.exceptions import HTTPError, TransportError

        before = len(self._failures)
        for pause in _PAUSES:
            self._rest(self._pace + pause)
            try:
                answer = self._open(request)
            except HTTPError as error:
                error.response.close()
                self._failures.append(error)
                if error.status == 429:
                    raise _GivenUp from error
                if error.status < 500:
                    raise
            except TransportError as error:
                self._failures.append(error)
            else:
                del self._failures[before:]
                return answer
            finally:
                self._answered_at = self._clock()
        raise _GivenUp

    def _rest(self, seconds: float = 0) -> None:
        if self._answered_at is not None:
            left = self._answered_at + seconds - self._clock()
            if left > 0:
                self._stop.wait(left)
        if self._stop.is_set():
            raise Stopped

    @contextmanager
    def _translated(self, wish: Wish) -> Iterator[None]:
        from yt_dlp.utils import YoutubeDLError

        self._failures.clear()
        try:
            yield
        except (YoutubeDLError, _GivenUp, *_BROKEN) as error:
            if _EMPTY in words(error):
                raise _empty(wish) from error
            raise translate(
                error, wish, earlier=self._failures, no_browser=self._listener.no_browser
            ) from error


def _finding(info: dict[str, Any], video_id: str, owner: str | None = None) -> Finding:
    """What yt-dlp's info says; the listing says nothing of size and kind.

    A photo post has sound only, and its duration is the sound's.
    """
    uploader = str(info.get("uploader"))
    author = uploader.lower() if info.get("uploader") and _NAME.fullmatch(uploader) else owner
    formats = info.get("formats") or []
    pictures = [known for known in formats if known.get("vcodec") != "none"]
    kind = None if not formats else Kind.VIDEO if pictures else Kind.PHOTO
    sizes = [(known.get("width") or 0, known.get("height") or 0) for known in pictures]
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    caption, seconds = info.get("description"), info.get("duration")
    return Finding(
        source=Source.TIKTOK_PAGE,
        path=Path(_address(video_id, author).partition("://")[2]),
        video_id=video_id,
        posted_at=_date(info.get("timestamp")),
        author=author,
        kind=kind,
        caption=_whole(caption) if isinstance(caption, str) else None,
        seconds=float(seconds) if seconds and kind != Kind.PHOTO else None,
        width=width or None,
        height=height or None,
    )


def _video_id(info: dict[str, Any]) -> str | None:
    video_id = info.get("id")
    return video_id if isinstance(video_id, str) and _ID.fullmatch(video_id) else None


def _date(timestamp: object) -> datetime | None:
    if not isinstance(timestamp, int) or not _FIRST_DATE < timestamp < _LAST_DATE:
        return None
    return datetime.fromtimestamp(timestamp, UTC)


def _whole(text: str) -> str:
    """A text without halves of characters, which JSON can carry and a database cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _address(video_id: str, author: str | None) -> str:
    return f"https://www.tiktok.com/@{author or '_'}/video/{video_id}"


def _page(url: str) -> tuple[str, str, str]:
    """The ID in a page link, the link, and the form of it that yt-dlp takes."""
    link = classify(url)
    if link is None or link.video_id is None:
        raise UserError(
            f"{url} does not lead to a single TikTok post, so no captions were read.",
            hint="Give links like https://www.tiktok.com/@name/video/1234567890123456789.",
            code="page_link",
        )
    author = _AUTHOR.search(link.url)
    return link.video_id, url, _address(link.video_id, author[1] if author else None)


def _empty(wish: Wish) -> Refused:
    return Refused(
        f"TikTok lists no posts on {wish.subject}, so there are no captions to read.",
        hint=wish.other_ways,
        code="empty",
    )


def _own_cookies(file: Path | None) -> str | None:
    """TikTok's cookies of a Netscape cookies file, as the text of such a file.

    Format: seven fields between tabs (domain, subdomains too, path, HTTPS only, expiry as unix
    seconds, name, value); `#HttpOnly_` before the domain is a mark of curl's, other lines with #
    are comments. No message repeats a line, since every one is a secret.
    """
    if file is None:
        return None
    cookies, fault = [], "holds no cookies of tiktok.com in the Netscape form"
    try:
        lines = file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
        cookies = [cookie for line in lines if (cookie := _cookie(line))]
    except OSError as error:
        fault = f"cannot be read ({error.strerror})"
    if not cookies:
        raise UserError(
            f"The cookies file {file} {fault}, so no captions were read.",
            hint="Export the cookies of tiktok.com from your browser in the Netscape form "
            "(cookies.txt), or leave the cookies away: public posts need none.",
            code="cookies",
        )
    return "\n".join(["# Netscape HTTP Cookie File", *cookies, ""])


def _cookie(line: str) -> str | None:
    """One line of a cookies file in the strictest form; `None` for what is not TikTok's."""
    fields = line.removeprefix("#HttpOnly_").split("\t")
    if len(fields) != 7 or line.startswith("# ") or not (line.isascii() and fields[5]):
        return None
    domain, _, path, https_only, expiry, name, value = fields
    host = domain.lstrip(".").lower()
    if not any(host == own or host.endswith("." + own) for own in _COOKIE_HOSTS):
        return None
    subdomains = "TRUE" if domain.startswith(".") else "FALSE"
    seconds = expiry.partition(".")[0]
    until = seconds if seconds.isdecimal() else "0"
    return "\t".join((domain, subdomains, path, https_only.upper(), until, name, value))

"""Fetches one file by its link, resumably: nothing lies under its name before it is whole."""

from __future__ import annotations

import errno
import re
import shutil
from contextlib import nullcontext, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import httpx
from tenacity import (
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_attempt,
    wait_random_exponential,
)

from importer import __version__
from importer.certificates import trusted
from importer.errors import Refused, TryLater
from importer.export.links import expiry
from importer.landing import full
from importer.media.part_file import Note, PartFile
from importer.step import Step

RESERVE = 64 << 20
# An hour in the best quality that TikTok has is less.
MOST_BYTES = 10_000_000_000
_TRIES = 3
_TIMEOUT = httpx.Timeout(60, connect=10)
_HEADERS = {"User-Agent": f"tokaway/{__version__}", "Accept-Encoding": "identity"}
_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)")
_SECONDS = re.compile(r"[0-9]{1,6}")
_PAGE_STARTS = (b"<!doctype", b"<html", b"<?xml", b"{")
_PAGE_TYPES = ("text/", "application/json", "application/xml", "application/xhtml")
_HEAD = 16

_NEW_EXPORT = (
    "Request a fresh export from TikTok and run the same command with it: the links in it are "
    "new, and videos that are already fetched are safe."
)


def download(
    url: str,
    target: Path,
    step: Step,
    *,
    client: httpx.Client | None = None,
    reserve: int = RESERVE,
    most: int = MOST_BYTES,
) -> None:
    """Fetch `url` to `target`, going on where an earlier run was cut off.

    Bytes gather in `<target>.part`; a part is continued only if the server's validator shows that
    it is still the same file. `step` counts bytes. `reserve` bytes of the disk are left free, and
    no more than `most` are fetched. One process at a time may fetch to a target.

    Raises:
        Refused: `link_expired`, `link_refused`, `gone`, `not_media`, `endless` or `bad_answer`.
        TryLater: `incomplete`, `unreachable` or `rate_limited`; what arrived is kept.
        DiskFull: no room for the file.
        Stopped: the step was told to stop; what arrived is kept.
    """
    retrying = Retrying(
        stop=stop_after_attempt(_TRIES),
        wait=wait_random_exponential(multiplier=0.3, max=5),
        sleep=sleep_using_event(step.stop),
        retry=retry_if_exception(_is_blip),
        reraise=True,
    )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_client() if client is None else nullcontext(client) as http:
            retrying(_attempt, http, url, PartFile(target), step, reserve, most)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise full(target) from error
        raise


def open_client() -> httpx.Client:
    """Connections that several downloads share."""
    return httpx.Client(timeout=_TIMEOUT, headers=_HEADERS, verify=trusted())


def shown(url: str) -> str:
    """A URL as it may be shown and logged: host and file name, never the signature."""
    parts = urlsplit(url)
    return f"{parts.hostname}/…/{PurePosixPath(parts.path).name}"


def _is_blip(error: BaseException) -> bool:
    return isinstance(error, TryLater) and error.code != "rate_limited"


def _attempt(
    http: httpx.Client, url: str, part: PartFile, step: Step, reserve: int, most: int
) -> None:
    step.check()
    note, size = part.note(), part.size
    if size and (note.validator is None or (note.total is not None and size > note.total)):
        part.discard()
        size = 0
    step.done, step.total = size, note.total if size else None
    if not size or size != note.total:
        try:
            _get(http, url, part, size, step, reserve, most)
        except (httpx.UnsupportedProtocol, httpx.TooManyRedirects, httpx.InvalidURL) as error:
            raise Refused(
                f"The link {shown(url)} cannot be followed ({type(error).__name__}), so this "
                "video cannot be fetched from it.",
                hint=_NEW_EXPORT,
                code="bad_answer",
            ) from None
        except httpx.TransportError as error:
            raise _silent(url, error) from error
    part.land()


def _get(
    http: httpx.Client, url: str, part: PartFile, size: int, step: Step, reserve: int, most: int
) -> None:
    headers = dict(_HEADERS)
    if size:
        headers |= {"Range": f"bytes={size}-", "If-Range": part.note().validator or ""}
    with http.stream(
        "GET", url, headers=headers, timeout=_TIMEOUT, follow_redirects=True
    ) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and size:
            part.discard()
            raise _incomplete(url, "the server does not have the rest of it")
        _check_status(answer, url, part)
        _check_type(answer, url, part)
        total = _whole_size(answer, part, size, url)
        if total is not None and total > most:
            part.discard()
            raise _endless(url, f"is said to have {total:,} bytes")
        if answer.status_code == httpx.codes.OK:
            size = 0
            part.begin(Note(answer.headers.get("etag"), answer.headers.get("last-modified"), total))
        step.done, step.total = size, total
        room = size + shutil.disk_usage(part.target.parent).free - reserve
        if room < (total or size):
            raise full(part.target)
        try:
            # What comes without a length must not fill the disk.
            _write(answer, url, part, size, step, min(most, room) if total is None else most)
        except httpx.TransportError as error:
            raise _incomplete(url, "the connection was cut") from error
    if part.size == 0 or (total is not None and part.size != total):
        raise _incomplete(url, f"{part.size:,} of {total or 1:,} bytes arrived")


def _write(
    answer: httpx.Response, url: str, part: PartFile, size: int, step: Step, most: int
) -> None:
    head = b""
    with part.path.open("ab") as file:
        for chunk in answer.iter_raw():
            if size == 0 and len(head) < _HEAD:
                head += chunk[:_HEAD]
                if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGE_STARTS):
                    file.close()
                    part.discard()
                    raise _not_media(url)
            if step.done + len(chunk) > most:
                file.close()
                part.discard()
                raise _endless(url, f"has not ended after {step.done:,} bytes")
            file.write(chunk)
            step.done += len(chunk)
            step.check()


def _check_status(answer: httpx.Response, url: str, part: PartFile) -> None:
    status = answer.status_code
    if status in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
        return
    if status in (httpx.codes.FORBIDDEN, httpx.codes.GONE, httpx.codes.UNAUTHORIZED):
        raise _forbidden(url, status)
    if status == httpx.codes.NOT_FOUND:
        part.discard()
        raise Refused(
            f"TikTok's server no longer has {shown(url)}, so this video cannot be fetched from it.",
            hint="If the post is still on TikTok, a fresh export has a new link to it. "
            + _NEW_EXPORT,
            code="gone",
        )
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise TryLater(
            f"{urlsplit(url).hostname} asks for a pause between downloads. Nothing is lost.",
            hint="Tokaway goes on by itself after the pause.",
            code="rate_limited",
            at=_retry_after(answer),
            whole_stage=True,
        )
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.REQUEST_TIMEOUT:
        raise TryLater(
            f"{urlsplit(url).hostname} has trouble of its own (status {status}). What has arrived "
            "of this video is kept.",
            hint="Tokaway tries again later by itself.",
            code="unreachable",
            at=_retry_after(answer),
        )
    raise Refused(
        f"The server answered status {status} for {shown(url)}, so this video cannot be fetched "
        "from that link.",
        hint=_NEW_EXPORT,
        code="bad_answer",
    )


def _check_type(answer: httpx.Response, url: str, part: PartFile) -> None:
    kind = answer.headers.get("content-type", "").strip().casefold()
    packed = answer.headers.get("content-encoding", "identity").casefold() != "identity"
    if kind.startswith(_PAGE_TYPES) or packed:
        part.discard()
        raise _not_media(url)


def _whole_size(answer: httpx.Response, part: PartFile, size: int, url: str) -> int | None:
    """The size of the whole file; `None` if the server does not say."""
    if answer.status_code == httpx.codes.OK:
        length = answer.headers.get("content-length", "")
        return int(length) if length.isdecimal() else None
    known = part.note().total
    found = _RANGE.fullmatch(answer.headers.get("content-range", "").strip())
    total = int(found[2]) if found and found[2] != "*" else known
    if found is None or int(found[1]) != size or (known is not None and total != known):
        part.discard()
        raise _incomplete(url, "the server sent another part than the one asked for")
    return total


def _retry_after(answer: httpx.Response) -> datetime | None:
    text = answer.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return datetime.now(UTC) + timedelta(seconds=int(text))
    with suppress(ValueError, OverflowError):
        moment = parsedate_to_datetime(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _forbidden(url: str, status: int) -> Refused:
    until = expiry(url)
    if until is None or until <= datetime.now(UTC) or status == httpx.codes.GONE:
        when = f" on {until:%Y-%m-%d at %H:%M} UTC" if until else ""
        return Refused(
            f"The link to this video has expired{when}: links in an export live for days only.",
            hint=_NEW_EXPORT,
            code="link_expired",
        )
    return Refused(
        f"{urlsplit(url).hostname} refuses the link to this video (status {status}), although it "
        f"should work until {until:%Y-%m-%d at %H:%M} UTC.",
        hint="Check that the clock of this computer is right and that TikTok can be reached from "
        "this network. " + _NEW_EXPORT,
        code="link_refused",
    )


def _silent(url: str, error: httpx.TransportError) -> TryLater:
    # Broken HTTP came from somebody, so the network is well and other links may work.
    dead = not isinstance(error, httpx.ProtocolError)
    return TryLater(
        f"{urlsplit(url).hostname} does not answer ({type(error).__name__}). What has arrived of "
        "this video is kept.",
        hint="Check the connection to the internet; Tokaway tries again by itself.",
        code="unreachable",
        whole_stage=dead,
        unreachable=dead,
    )


def _incomplete(url: str, why: str) -> TryLater:
    return TryLater(
        f"The download from {shown(url)} is not complete: {why}.",
        hint="Tokaway tries again later and goes on where it can.",
        code="incomplete",
    )


def _endless(url: str, how_long: str) -> Refused:
    return Refused(
        f"What comes from {shown(url)} {how_long}, so it was not kept.",
        hint="If your video is really that large, put its file into a folder and name that with "
        "--source FOLDER. " + _NEW_EXPORT,
        code="endless",
    )


def _not_media(url: str) -> Refused:
    return Refused(
        f"The link {shown(url)} gave a web page, not a video.", hint=_NEW_EXPORT, code="not_media"
    )

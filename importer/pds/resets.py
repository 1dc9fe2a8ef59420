"""When a server says that one of its limits begins anew."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from importer.clock import utc_now

# Some thirty years, as seconds or as a Unix time: what is longer is no time.
_SECONDS = re.compile(r"\d{1,10}", re.ASCII)


def resets_in(headers: Mapping[str, str]) -> timedelta | None:
    """How long until `RateLimit-Reset`, a Unix time, by the server's own clock; a second at least.

    `None` if the headers do not say.
    """
    if not _SECONDS.fullmatch(headers.get("ratelimit-reset", "")):
        return None
    said = utc_now()
    with suppress(ValueError):
        said = parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    left = datetime.fromtimestamp(int(headers["ratelimit-reset"]), UTC) - said
    return max(timedelta(seconds=1), left + timedelta(seconds=1))


def retry_in(headers: Mapping[str, str]) -> timedelta | None:
    """How long a rate limit lasts: by `Retry-After`, in seconds, or until it is reset."""
    told = headers.get("retry-after", "")
    return timedelta(seconds=int(told)) if _SECONDS.fullmatch(told) else resets_in(headers)

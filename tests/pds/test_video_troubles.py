"""Each thing a video service says, as the sentence that the user will read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from importer.budgets import next_day
from importer.errors import TryLater
from importer.pds.video_troubles import trouble_of

NOW = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
GOLDEN = Path(__file__).with_name("golden") / "video_troubles.txt"
SAID = [
    *((code, "") for code in (
        "UnsupportedContentType", "VideoTooLarge", "VideoTooLong", "BadAspectRatio",
        "DailyLimitExceeded", "TooManyOpenUploads", "UploadForbidden", "ServiceOverloaded",
        "UploadNotFound", "UploadExpired", "InvalidPartNumber", "PartSizeMismatch",
        "UploadNotReady", "UploadFailed", "UploadAborted", "UploadAlreadyCompleted",
        "validation_failure", "encoding_failure", "pds_upload_failure",
        "pds_upload_unsupported_blob_size", "generic_failure", "unconfirmed_email",
    )),
    *(("Error", message) for message in (
        "User is not allowed to upload videos", "Uploading is disabled at the moment",
        "Failed to get user's upload stats", "User has exceeded daily upload bytes limit",
        "User has exceeded daily upload videos limit", "Account is not old enough to upload videos",
        "Confirm your email address to upload videos",
        "file size (300000001 bytes) is larger than the maximum allowed size (300000000 bytes)",
        "Something nobody has heard of",
    )),
]  # fmt: skip


def test_each_is_told_as_promised() -> None:
    lines = []
    for code, message in SAID:
        trouble = trouble_of(code, message, "video.bsky.app", NOW)
        at = getattr(trouble, "at", None)
        when = f" [{type(trouble).__name__}{f', {at:%d %H:%M}' if at else ''}, {trouble.code}]"
        lines.append(f"{code}{f': {message}' if message else ''}{when}")
        lines.append(f"    {trouble.text}")
        lines.append(f"    → {trouble.hint}")
    assert "\n".join(lines) + "\n" == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("now", "then"),
    [("2026-11-23T17:30", "2026-11-24T00:01"), ("2026-12-31T23:59", "2027-01-01T00:01")],
)
def test_the_next_day_begins_after_midnight_utc(now: str, then: str) -> None:
    assert next_day(datetime.fromisoformat(f"{now}Z")) == datetime.fromisoformat(f"{then}Z")


def test_the_daily_limit_rests_all_videos() -> None:
    trouble = trouble_of("DailyLimitExceeded", "", "video.bsky.app", NOW)
    assert isinstance(trouble, TryLater) and trouble.whole_stage

"""How an account and its server stand before anything is uploaded, and what is worth knowing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from importer.model import Limits, Notice

NEW = timedelta(days=30)
"""Accounts younger than this begin gently."""
# Bluesky's video service refuses some accounts ("Account is not old enough") without saying when
# they are; its spam filters look hardest at the first days.
TOO_NEW = timedelta(days=3)
FIRST_DAY, A_DAY = 100, 600
"""Posts of a gentle start: on its first day, and on each day after."""
# What a phone films in a minute.
SMALL_BYTES = 52_428_800


@dataclass(frozen=True, slots=True)
class Standing:
    """What an app view tells of an account: since when it is there, and who would see its posts.

    `None` is what nobody told.
    """

    created_at: datetime | None = None
    followers: int | None = None

    def is_delicate(self, now: datetime) -> bool:
        """Whether many posts at once would harm: the account is new, or people follow it."""
        return bool(self.followers) or bool(self.created_at and now - self.created_at < NEW)


def notices(
    standing: Standing, limits: Limits, newest: Limits, now: datetime, *, gently: bool
) -> tuple[Notice, ...]:
    """What a user should know about an account and its server before the first upload.

    `newest` is what the newest servers accept.
    """
    made: list[Notice] = []
    if standing.created_at and now - standing.created_at < TOO_NEW:
        made.append(
            Notice(
                "account_new",
                f"The account was made on {standing.created_at:%Y-%m-%d}, and Bluesky does not "
                "show videos of some very new accounts.",
                "If videos do not play, wait a few days before you go on.",
            )
        )
    if standing.followers:
        made.append(
            Notice(
                "followed",
                f"Followers of this account: {standing.followers:,}. Imported posts have their old "
                "dates and stand far down in their feeds; but some feeds and apps show them as "
                "new, and those who asked to be told of each post may be.",
                "A second account is the quietest place for an archive.",
            )
        )
    if gently:
        made.append(
            Notice(
                "gentle_start",
                "The import begins gently, because the account is new or has followers: "
                f"{FIRST_DAY} posts on the first day, then up to {A_DAY} a day.",
                "To set the pace yourself: --pace N (an hour).",
            )
        )
    if limits.bytes < SMALL_BYTES:
        made.append(
            Notice(
                "server_small",
                f"The server takes files of up to {limits.bytes / 1e6:.0f} MB: longer videos are "
                "made to fit, with less detail.",
                "The operator of the server can raise PDS_BLOB_UPLOAD_LIMIT.",
            )
        )
    elif limits.video_bytes < newest.video_bytes:
        made.append(
            Notice(
                "server_old",
                f"The server is an older version: it takes videos of up to "
                f"{limits.video_bytes / 1e6:.0f} MB, where newer ones take "
                f"{newest.video_bytes / 1e6:.0f} MB. Larger ones are made to fit.",
            )
        )
    return tuple(made)

"""What a video service says when it does not take a video, as what to do about it.

Codes and messages: the lexicons `app.bsky.video.*` of 2026 and the messages that Bluesky's own app
knows (social-app). Whatever else a service says is shown as it is.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from importer.budgets import next_day
from importer.errors import Refused, SignInNeeded, TokawayError, TryLater
from importer.pds.xrpc import XrpcError

NOT_KNOWN = "video_service"
"""The code of what neither the lexicons nor the app have a word for."""
_OVERLOADED = timedelta(minutes=5)
_OPEN_UPLOADS = timedelta(minutes=10)
_TOO_LARGE = re.compile(r"file size \((\d+) bytes\) is larger than .* \((\d+) bytes\)")
_LIMIT_MESSAGES = {
    "User has exceeded daily upload bytes limit": "bytes",
    "User has exceeded daily upload videos limit": "videos",
}
_DOWN_MESSAGES = ("Uploading is disabled at the moment", "Failed to get user's upload stats")
_UNKNOWN_METHOD = frozenset({"MethodNotImplemented", "XRPCNotSupported", "InvalidMethod"})
# The legacy endpoint's names for what others say in sentences.
_NAMES = {
    "unconfirmed_email": "Confirm your email address to upload videos",
    "already_exists": "",
}


def trouble_of(code: str, message: str, service: str, now: datetime) -> TokawayError:
    """The error to raise for an error name or failure code of a service, and its message."""
    said = _NAMES.get(code, message)
    # Some answers have a sentence where others have a name.
    return (
        _by_message(said, service, now)
        or _by_message(code, service, now)
        or _by_code(code, said, service, now)
    )


def is_unknown(refusal: XrpcError) -> bool:
    """Whether a service says that it knows no such method."""
    return refusal.error in _UNKNOWN_METHOD or refusal.status in (404, 501)


def _by_message(message: str, service: str, now: datetime) -> TokawayError | None:
    if message in _LIMIT_MESSAGES:
        return quota_used(service, now, what=_LIMIT_MESSAGES[message])
    if message in _DOWN_MESSAGES:
        return _down(service, message, now)
    if message == "Account is not old enough to upload videos":
        return TryLater(
            f"{service} takes no videos from this account yet: it is too new.",
            hint="Tokaway asks again tomorrow; nothing has to be done.",
            code="account_new",
            at=next_day(now),
            whole_stage=True,
        )
    if message == "Confirm your email address to upload videos":
        return SignInNeeded(
            f"{service} takes no videos from this account: its e-mail address is not confirmed.",
            hint="Confirm it in the account's settings, then give the same command again.",
            code="email_unconfirmed",
        )
    if message == "User is not allowed to upload videos":
        return SignInNeeded(
            f"{service} says that this account may not upload videos.",
            hint="Ask the service's support why. To send videos straight to the account's own "
            "server: --upload direct.",
            code="upload_forbidden",
        )
    if match := _TOO_LARGE.search(message):
        sent, most = (int(number) for number in match.groups())
        return Refused(
            f"{service} takes videos of up to {most:,} bytes, and this one has {sent:,}.",
            hint="Encode it smaller: tokaway posts ARCHIVE POST --encode; then tokaway retry.",
            code="too_large",
        )
    return None


def _by_code(code: str, message: str, service: str, now: datetime) -> TokawayError:
    told = f" ({message})" if message else ""
    match code:
        case "DailyLimitExceeded":
            return quota_used(service, now, what="videos")
        case "TooManyOpenUploads":
            return TryLater(
                f"{service} has uploads of this account that were not finished.",
                hint="They end by themselves within the hour; Tokaway goes on then.",
                code="open_uploads",
                at=now + _OPEN_UPLOADS,
                whole_stage=True,
            )
        case "ServiceOverloaded":
            return _down(service, message or code, now)
        case "UploadForbidden":
            return SignInNeeded(
                f"{service} takes no videos from this account{told}.",
                hint="Look into the account's settings. To send videos straight to the account's "
                "own server: --upload direct.",
                code="upload_forbidden",
            )
        case "UnsupportedContentType" | "validation_failure":
            return _refused(
                f"{service} does not take this kind of video{told}.", "not_accepted", encode=True
            )
        case "VideoTooLarge":
            return _refused(
                f"{service} finds this video too large{told}.", "too_large", encode=True
            )
        case "VideoTooLong":
            return Refused(
                f"{service} finds this video too long{told}.",
                hint="Cut it: tokaway posts ARCHIVE POST --long trim; then tokaway retry.",
                code="too_long",
            )
        case "BadAspectRatio":
            return _refused(
                f"{service} does not take the shape of this picture{told}.", "not_accepted"
            )
        case "encoding_failure":
            return TryLater(
                f"{service} could not encode this video{told}.",
                hint="That often passes: Tokaway sends it again. If it does not: "
                "tokaway posts ARCHIVE POST --encode",
                code="encoding_failure",
            )
        case "pds_upload_failure":
            return TryLater(
                f"{service} could not bring the video to the account's server{told}.",
                hint="Tokaway sends it again.",
                code="pds_upload_failure",
            )
        case "pds_upload_unsupported_blob_size":
            return Refused(
                f"The account's server does not take files as large as what {service} made of "
                "this video.",
                hint="The server's owner can raise PDS_BLOB_UPLOAD_LIMIT; or encode it smaller: "
                "tokaway posts ARCHIVE POST --encode",
                code="too_large",
            )
        case _:
            return TryLater(
                f"{service} did not take the video: {code}{told}.",
                hint="Tokaway sends it again.",
                code=NOT_KNOWN,
            )


def quota_used(service: str, now: datetime, *, what: str) -> TryLater:
    """The day's share of videos, or of bytes, is used up."""
    return TryLater(
        f"{service} takes no more {what} of this account today.",
        hint="Tokaway goes on tomorrow by itself.",
        code="video_quota",
        at=next_day(now),
        whole_stage=True,
    )


def senseless(service: str, what: str) -> TryLater:
    """It answered with what cannot be."""
    return TryLater(
        f"{service} answered with {what}.",
        hint="Tokaway tries again by itself.",
        code=NOT_KNOWN,
    )


def _down(service: str, said: str, now: datetime) -> TryLater:
    return TryLater(
        f"{service} takes no videos now ({said}).",
        hint="Tokaway tries again by itself; the service has been away for days before.",
        code="video_service_down",
        at=now + _OVERLOADED,
        whole_stage=True,
        unreachable=True,
    )


def _refused(text: str, code: str, *, encode: bool = False) -> Refused:
    hint = (
        "Encode it anew: tokaway posts ARCHIVE POST --encode; then tokaway retry ARCHIVE"
        if encode
        else "Leave it out: tokaway posts ARCHIVE POST --skip"
    )
    return Refused(text, hint=hint, code=code)

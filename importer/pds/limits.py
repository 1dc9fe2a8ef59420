"""What an account's server accepts, as it says itself."""

from __future__ import annotations

import re

from importer.errors import TryLater, Unreachable
from importer.model import Limits
from importer.pds.xrpc import Server, XrpcError
from importer.records.bluesky import IMAGE_BYTES, VIDEO_BYTES, VIDEO_SECONDS

# describeServer tells the limit since 0.5.22; installers before that set 50 MiB or more.
UNTOLD_BLOB_BYTES = 52_428_800
# The lexicons of images said 1,000,000 until April 2026.
OLD_IMAGE_BYTES = 1_000_000
# Servers check records with the lexicon they came with: 0.5.29 is the first with 300 MB.
OLD_VIDEO_BYTES = 100_000_000
FIRST_WITH_300_MB = (0, 5, 29)


def read_limits(server: Server) -> Limits:
    """Ask a server for its limits.

    Raises:
        Unreachable: it does not answer, or is no AT Protocol server.
    """
    try:
        described = server.query("com.atproto.server.describeServer", {}).body
        version = _version(server)
    except TryLater as trouble:
        raise Unreachable(
            f"{trouble.text} Nothing was sent.",
            hint="Check the network and the server's address (--pds), then try again.",
        ) from trouble
    except XrpcError as refusal:
        raise Unreachable(
            f"{server.url} does not describe itself as an AT Protocol server ({refusal}).",
            hint="Check the address given with --pds.",
        ) from refusal
    told = described.get("blobUploadLimit")
    is_old = version is not None and version < FIRST_WITH_300_MB
    return Limits(
        blob_bytes=told if isinstance(told, int) else UNTOLD_BLOB_BYTES,
        video_bytes=OLD_VIDEO_BYTES if is_old else VIDEO_BYTES,
        video_seconds=VIDEO_SECONDS,
        image_bytes=OLD_IMAGE_BYTES if is_old else IMAGE_BYTES,
        source=f"{server.host} says"
        if isinstance(told, int)
        else f"assumed: {server.host} does not say",
    )


def _version(server: Server) -> tuple[int, ...] | None:
    try:
        told = server.query("_health", {}).body.get("version")
    except (XrpcError, TryLater):
        # Not every server answers this in JSON, and no run should fail for it.
        return None
    numbers = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", str(told))
    return tuple(map(int, numbers.groups())) if numbers else None


def assumed() -> Limits:
    """What an account on Bluesky's own servers takes as of August 2026, for a first plan."""
    return Limits(
        blob_bytes=314_572_800,
        video_bytes=VIDEO_BYTES,
        video_seconds=VIDEO_SECONDS,
        image_bytes=IMAGE_BYTES,
        source="assumed, as of August 2026: not signed in yet",
    )

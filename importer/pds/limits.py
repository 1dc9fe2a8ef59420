"""What an account's server accepts, as it says itself."""

from __future__ import annotations

import re

from importer.errors import TryLater, Unreachable
from importer.model import ServerLimits
from importer.pds.xrpc import Server, XrpcError

# describeServer tells the limit since 0.5.22; installers before that set 50 MiB or more.
UNTOLD_BLOB_BYTES = 52_428_800


def read_limits(server: Server) -> ServerLimits:
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
    return ServerLimits(
        blob_bytes=told if isinstance(told, int) else UNTOLD_BLOB_BYTES,
        version=version,
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

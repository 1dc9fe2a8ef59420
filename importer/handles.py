"""The user's own table of who is who: TikTok names and the handles of the same people."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from importer.errors import UserError
from importer.pds.xrpc import Server, XrpcError

_HEADS = {"tiktok", "handle"}


def read_handles(file: Path) -> dict[str, str]:
    """Handles (or DIDs) by TikTok name in lower case, from a CSV with the two columns' names.

    Raises:
        UserError: the file cannot be read, or lacks a column.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"The table of handles {file} cannot be read: {error}.",
            hint="It is a CSV file with the columns tiktok and handle.",
            code="handles",
        ) from error
    if rows and not rows[0].keys() >= _HEADS:
        raise UserError(
            f"The table of handles {file} has no columns tiktok and handle.",
            hint="Write these two words into its first line.",
            code="handles",
        )
    return {
        row["tiktok"].strip().removeprefix("@").casefold(): row["handle"].strip().removeprefix("@")
        for row in rows
        if row["tiktok"] and row["handle"]
    }


def resolve(handles: Mapping[str, str], server: Server) -> dict[str, str]:
    """The DIDs behind handles, as the account's server finds them.

    Raises:
        UserError: a handle belongs to nobody.
        TryLater: the server could not look.
    """
    found: dict[str, str] = {}
    for name, handle in handles.items():
        if handle.startswith("did:"):
            found[name] = handle
            continue
        try:
            answer = server.query("com.atproto.identity.resolveHandle", {"handle": handle})
        except XrpcError as refusal:
            raise UserError(
                f"Nobody is called {handle}, whom your table names for @{name}. Nothing was sent.",
                hint="Correct the table, or remove the line: the name then stays plain text.",
                code="handles",
            ) from refusal
        found[name] = str(answer.body["did"])
    return found

"""The user's own table of who is who: TikTok names and the handles of the same people."""

from __future__ import annotations

import csv
from pathlib import Path

from importer.errors import UserError

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

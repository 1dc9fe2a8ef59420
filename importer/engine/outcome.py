"""How a run ended."""

from __future__ import annotations

from dataclasses import dataclass

from importer.errors import RunError


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `error` is why it ended early; `clean` is false if a worker still hangs.

    `word` is `all_published`, `some_failed`, `limit_reached`, `dry_run`, `interrupted`, or the code
    of the error.
    """

    word: str
    exit_code: int
    error: RunError | None = None
    clean: bool = True

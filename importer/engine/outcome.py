"""How a run ended."""

from __future__ import annotations

from dataclasses import dataclass

from importer.errors import RunError


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `error` is why it ended early; `clean` is false if a worker still hangs."""

    word: str
    exit_code: int
    error: RunError | None = None
    clean: bool = True

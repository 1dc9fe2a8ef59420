"""How a run ended."""

from __future__ import annotations

from dataclasses import dataclass

from importer.engine.stop import Stop
from importer.errors import RunError


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `error` is why it ended early; `clean` is false if a worker still hangs."""

    word: str
    exit_code: int
    error: RunError | None = None
    clean: bool = True


def ended(stop: Stop, *, has_failed: bool, is_unfinished: bool, dry_run: bool) -> tuple[str, int]:
    """How a run ended that no error ended, and its exit code."""
    if stop.draining.is_set() and not stop.handing_over:
        return "interrupted", 130
    if dry_run:
        return "dry_run", int(has_failed)
    if is_unfinished and stop.handing_over:
        return "turn_over", 0
    if has_failed:
        return "some_failed", 1
    return ("limit_reached" if is_unfinished else "all_published"), 0

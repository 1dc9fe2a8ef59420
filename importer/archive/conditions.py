"""What SQL asks of posts, as conditions with their values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from importer.model import Milestone


def standing_at(milestones: Sequence[Milestone], chosen: bool | None) -> tuple[str, list[Any]]:
    """SQL: posts at any of these milestones (at all when none is named), chosen or not."""
    conditions: list[str] = []
    values: list[Any] = []
    if milestones:
        conditions.append(f"milestone IN ({', '.join('?' * len(milestones))})")
        values += [milestone.value for milestone in milestones]
    if chosen is not None:
        conditions.append("chosen = ?")
        values.append(int(chosen))
    return (f"WHERE {' AND '.join(conditions)}" if conditions else ""), values


def unmet(destinations: Collection[str]) -> tuple[str, list[str]]:
    """SQL: a post has neither record nor reason for one of these, with its values."""
    one = " AND ".join(
        f"NOT EXISTS (SELECT 1 FROM {table} WHERE post = posts.id AND destination = ?)"  # noqa: S608
        for table in ("records", "left_out")
    )
    names = [name for name in destinations for _ in range(2)]
    return " OR ".join([f"({one})"] * len(destinations)), names

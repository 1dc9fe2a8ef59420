"""When an import will be finished, and which limit decides it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from importer.budgets import Need, Window, tightest


@dataclass(frozen=True, slots=True)
class Forecast:
    """The end of an import, if it runs whenever it may.

    `limit` is the window that makes it wait longest, `None` if nothing does. `days` counts posts
    by date (UTC).
    """

    finish_at: datetime
    limit: Window | None
    days: tuple[tuple[date, int], ...]


def forecast(
    needs: Iterable[Need], windows: Sequence[Window], now: datetime, seconds_a_post: float
) -> Forecast:
    """Play through what is to come, post by post.

    Args:
        needs: what each post takes, in their order.
        windows: every limit, with what is used of it.
        now: when it begins.
        seconds_a_post: how long one takes when nothing makes it wait.
    """
    at = now
    left = list(windows)
    waited: Counter[int] = Counter()
    days: Counter[date] = Counter()
    pace = timedelta(seconds=seconds_a_post)
    for need in needs:
        amounts = need.amounts
        while full := tightest(left, amounts, at):
            window, until = full
            waited[left.index(window)] += round((until - at).total_seconds())
            at = until
        left = [window.spent(amounts[window.kind], at) for window in left]
        days[at.date()] += 1
        at += pace
    decisive = waited.most_common(1)
    limit = windows[decisive[0][0]] if decisive else None
    return Forecast(at, limit, tuple(sorted(days.items())))

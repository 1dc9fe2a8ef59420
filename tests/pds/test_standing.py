"""What is worth knowing about an account and its server before anything is uploaded."""

from __future__ import annotations

from datetime import timedelta

import pytest

from importer.model import Limits
from importer.pds.standing import Standing, notices
from tests.posts import NOW

ROOMY = Limits(314_572_800, 300_000_000, 600, "test")
OLD_ACCOUNT = NOW - timedelta(days=400)


@pytest.mark.parametrize(
    ("standing", "is_delicate"),
    [
        (Standing(), False),
        (Standing(OLD_ACCOUNT, 0), False),
        (Standing(OLD_ACCOUNT, 1), True),
        (Standing(NOW - timedelta(days=29), 0), True),
        (Standing(NOW - timedelta(days=31), None), False),
    ],
)
def test_new_and_followed_accounts_are_delicate(standing: Standing, is_delicate: bool) -> None:
    assert standing.is_delicate(NOW) == is_delicate


@pytest.mark.parametrize(
    ("standing", "limits", "gently", "codes"),
    [
        (Standing(), ROOMY, False, []),
        (Standing(NOW - timedelta(days=1), 0), ROOMY, True, ["account_new", "gentle_start"]),
        (Standing(OLD_ACCOUNT, 7), ROOMY, False, ["followed"]),
        (Standing(), Limits(314_572_800, 100_000_000, 600, "test"), False, ["server_old"]),
        (Standing(), Limits(5_242_880, 100_000_000, 600, "test"), False, ["server_small"]),
    ],
)
def test_each_has_its_notice(
    standing: Standing, limits: Limits, gently: bool, codes: list[str]
) -> None:
    told = notices(standing, limits, ROOMY, NOW, gently=gently)
    assert [notice.code for notice in told] == codes
    assert all(notice.text.endswith(".") for notice in told)

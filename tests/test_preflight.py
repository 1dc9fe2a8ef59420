"""What must hold before anything is uploaded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from importer.errors import SignInNeeded
from importer.model import Account
from importer.pds.kept_sessions import Grant
from importer.pds.scopes import asked_for
from importer.preflight import check_permissions, sign_in_notices

ACCOUNT = Account("did:plc:maker", "maker.test", "https://pds.test")
POSTS = ("app.bsky.feed.post",)
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def grant(scope: str = "atproto", ends: datetime = NOW) -> Grant:
    return Grant("https://pds.test", "http://localhost", scope, ends.isoformat(), {})


@pytest.mark.parametrize("given", [None, grant(asked_for(POSTS)), grant("transition:generic")])
def test_enough_is_permitted(given: Grant | None) -> None:
    check_permissions(given, ACCOUNT, POSTS, service=True)


def test_what_is_lacking_is_named() -> None:
    with pytest.raises(SignInNeeded, match=r"to write app\.bsky\.feed\.post") as caught:
        check_permissions(grant(), ACCOUNT, POSTS, service=False)
    assert (caught.value.code, caught.value.exit_code) == ("not_permitted", 3)
    assert "tokaway login maker.test --browser" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "notices"),
    [
        (None, 0),
        (grant(ends=NOW + timedelta(days=3, seconds=1)), 0),
        (grant(ends=NOW + timedelta(days=3)), 1),
    ],
)
def test_the_end_of_a_sign_in_is_told_three_days_before(given: Grant | None, notices: int) -> None:
    assert len(sign_in_notices(given, ACCOUNT, NOW)) == notices

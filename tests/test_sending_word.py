"""Word of an import: sent once for each thing worth it, to a real server, and never in the way."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from importer.archive.store import Archive
from importer.clock import utc_now
from importer.days import NAME
from importer.errors import (
    ArchiveInUse,
    BudgetEmpty,
    SignInNeeded,
    TokawayError,
    Unreachable,
    UserError,
)
from importer.events import Noticed, RunFinished, Waiting
from importer.model import Milestone
from importer.runs import telling_of_trouble
from importer.sending_word import FACT, Word
from importer.settings import Settings
from tests.posts import bring_to, exported, link
from tests.webhook import Hook

SIGN_IN = SignInNeeded("Nobody is signed in.", hint="Sign in once.", code="password_needed")
REFUSED = SignInNeeded("The server refuses the password.", code="sign_in")
AWAY = Unreachable("The server does not answer.")


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as listening:
        yield listening


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.create(tmp_path / "creator.tokaway") as made:
        made.absorb([exported(second) for second in range(2)])
        yield made


class Days:
    """Runs, each by a process of its own, a day apart."""

    def __init__(self, hook: Hook, archive: Archive) -> None:
        self.now = utc_now()
        self.said: list[str] = []
        self._hook = hook
        self._archive = archive

    def end(
        self, error: TokawayError | None = None, *, hours: int = 24, besides: Hook | None = None
    ) -> list[str]:
        """A run that ends so; the words that were sent of it, perhaps to another address too."""
        self.now += timedelta(hours=hours)
        addresses = [one.address for one in (besides, self._hook) if one]
        word = Word(addresses, self.said.append)
        hear = word.hearing(self._archive, lambda event: None)
        counts = self._archive.counts()
        outcome, code = ("all_published", 0) if not counts[Milestone.FAILED] else ("some_failed", 1)
        if error:
            outcome, code = error.code, error.exit_code
        text, hint = (error.text, error.hint) if error else ("", "")
        hear(RunFinished(self.now, 1, outcome, counts, code, text, hint))
        return self._hook.heard()


def test_nobody_hears_twice_of_what_lasts(hook: Hook, archive: Archive) -> None:
    days = Days(hook, archive)
    going_on = BudgetEmpty("Full.", until=days.now)
    assert days.end(going_on) == []
    assert days.end(SIGN_IN) == ["Somebody is needed. Nobody is signed in. Sign in once."]
    assert days.end(SIGN_IN) == []
    assert days.end(REFUSED) == ["Somebody is needed. The server refuses the password."]
    assert days.end(going_on) == []
    assert len(days.end(SIGN_IN)) == 1
    # A server may be away for a while.
    assert days.end(AWAY) == []
    assert days.end(AWAY, hours=5) == []
    assert days.end(AWAY, hours=1) == ["The import does not get on. The server does not answer."]
    assert days.end(AWAY) == []
    for post in archive.posts():
        bring_to(archive, post.id, Milestone.PUBLISHED)
    assert days.end() == ["The import has ended: 2 of 2 posts published."]
    assert days.end() == []
    assert days.said == []


def test_links_that_have_died_need_a_person_while_the_run_goes_on(
    hook: Hook, archive: Archive
) -> None:
    days = Days(hook, archive)
    word = Word([hook.address], days.said.append)
    hear = word.hearing(archive, lambda event: None)
    hear(Waiting(days.now, 1, "Slowly.", days.now))
    assert hook.heard() == []
    dead = link("video-0-0", days.now - timedelta(days=1), signature="2")
    archive.absorb([exported(0, links=(dead,))])
    hear(Waiting(days.now, 1, "Slowly.", days.now))
    hear(Waiting(days.now, 1, "Slowly.", days.now))
    (text,) = hook.heard()
    assert "The links of 1 post have died." in text and str(archive.folder) in text
    assert days.end(BudgetEmpty("Full.", until=days.now)) == []


def test_a_sign_in_that_ends_soon_needs_a_person(hook: Hook, archive: Archive) -> None:
    days = Days(hook, archive)
    for expected in (["The sign-in ends. Sign in again."], []):
        word = Word([hook.address], days.said.append)
        hear = word.hearing(archive, lambda event: None)
        hear(Noticed(days.now, 1, "sign_in_ends", "The sign-in ends.", "Sign in again."))
        hear(RunFinished(days.now, 1, "budget_empty", archive.counts(), 75, "Full.", "Later."))
        assert hook.heard() == expected


def test_what_cannot_be_sent_is_sent_later_and_stops_nothing(hook: Hook, archive: Archive) -> None:
    days = Days(hook, archive)
    hook.otherwise = (500, {})
    assert len(days.end(SIGN_IN)) == 1
    assert len(days.said) == 1 and "secret-token" not in days.said[0]
    hook.otherwise = (200, {})
    assert len(days.end(SIGN_IN)) == 1
    assert days.end(SIGN_IN) == []
    assert "secret-token" not in str(archive.fact(FACT))


def test_an_address_that_is_dead_costs_the_others_nothing(hook: Hook, archive: Archive) -> None:
    days = Days(hook, archive)
    need = "Somebody is needed. Nobody is signed in. Sign in once."
    with Hook() as other:
        other.otherwise = (500, {})
        assert days.end(SIGN_IN, besides=other) == [need]
        assert days.end(SIGN_IN, besides=other) == []
        assert other.heard() == [need] * 2
        assert len(days.said) == 2 and "address 1 of notify" in days.said[0]
        # It is alive again, and hears of it; then it is taken away, and comes back.
        other.otherwise = (200, {})
        assert days.end(SIGN_IN, besides=other) == []
        assert other.heard() == [need]
        assert days.end(SIGN_IN) == []
        assert days.end(SIGN_IN, besides=other) == []
        assert other.heard() == []
        secrets = [hook.address, other.address, hook.host, other.host]
    assert not [one for one in secrets if one in str(archive.fact(FACT)) + "".join(days.said)]


def test_addresses_are_looked_at_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError) as caught:
        Word(["json://localhost/token", "secret-token"], print)
    assert caught.value.text.startswith("Address 2 of the setting notify")
    assert "secret-token" not in caught.value.text + caught.value.hint
    # One that is known, and cannot be used here: what is missing is said.
    with pytest.raises(UserError, match="cannot be used on this computer") as caught:
        Word(["windows://"], print)
    assert "pywin32" in caught.value.hint
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(UserError) as caught:
        Word(["json://localhost/token"], print)
    assert "pip install 'tokaway[notify]'" in caught.value.hint
    Word([], print)


def test_what_keeps_a_run_from_beginning_is_noted_for_a_person(
    hook: Hook, archive: Archive
) -> None:
    said: list[str] = []

    def fails(address: str, error: TokawayError | None = None) -> str:
        with (
            pytest.raises(UserError),
            telling_of_trouble(archive.folder, Settings(notify=(address,)), said.append),
        ):
            raise error or AssertionError("it does not get here")
        return (archive.folder / NAME).read_text("utf-8").splitlines()[-1]

    assert "Address 1 of the setting notify is none" in fails("nonsense")
    trouble = UserError("The export is gone.", hint="Look for it.")
    assert fails(hook.address, trouble).endswith("2 to go. The export is gone. Look for it.")
    assert hook.heard() == ["Somebody is needed. The export is gone. Look for it."]
    # Another run is at work: it tells of itself.
    with pytest.raises(ArchiveInUse), telling_of_trouble(archive.folder, Settings(), said.append):
        raise ArchiveInUse("Another run is at work.")
    assert not hook.heard() and not said

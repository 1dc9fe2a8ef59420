"""Word of a batch: one message for all of its creators, once for each thing that is worth it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from importer.batch.file import read_batch
from importer.batch.standing import Finished, Listener, Standing
from importer.batch.telling import Lines
from importer.batch.word import Word
from importer.console import PlainConsole
from importer.errors import UserError
from importer.events import Noticed
from importer.messenger import Messenger
from importer.model import Action
from tests.batch.crowd import PASSWORD, Crowd
from tests.batch.test_batch import name, two
from tests.posts import NOW
from tests.webhook import Hook

REFUSED = ("sign_in_needed", 3, "The server refuses the password.", "Sign in again.")
AWAY = ("unreachable", 6, "The server does not answer.", "")
FULL = ("budget_empty", 75, "The budget is used up.", "")
DONE = ("all_published", 0, "", "")


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as listening:
        yield listening


class Batches:
    """Batches of one file, each by a process of its own."""

    def __init__(self, hook: Hook, file: Path) -> None:
        self.now = NOW
        self._file = file
        self.addresses = [hook.address]
        self._listener: Listener = Lines(PlainConsole(quiet=True))

    def word(self) -> Word:
        """Who hears of one batch."""
        messenger = Messenger(self.addresses, print)
        return Word(self._file, messenger, self._listener, lambda: self.now)

    def end(self, **creators: tuple[str, int, str, str]) -> None:
        """A batch whose creators end like this, a day later."""
        self.now += timedelta(days=1)
        standings = tuple(standing(one, *how) for one, how in creators.items())
        self.word().finished(Finished(self._file, standings))


def standing(creator: str, outcome: str, code: int, text: str, hint: str) -> Standing:
    until: datetime | None = NOW + timedelta(days=9) if code == 75 else None
    return Standing(creator, Path(f"{creator}.tokaway"), outcome, code, text, hint, until)


@pytest.fixture
def batches(hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Batches:
    monkeypatch.setenv("TOKAWAY_STATE", str(tmp_path / "state"))
    return Batches(hook, tmp_path / "many.toml")


def test_of_what_lasts_nobody_hears_twice_and_of_all_together(hook: Hook, batches: Batches) -> None:
    batches.end(anna=REFUSED, ben=FULL, carla=REFUSED, dora=AWAY)
    need = "Somebody is needed. The server refuses the password. Sign in again."
    assert hook.heard() == [f"anna: {need}\ncarla: {need}"]
    # A server that is away for longer is worth a word too; the others are known.
    batches.end(anna=REFUSED, ben=FULL, carla=REFUSED, dora=AWAY)
    assert hook.heard() == ["dora: The import does not get on. The server does not answer."]
    batches.end(anna=REFUSED, ben=FULL, carla=FULL, dora=AWAY)
    assert hook.heard() == []
    # It comes again.
    batches.end(anna=REFUSED, ben=FULL, carla=REFUSED, dora=FULL)
    assert hook.heard() == [f"carla: {need}"]
    batches.end(anna=DONE, ben=DONE, carla=REFUSED, dora=DONE)
    assert hook.heard() == ["The batch has ended: 3 of 4 creators done, 0 posts published."]
    batches.end(anna=DONE, ben=DONE, carla=REFUSED, dora=DONE)
    assert hook.heard() == []


def test_word_goes_out_while_the_others_still_wait(hook: Hook, batches: Batches) -> None:
    word = batches.word()
    word.begins("anna", 1)
    word.event("anna", Noticed(NOW, 1, "sign_in_ends", "The sign-in ends.", "Sign in again."))
    word.ended(standing("ben", *REFUSED))
    word.ended(standing("carla", *REFUSED))
    assert hook.heard() == []
    word.rests(standing("anna", *FULL))
    word.pauses()
    (text,) = hook.heard()
    assert [line.partition(":")[0] for line in text.splitlines()] == ["ben", "carla", "anna"]
    word.pauses()
    assert hook.heard() == []
    # Where somebody can always work, it comes after an hour.
    word.ended(standing("dora", *REFUSED))
    assert hook.heard() == []
    batches.now += timedelta(hours=1)
    word.ended(standing("emil", *REFUSED))
    (text,) = hook.heard()
    assert [line.partition(":")[0] for line in text.splitlines()] == ["dora", "emil"]
    # Who stops it knows.
    word.finished(Finished(Path(), (standing("anna", "interrupted", 130, "", ""),)))
    assert hook.heard() == []


def test_what_could_not_be_sent_is_sent_by_the_next_batch(hook: Hook, batches: Batches) -> None:
    hook.otherwise = (500, {})
    batches.end(anna=REFUSED)
    assert len(hook.heard()) == 1
    hook.otherwise = (200, {})
    batches.end(anna=REFUSED)
    assert len(hook.heard()) == 1
    batches.end(anna=REFUSED)
    assert hook.heard() == []


def test_an_address_that_is_dead_costs_the_others_nothing(hook: Hook, batches: Batches) -> None:
    with Hook() as other:
        batches.addresses.append(other.address)
        other.otherwise = (500, {})
        batches.end(anna=REFUSED, ben=FULL)
        batches.end(anna=REFUSED, ben=FULL, carla=REFUSED)
        # Who missed the first message gets all in one.
        assert [len(text.splitlines()) for text in hook.heard()] == [1, 1]
        assert [len(text.splitlines()) for text in other.heard()] == [1, 2]
        other.otherwise = (200, {})
        batches.end(anna=REFUSED, ben=FULL, carla=REFUSED)
        batches.end(anna=REFUSED, ben=FULL, carla=REFUSED)
        assert (len(hook.heard()), len(other.heard())) == (0, 1)


def test_what_is_remembered_may_be_broken(hook: Hook, batches: Batches, tmp_path: Path) -> None:
    batches.end(anna=REFUSED)
    (memory,) = (tmp_path / "state" / "batches").iterdir()
    assert "secret-token" not in memory.read_text("utf-8")
    memory.write_text("[1", encoding="utf-8")
    batches.end(anna=REFUSED)
    assert len(hook.heard()) == 2


def test_a_creator_has_no_addresses_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "many.toml"
    file.write_text('[[creators]]\nexport = "a.zip"\nnotify = ["json://localhost"]\n')
    with pytest.raises(UserError, match="notify"):
        read_batch(file, {})


def test_a_real_batch_sends_word_of_who_needs_somebody_and_of_its_end(
    crowd: Crowd, hook: Hook
) -> None:
    two(crowd, posts=1)
    crowd.add("carla", [Action.KEEP], handle=name())
    crowd.write("jobs = 1", f'notify = ["{hook.address}"]')
    (crowd.folder / "ben.txt").write_text("not-the-password\n", encoding="utf-8")
    export = crowd.folder / "carla.zip"
    export.rename(crowd.folder / "away.zip")
    for expected in (3, 0):
        ended = crowd.tokaway("batch", crowd.file, "--no-wait")
        assert ended.code == 3 and "secret-token" not in ended.out + ended.err
        texts = hook.heard()
        assert len(texts) == (1 if expected else 0)
        assert len("".join(texts).splitlines()) == expected
        if texts:
            assert "ben: Somebody is needed. " in texts[0] and "does not accept" in texts[0]
            assert "carla: Somebody is needed. There is no file" in texts[0]
            assert texts[0].endswith("The batch has ended: 1 of 3 creators done, 1 post published.")
    (crowd.folder / "ben.txt").write_text(f"{PASSWORD}\n", encoding="utf-8")
    (crowd.folder / "away.zip").rename(export)
    assert crowd.tokaway("batch", crowd.file, "--no-wait").code == 0
    assert hook.heard() == ["The batch has ended: 3 of 3 creators done, 3 posts published."]
    crowd.file.write_text("[batch", encoding="utf-8")
    broken = {"TOKAWAY_NOTIFY": hook.address}
    assert crowd.tokaway("batch", crowd.file, variables=broken).code == 2
    (text,) = hook.heard()
    assert text.startswith("Somebody is needed. The batch file")

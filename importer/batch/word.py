"""Sends word of a batch when it ends, fails or needs a person: once for each, for all together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from importer.archive.ledger import default_folder
from importer.batch.file import BatchFile
from importer.batch.standing import Finished, Listener, Standing
from importer.clock import utc_now
from importer.errors import TokawayError, UserError
from importer.events import Event, Noticed
from importer.messenger import Messenger
from importer.model import Milestone
from importer.sending_word import Known, State, after, due, read, troubles, written
from importer.wording import plural

FOLDER = "batches"
# While somebody can always work, those who need a person wait so long for each other.
_GATHERING = timedelta(hours=1)
# Creators that one message tells of.
_MOST = 20


class Word:
    """A listener that sends word of what it hears, then passes it on.

    What was told to which address is remembered from run to run, by the batch's file: of a state
    that lasts nobody hears twice. While the batch is at work word goes out when all who are left
    wait.

    Args:
        file: the batch's.
        messenger: who takes it to people.
        listener: who hears everything besides.
        now: the clock.
    """

    def __init__(
        self,
        file: Path,
        messenger: Messenger,
        listener: Listener,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._file = file
        self._messenger = messenger
        self._listener = listener
        self._now = now
        self._states: dict[str, dict[str, State]] = {}
        self._noticed: dict[str, dict[str, State]] = {}
        self._told_at = now()

    def begins(self, creator: str, turn: int) -> None:
        """Pass it on."""
        self._listener.begins(creator, turn)

    def note(self, creator: str, text: str) -> None:
        """Pass it on."""
        self._listener.note(creator, text)

    def event(self, creator: str, event: Event) -> None:
        """Remember a sign-in that ends soon."""
        self._listener.event(creator, event)
        if isinstance(event, Noticed) and event.code == "sign_in_ends":
            text = f"{event.text} {event.hint}".strip()
            self._noticed[creator] = {event.code: State(text)}

    def rests(self, standing: Standing) -> None:
        """Remember what keeps a creator waiting."""
        self._listener.rests(standing)
        self._states[standing.creator] = self._of(standing)

    def ended(self, standing: Standing) -> None:
        """Remember how a creator ended."""
        self._listener.ended(standing)
        self._states[standing.creator] = self._of(standing)
        if self._now() - self._told_at >= _GATHERING:
            self.pauses()

    def pauses(self) -> None:
        """Send word of what is new, now that nobody can work for a while."""
        self._listener.pauses()
        self._tell(_named(self._states), add=True)

    def finished(self, finished: Finished) -> None:
        """The batch is over: send word of where everybody stands."""
        standings = finished.standings
        # Of who was stopped nobody knows more than before.
        if any(one.was_stopped for one in standings):
            return
        states = _named({one.creator: self._of(one) for one in standings})
        if not any(one.until or one.exit_code == 6 for one in standings):
            states |= _end(standings)
        self._tell(states, add=False)

    def trouble(self, error: TokawayError) -> None:
        """The batch could not begin."""
        states = troubles(None, error.code, error.exit_code, f"{error.text} {error.hint}".strip())
        self._tell(states, add=False)

    def _of(self, standing: Standing) -> dict[str, State]:
        why = f"{standing.text} {standing.hint}".strip() if standing.exit_code else ""
        noticed = self._noticed.get(standing.creator, {})
        return noticed | troubles(standing.summary, standing.outcome, standing.exit_code, why)

    def _tell(self, states: Mapping[str, State], *, add: bool) -> None:
        """Send one message of all that is new to an address; with `add` what was so still is."""
        now = self._told_at = self._now()
        before = _remembered(self._file)
        title = f"Tokaway: {self._file.name}"
        sent = [
            (code, mark)
            for mark in self._messenger.marks
            if (codes := due(before, states, mark, now))
            and self._messenger.send(mark, title, _text(states, codes))
            for code in codes
        ]
        known = after(before, states, sent, now)
        if add:
            known = before | known
        if known != before:
            _remember(self._file, known)


def word_for(file: BatchFile, listener: Listener, say: Callable[[str], None]) -> Word | None:
    """Who sends word of a batch; `None` if nobody wants any.

    Raises:
        UserError: Apprise is not installed, or cannot send to one of the addresses.
    """
    if not file.notify:
        return None
    return Word(file.path, Messenger(file.notify, say), listener)


def _named(states: Mapping[str, Mapping[str, State]]) -> dict[str, State]:
    """The states of all creators, each with the name of whose it is."""
    return {
        f"{creator}:{code}": State(f"{creator}: {state.text}", state.patience)
        for creator, own in states.items()
        for code, state in own.items()
    }


def _end(standings: Sequence[Standing]) -> dict[str, State]:
    """That nothing is left which would go on by itself."""
    done = sum(one.exit_code == 0 for one in standings)
    summaries = [one.summary for one in standings if one.summary]
    published = sum(one.published for one in summaries)
    failed = sum(one.counts[Milestone.FAILED] for one in summaries)
    text = f"The batch has ended: {done:,} of {plural(len(standings), 'creator')} done, "
    text += f"{plural(published, 'post')} published"
    text += f", {failed:,} failed." if failed else "."
    return {f"ended:{done}:{failed}": State(text)}


def _text(states: Mapping[str, State], codes: Sequence[str]) -> str:
    lines = [states[code].text for code in codes[:_MOST]]
    more = len(codes) - len(lines)
    return "\n".join([*lines, f"… and {more:,} more: see the batch's report."] if more else lines)


def _memory(file: Path) -> Path:
    name = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:16]
    return default_folder() / FOLDER / f"{name}.json"


def _remembered(file: Path) -> dict[str, Known]:
    try:
        return read(_memory(file).read_text(encoding="utf-8"))
    except (OSError, UserError, ValueError, TypeError, AttributeError):
        return {}


def _remember(file: Path, known: Mapping[str, Known]) -> None:
    # Without room for it the same word may come twice; the batch goes on.
    with suppress(OSError, UserError):
        memory = _memory(file)
        memory.parent.mkdir(parents=True, exist_ok=True)
        part = memory.with_suffix(".part")
        part.write_text(written(known), encoding="utf-8")
        part.replace(memory)

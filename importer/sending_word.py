"""Sends word when an import ends, fails or needs a person: to each address once for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from importer.archive.store import Archive
from importer.errors import (
    BudgetEmpty,
    DiskFull,
    SignInNeeded,
    TokawayError,
    Unreachable,
    UserError,
)
from importer.events import Event, Noticed, RunFinished, Waiting, jsonable
from importer.messenger import Messenger
from importer.model import Milestone
from importer.summary import Summary, summarise
from importer.wording import plural

FACT = "word_of"
# A server that is away for an hour or two needs nobody.
_OUTAGE = timedelta(hours=6)
_PERSON = (UserError.exit_code, SignInNeeded.exit_code, DiskFull.exit_code)
_DEAD = "link_expired"


@dataclass(frozen=True, slots=True)
class State:
    """Something that is so and worth a word, once it has been so for a while."""

    text: str
    patience: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Known:
    """Since when a state was seen (UTC), and the marks of the addresses that were told."""

    since: datetime
    told: frozenset[str] = frozenset()


def due(
    before: Mapping[str, Known], states: Mapping[str, State], mark: str, now: datetime
) -> list[str]:
    """The codes of what an address is to be told now: it has been so for long enough, and was not
    told there.
    """
    known = {code: before.get(code, Known(now)) for code in states}
    return [
        code
        for code, state in states.items()
        if mark not in known[code].told and now - known[code].since >= state.patience
    ]


def after(
    before: Mapping[str, Known],
    states: Collection[str],
    sent: Collection[tuple[str, str]],
    now: datetime,
) -> dict[str, Known]:
    """What is known of these states once some were told: `sent` has their codes, with marks."""
    known = {code: before.get(code, Known(now)) for code in states}
    return {
        code: Known(one.since, one.told | {mark for told, mark in sent if told == code})
        for code, one in known.items()
    }


def written(known: Mapping[str, Known]) -> str:
    """What is known, as it is remembered."""
    return json.dumps(
        {code: [jsonable(one.since), sorted(one.told)] for code, one in known.items()}
    )


def read(told: str) -> dict[str, Known]:
    """What was remembered.

    Raises:
        ValueError: it was not written by us.
    """
    return {
        code: Known(datetime.fromisoformat(since), frozenset(marks))
        for code, (since, marks) in json.loads(told).items()
    }


class Word:
    """What is told to whom about one archive.

    The archive remembers what was told to which address: of a state that lasts nobody hears twice,
    of one that comes again they do. What could not be sent there is tried again by the next run.

    Args:
        urls: where to send it. They are secrets and shown to nobody.
        say: hears that something could not be sent.

    Raises:
        UserError: Apprise is not installed, or cannot send to one of these addresses.
    """

    def __init__(self, urls: Sequence[str], say: Callable[[str], None]) -> None:
        self._messenger = Messenger(urls, say) if urls else None
        self._noticed: dict[str, State] = {}

    def hearing(self, archive: Archive, emit: Callable[[Event], None]) -> Callable[[Event], None]:
        """A listener of a run: passes each event on, then sends word of it if it is worth it."""
        if self._messenger is None:
            return emit

        def hear(event: Event) -> None:
            emit(event)
            match event:
                case Noticed(code="sign_in_ends"):
                    self._noticed[event.code] = State(f"{event.text} {event.hint}".strip())
                    self._tell(archive, self._noticed, event.at, add=True)
                case Waiting():
                    links = _links(summarise(archive, event.at))
                    self._tell(archive, links, event.at, add=True)
                case RunFinished(outcome="interrupted" | "dry_run"):
                    pass
                case RunFinished():
                    why = f"{event.text} {event.hint}".strip()
                    self.ended(archive, event.at, event.outcome, event.exit, why)

        return hear

    def trouble(self, archive: Archive, now: datetime, error: TokawayError) -> None:
        """A run could not begin."""
        why = f"{error.text} {error.hint}".strip()
        self.ended(archive, now, error.code, error.exit_code, why)

    def ended(self, archive: Archive, now: datetime, code: str, exit_code: int, why: str) -> None:
        """A run is over; `why` says what kept it from its end, if anything did."""
        if self._messenger is None:
            return
        summary = summarise(archive, now)
        states = self._noticed | troubles(summary, code, exit_code, why)
        if not why and not summary.unfinished:
            failed = summary.counts[Milestone.FAILED]
            text = f"The import has ended: {summary.published:,} of "
            text += f"{plural(summary.chosen, 'post')} published"
            text += f", {failed:,} failed. See: tokaway status {summary.archive}" if failed else "."
            states[f"ended:{failed}"] = State(text)
        self._tell(archive, states, now)

    def _tell(
        self, archive: Archive, states: Mapping[str, State], now: datetime, *, add: bool = False
    ) -> None:
        """Send word of what is new; with `add` what was so before still is."""
        if self._messenger is None:
            return
        before = read(archive.fact(FACT) or "{}")
        account = archive.account()
        title = f"Tokaway: {account.handle if account else archive.folder.name}"
        sent = [
            (code, mark)
            for mark in self._messenger.marks
            for code in due(before, states, mark, now)
            if self._messenger.send(mark, title, states[code].text)
        ]
        known = after(before, states, sent, now)
        if add:
            known = dict(before) | known
        if known != before:
            archive.set_fact(FACT, written(known))


def troubles(summary: Summary | None, code: str, exit_code: int, why: str) -> dict[str, State]:
    """What keeps an import from its end, if a run ended so; of its archive if there is one."""
    states = _links(summary) if summary else {}
    if why and exit_code in _PERSON:
        states[code] = State(f"Somebody is needed. {why}")
    elif why and exit_code == Unreachable.exit_code:
        states[code] = State(f"The import does not get on. {why}", _OUTAGE)
    elif why and exit_code != BudgetEmpty.exit_code:
        states[code] = State(f"The import failed. {why}")
    return states


def _links(summary: Summary) -> dict[str, State]:
    dead = summary.links_dead + sum(one.posts for one in summary.reasons if one.code == _DEAD)
    if not dead:
        return {}
    text = (
        f"Somebody is needed. The links of {plural(dead, 'post')} have died. To get fresh ones: in "
        "TikTok open Settings and privacy > Account > Download your data, choose all data and "
        f"JSON, and give the new file: tokaway run EXPORT --archive {summary.archive}"
    )
    return {_DEAD: State(text)}

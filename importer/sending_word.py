"""Sends word by Apprise when an import ends, fails or needs a person: once for each of these."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

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
from importer.model import Milestone
from importer.summary import Summary, summarise
from importer.wording import plural

if TYPE_CHECKING:
    from apprise import Apprise

FACT = "word_sent"
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
class _Known:
    since: datetime
    is_sent: bool


class Word:
    """What is told to whom about one archive.

    The archive remembers what was told: of a state that lasts nobody hears twice, of one that
    comes again they do. What could not be sent is tried again by the next run.

    Args:
        urls: where to send it. They are secrets and shown to nobody.
        say: hears that something could not be sent.

    Raises:
        UserError: Apprise is not installed, or does not know one of these addresses.
    """

    def __init__(self, urls: Sequence[str], say: Callable[[str], None]) -> None:
        self._post = _post_to(urls) if urls else None
        self._say = say
        self._noticed: dict[str, State] = {}

    def hearing(self, archive: Archive, emit: Callable[[Event], None]) -> Callable[[Event], None]:
        """A listener of a run: passes each event on, then sends word of it if it is worth it."""
        if self._post is None:
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
        if self._post is None:
            return
        summary = summarise(archive, now)
        states = self._noticed | _links(summary)
        if why and exit_code in _PERSON:
            states[code] = State(f"Somebody is needed. {why}")
        elif why and exit_code == Unreachable.exit_code:
            states[code] = State(f"The import does not get on. {why}", _OUTAGE)
        elif why and exit_code != BudgetEmpty.exit_code:
            states[code] = State(f"The import failed. {why}")
        elif not why and not summary.unfinished:
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
        if self._post is None:
            return
        before = _remembered(archive)
        after = dict(before) if add else {}
        for code, state in states.items():
            known = before.get(code, _Known(now, False))
            is_ripe = now - known.since >= state.patience
            is_sent = known.is_sent or (is_ripe and self._send(self._post, archive, state.text))
            after[code] = _Known(known.since, is_sent)
        if after != before:
            told = {code: [jsonable(one.since), one.is_sent] for code, one in after.items()}
            archive.set_fact(FACT, json.dumps(told))

    def _send(self, post: Apprise, archive: Archive, text: str) -> bool:
        account = archive.account()
        title = f"Tokaway: {account.handle if account else archive.folder.name}"
        try:
            is_sent = bool(post.notify(body=text, title=title))
        except Exception:  # noqa: BLE001  whatever a service does, the import goes on
            is_sent = False
        if not is_sent:
            self._say("! Word of this could not be sent everywhere; the next run tries again.")
        return is_sent


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


def _remembered(archive: Archive) -> dict[str, _Known]:
    told = json.loads(archive.fact(FACT) or "{}")
    return {
        code: _Known(datetime.fromisoformat(since), is_sent)
        for code, (since, is_sent) in told.items()
    }


def _post_to(urls: Sequence[str]) -> Apprise:
    """Something that delivers to all of these addresses."""
    # Some of its many services import what Python deprecates.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            from apprise import Apprise
        except ImportError as error:
            raise UserError(
                "The setting notify needs Apprise, which is not installed. Nothing was sent.",
                hint="Install it with: pip install 'tokaway[notify]'. Or take notify away.",
                code="no_apprise",
            ) from error
        post = Apprise()
        for number, url in enumerate(urls, 1):
            if not post.add(url):
                raise UserError(
                    f"Address {number} of the setting notify is none that Apprise knows. Nothing "
                    "was sent.",
                    hint="It looks like jsons://host/path. See docs/unattended.md.",
                    code="settings",
                )
    return post

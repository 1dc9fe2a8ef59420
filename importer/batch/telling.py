"""What a batch tells: JSON lines, plain lines, or a table that is redrawn on a terminal."""

from __future__ import annotations

from importer.batch.file import BatchFile
from importer.batch.standing import Finished, Listener, Standing
from importer.batch.table import Table
from importer.console import Console
from importer.events import Event, jsonable, to_json
from importer.live_console import LiveConsole
from importer.model import Milestone
from importer.wording import OUTCOMES, local, narrate, plural


def listener_for(console: Console, file: BatchFile) -> Listener:
    """Who tells of a batch as the console prints."""
    if isinstance(console, LiveConsole):
        return Table(console, file, Lines(console))
    return Lines(console)


class Lines:
    """One line for each thing that happens, with its creator's name before it."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def begins(self, creator: str, turn: int) -> None:
        """Tell programs whose turn it is; people see what comes of it."""
        self._console.result("creator_turn", {"creator": creator, "turn": turn})

    def note(self, creator: str, text: str) -> None:
        """Say what was found while an export or a folder was read."""
        self._console.note(f"{creator}: {text}")

    def event(self, creator: str, event: Event) -> None:
        """Tell what the engine tells."""
        if self._console.takes_objects:
            self._console.result(event.name, {"creator": creator, **_fields(event)})
        elif text := narrate(event):
            self._console.note(f"{creator}: {text}")

    def rests(self, standing: Standing) -> None:
        """Tell until when a creator waits."""
        self._console.result(
            "creator_waits",
            {
                "creator": standing.creator,
                "reason": standing.text,
                "until": jsonable(standing.until),
            },
        )
        at = f" until {local(standing.until)}" if standing.until else ""
        self._console.note(f"{standing.creator} waits{at}: {standing.text}")

    def ended(self, standing: Standing) -> None:
        """Tell how a creator ended."""
        summary = standing.summary
        self._console.result(
            "creator_done",
            {
                "creator": standing.creator,
                "archive": jsonable(standing.archive),
                "outcome": standing.outcome,
                "exit": standing.exit_code,
                "counts": jsonable(summary.counts if summary else {}),
                "text": standing.text,
                "hint": standing.hint,
                "next_try_at": jsonable(standing.until),
                "report": jsonable(standing.report),
            },
        )
        self._console.line(f"{standing.creator}: {told(standing)}")
        if standing.hint:
            self._console.line(f"  → {standing.hint}")

    def pauses(self) -> None:
        """Nothing: until when each of them waits is told."""


def tell_end(console: Console, finished: Finished) -> None:
    """Tell how all of them ended."""
    console.close()
    standings = finished.standings
    console.result(
        "batch_done",
        {
            "file": str(finished.path),
            "creators": len(standings),
            "outcomes": {
                word: [one.creator for one in standings if one.outcome == word]
                for word in dict.fromkeys(one.outcome for one in standings)
            },
            "published": sum(one.summary.published for one in standings if one.summary),
            "exit": finished.exit_code,
            "next_try_at": jsonable(finished.until),
        },
    )
    well = sum(one.exit_code == 0 for one in standings)
    waiting = sum(one.exit_code == 75 for one in standings)
    stopped = sum(one.was_stopped for one in standings)
    line = f"{well} of {plural(len(standings), 'creator')} done"
    if waiting:
        line += f", {waiting} must wait"
    if stopped:
        line += f", {stopped} interrupted"
    if others := len(standings) - well - waiting - stopped:
        line += f", {others} not well"
    console.line(f"{line}.")
    if finished.until:
        console.line(f"Give the same command again after {local(finished.until)}.")


def told(standing: Standing) -> str:
    """How a creator stands, in one line."""
    words = standing.text or OUTCOMES.get(standing.outcome, standing.outcome)
    if standing.summary is None:
        return words
    counts = standing.summary.counts
    failed = f", {counts[Milestone.FAILED]} failed" if counts[Milestone.FAILED] else ""
    return f"{standing.summary.published} of {standing.summary.chosen} published{failed}. {words}"


def _fields(event: Event) -> dict[str, object]:
    fields = to_json(event)
    del fields["event"]
    return fields

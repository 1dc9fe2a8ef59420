"""What the end of a run means, in words; times as people say them; what a run told so far."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from importer.engine.outcome import Outcome
from importer.errors import (
    ArchiveInUse,
    BudgetEmpty,
    DiskFull,
    Fault,
    SignInNeeded,
    TokawayError,
    Unreachable,
    UserError,
)
from importer.events import Looked, RunFinished, Status, StepFailed, Stopping
from importer.model import Milestone, Stage
from tests.tui import canned
from tui.progress import Progress, State
from tui.running import Stood, Told
from tui.times import when
from tui.verdict import Next, of_error, of_outcome

SOON = datetime(2036, 5, 1, 9, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "advice", "step"),
    [
        (SignInNeeded("No."), "Sign in", Next.SIGN_IN),
        (UserError("No account.", code="no_account"), "Sign in", Next.SIGN_IN),
        (Unreachable("No answer."), "online", Next.AGAIN),
        (DiskFull("Full."), "Free some space", Next.AGAIN),
        (ArchiveInUse("Busy."), "Close the other window", Next.AGAIN),
        (BudgetEmpty("Used up.", until=SOON), "2036-05-01 09:10", Next.AGAIN),
        (Fault("Broken.", hint="Report this."), "Report this.", Next.AGAIN),
    ],
)
def test_every_error_says_what_to_do(error: TokawayError, advice: str, step: Next) -> None:
    verdict = of_error(error)
    assert verdict.headline == error.text
    assert advice in verdict.advice
    assert (verdict.is_good, verdict.next) == (False, step)


@pytest.mark.parametrize(
    ("word", "good", "step"),
    [
        ("all_published", True, Next.SUMMARY),
        ("some_failed", False, Next.SUMMARY),
        ("some_mute", False, Next.SUMMARY),
        ("limit_reached", True, Next.SUMMARY),
        ("dry_run", True, Next.SUMMARY),
        ("interrupted", True, Next.AGAIN),
    ],
)
def test_every_outcome_has_its_words(word: str, good: bool, step: Next) -> None:
    verdict = of_outcome(Outcome(word, 0))
    assert (verdict.is_good, verdict.next) == (good, step)
    assert verdict.headline


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (timedelta(hours=2), "20:04"),
        (timedelta(hours=12), "tomorrow 06:04"),
        (timedelta(days=4), "Friday 18:04"),
        (timedelta(days=30), "2026-12-23 18:04"),
    ],
)
def test_times_are_said_as_people_say_them(later: timedelta, said: str) -> None:
    assert when(canned.AT + later, canned.AT) == said


def test_only_the_newest_status_matters_and_nothing_else_gets_lost() -> None:
    status, other = canned.at_work()[-1], canned.beginning()[0]
    assert Stood(status).can_replace(Stood(status))
    assert not Stood(status).can_replace(Told(other))
    assert not Told(other).can_replace(Told(other))


def state_of(run: Progress) -> State:
    return run.state


def test_a_run_goes_through_its_states() -> None:
    run = Progress({post.id: post.milestone for post in canned.posts()})
    assert state_of(run) is State.SIGNING_IN
    for event in canned.at_work():
        run.hear(event)
    assert state_of(run) is State.PUBLISHING
    assert [run.through(stage) for stage in Stage] == [812, 416, 412]
    assert run.hands["post0"].speed == 1_200_000
    assert run.upcoming(2) == ["post2", "post5"]
    run.hear(Looked(canned.AT, 3, "post2", False, Milestone.PREPARED, "does_not_play", "No.", ""))
    assert run.upcoming(1) == ["post2"] and run.milestones["post2"] is Milestone.PREPARED
    run.is_pausing = True
    assert state_of(run) is State.PAUSING
    run.hear(Status(canned.AT, 3, canned.counts(412), ()))
    assert state_of(run) is State.PAUSED
    run.is_pausing = False
    run.hear(canned.waiting()[-1])
    assert state_of(run) is State.WAITING
    run.hear(Stopping(canned.AT, 3, at_once=False))
    assert state_of(run) is State.FINISHING
    run.hear(Stopping(canned.AT, 3, at_once=True))
    assert state_of(run) is State.LEAVING
    run.hear(RunFinished(canned.AT, 3, "interrupted", canned.counts(412), 130))
    assert state_of(run) is State.ENDED
    assert run.unfinished == 1030 - 412 - 2
    assert run.counts[Milestone.FAILED] == 2
    lines = run.take_lines()
    assert "has died" in "\n".join(lines)
    assert run.take_lines() == []


def test_the_log_names_keys_rather_than_commands() -> None:
    run = Progress()
    hint = "If you have the file, put it into a folder and name that with --source FOLDER."
    at, failed = canned.AT, Milestone.FAILED
    run.hear(StepFailed(at, 3, "post0", Stage.FETCH, failed, "no_link", "No.", hint, None))
    run.hear(RunFinished(at, 3, "interrupted", canned.counts(412), 130))
    [line] = run.take_lines()
    assert "s in the list of posts" in line and "--source" not in line

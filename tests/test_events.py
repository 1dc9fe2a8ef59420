"""Events as JSON lines: the form that programs read, which may only ever grow."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone

import pytest

import importer.events
from importer.events import (
    Day,
    Event,
    Forecasted,
    InHand,
    Looked,
    Noticed,
    Recognised,
    RunFinished,
    RunStarted,
    Status,
    StepDone,
    StepFailed,
    StepStarted,
    Stopping,
    Waiting,
    jsonable,
    to_json,
)
from importer.model import Milestone, Stage

AT = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
COUNTS = dict.fromkeys(Milestone, 0) | {Milestone.FOUND: 2}
WRITTEN_COUNTS = (
    '{"found": 2, "fetched": 0, "prepared": 0, "published": 0, "verified": 0, '
    '"skipped": 0, "failed": 0}'
)
HEAD = '"at": "2026-11-23T12:00:00.123Z", "run": 7'
KINDS = [
    kind
    for kind in vars(importer.events).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
]
GOLDEN: list[tuple[Event, str]] = [
    (
        RunStarted(
            *(AT, 7, "0.1.0", "/a/b.tokaway", "maker.test", "did:plc:a", "https://pds", COUNTS),
            ("bluesky",),
        ),
        f'{{"event": "run_started", {HEAD}, "version": "0.1.0", "archive": "/a/b.tokaway", '
        '"handle": "maker.test", "did": "did:plc:a", "pds": "https://pds", '
        f'"counts": {WRITTEN_COUNTS}, "destinations": ["bluesky"]}}',
    ),
    (Recognised(AT, 7, 3), f'{{"event": "recognised", {HEAD}, "posts": 3}}'),
    (
        StepStarted(AT, 7, "20240131T235959", Stage.FETCH),
        f'{{"event": "step_started", {HEAD}, "post": "20240131T235959", "stage": "fetch"}}',
    ),
    (
        StepDone(AT, 7, "20240131T235959", Stage.PUBLISH, 1.23456, "published", "at://did/x/y"),
        f'{{"event": "step_done", {HEAD}, "post": "20240131T235959", "stage": "publish", '
        '"seconds": 1.235, "text": "published", "uri": "at://did/x/y"}',
    ),
    (
        Noticed(AT, 7, "followed", "Followers: 7.", ""),
        f'{{"event": "notice", {HEAD}, "code": "followed", "text": "Followers: 7.", "hint": ""}}',
    ),
    (
        Forecasted(AT, 7, LATER, "a limit"),
        f'{{"event": "forecast", {HEAD}, "finish_at": "2026-11-23T13:00:00.123Z", '
        '"limit": "a limit"}',
    ),
    (
        StepDone(AT, 7, "20240131T235959", Stage.FETCH, 2.0, "12 bytes"),
        f'{{"event": "step_done", {HEAD}, "post": "20240131T235959", "stage": "fetch", '
        '"seconds": 2.0, "text": "12 bytes", "uri": null}',
    ),
    (
        StepFailed(
            AT,
            7,
            "20240131T235959",
            Stage.PREPARE,
            Milestone.FETCHED,
            "busy",
            "Not now.",
            "Wait.",
            LATER,
        ),
        f'{{"event": "step_failed", {HEAD}, "post": "20240131T235959", "stage": "prepare", '
        '"milestone": "fetched", "code": "busy", "text": "Not now.", "hint": "Wait.", '
        '"retry_at": "2026-11-23T13:00:00.123Z"}',
    ),
    (
        Status(AT, 7, COUNTS, (InHand("20240131T235959", Stage.FETCH, 1.5, None, "bytes"),)),
        f'{{"event": "status", {HEAD}, "counts": {WRITTEN_COUNTS}, '
        '"in_hand": [{"post": "20240131T235959", "stage": "fetch", "done": 1.5, "total": null, '
        '"unit": "bytes", "rate": null}]}',
    ),
    (
        Waiting(AT, 7, "The quota is used up.", LATER),
        f'{{"event": "waiting", {HEAD}, "reason": "The quota is used up.", '
        '"until": "2026-11-23T13:00:00.123Z"}',
    ),
    (
        Looked(
            AT, 7, "20240131T235959", False, Milestone.PUBLISHED, "does_not_play", "No.", "Wait."
        ),
        f'{{"event": "looked", {HEAD}, "post": "20240131T235959", "plays": false, '
        '"milestone": "published", "code": "does_not_play", "text": "No.", "hint": "Wait."}',
    ),
    (
        Day(AT, 7, "2026-11-23", 25, 125, 475, 2, LATER, "25 posts published."),
        f'{{"event": "day", {HEAD}, "day": "2026-11-23", "published": 25, "in_all": 125, '
        '"left": 475, "failed": 2, "finish_at": "2026-11-23T13:00:00.123Z", '
        '"text": "25 posts published."}',
    ),
    (Stopping(AT, 7, True), f'{{"event": "stopping", {HEAD}, "at_once": true}}'),
    (
        RunFinished(AT, 7, "interrupted", COUNTS, 130),
        f'{{"event": "run_finished", {HEAD}, "outcome": "interrupted", '
        f'"counts": {WRITTEN_COUNTS}, "exit": 130, "text": "", "hint": ""}}',
    ),
]


@pytest.mark.parametrize(("event", "line"), GOLDEN, ids=lambda case: getattr(case, "name", ""))
def test_the_line_of_each_event(event: Event, line: str) -> None:
    assert json.dumps(to_json(event)) == line


def test_every_event_has_its_golden_line() -> None:
    assert {type(event) for event, _ in GOLDEN} == set(KINDS)


def test_every_event_has_a_name_of_its_own() -> None:
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names)
    assert Event.name not in names


def test_every_field_of_an_event_is_on_its_line() -> None:
    for event, _ in GOLDEN:
        assert list(to_json(event)) == ["event", *(field.name for field in fields(event))]


def test_times_are_written_in_utc_wherever_they_were_told() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=-5)))
    assert jsonable(elsewhere) == jsonable(AT) == "2026-11-23T12:00:00.123Z"


def test_values_inside_values_are_written_too() -> None:
    held = {Milestone.FOUND: [AT, (Stage.FETCH, 1.00049, None, True)]}
    assert jsonable(held) == {"found": ["2026-11-23T12:00:00.123Z", ["fetch", 1.0, None, True]]}

"""What is printed: JSON lines, plain lines, a terminal; and streams that fail."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from importer import events
from importer.console import JsonConsole, Output, PlainConsole, open_console
from importer.errors import DiskFull
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
)
from importer.live_console import LiveConsole
from importer.model import Milestone, Stage
from tests.end_to_end.command_line import PROGRAM, environment

GOLDEN = Path(__file__).with_name("golden")
SAMPLE = Path(__file__).parents[2] / "samples" / "demo" / "user_data_tiktok.json"
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
POST = "20240131T235959"
URI = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3kkc6yzpk222c"
MARKUP = "[/close] [id] [red]not red[/red] :smile:"
FULL = Path("/dev/full")


def counts(**at: int) -> dict[Milestone, int]:
    return {milestone: at.get(milestone.value, 0) for milestone in Milestone}


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


STATUS = Status(
    after(3.25),
    7,
    counts(found=2, fetched=1, published=3, skipped=1, failed=1),
    (
        InHand(POST, Stage.FETCH, 1_500_000, 4_200_000, "bytes", 700_000),
        InHand(f"{POST}-1", Stage.PREPARE, 2.123456, 15.0, "seconds", 1.75),
        InHand("20250309T120001", Stage.PUBLISH, 700, None, "bytes"),
    ),
)
FAILED = StepFailed(
    after(5),
    7,
    POST,
    Stage.FETCH,
    Milestone.FAILED,
    "link_expired",
    f"The link has expired: {MARKUP}",
    "Request a fresh export.",
    None,
)
EVENTS: tuple[Event, ...] = (
    RunStarted(
        START,
        7,
        "1.2.3",
        "creator.tokaway",
        "maker.test",
        "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
        "https://pds.test",
        counts(found=3, fetched=1, published=2, skipped=1),
        ("bluesky", "spark"),
    ),
    Noticed(after(0.5), 7, "followed", "Followers: 7.", "Use another account."),
    Recognised(after(0.5), 7, 1),
    Forecasted(after(0.5), 7, after(86_400 * 3.5), "the server's limit on uploaded files"),
    Forecasted(after(0.5), 7, after(60), ""),
    StepStarted(after(1), 7, POST, Stage.FETCH),
    StepDone(after(2), 7, POST, Stage.FETCH, 1.00049, "4200000 bytes, 1080x1920, h264/aac"),
    StepDone(after(3), 7, POST, Stage.PUBLISH, 0.25, "published", URI),
    STATUS,
    StepFailed(
        # A clock that is not UTC: the line is.
        after(4).astimezone(datetime.fromisoformat("2026-01-01T00:00+05:30").tzinfo),
        7,
        POST,
        Stage.PUBLISH,
        Milestone.PREPARED,
        "server_error",
        "pds.test failed at this post.",
        "Tokaway tries again by itself.",
        after(9),
    ),
    FAILED,
    StepFailed(
        after(6),
        7,
        f"{POST}-1",
        Stage.PREPARE,
        Milestone.SKIPPED,
        "too_long",
        "Too long.",
        "",
        None,
    ),
    Looked(after(6.5), 7, POST, True, Milestone.PUBLISHED, "", "", ""),
    Looked(
        *(after(6.6), 7, f"{POST}-1", False, Milestone.PUBLISHED, "does_not_play"),
        *("The video does not play.", "Publish it again."),
    ),
    Waiting(after(7), 7, "pds.test has had enough requests for now.", after(3600)),
    Stopping(after(8), 7, at_once=False),
    Stopping(after(9), 7, at_once=True),
    Day(after(9.5), 7, "2026-01-01", 3, 5, 0, 1, None, "3 posts published, 5 of 6 in all."),
    RunFinished(after(10), 7, "some_failed", counts(published=5, skipped=1, failed=1), 1),
    RunFinished(
        after(11),
        7,
        "disk_full",
        counts(found=1, published=5),
        4,
        "The disk is full 💽.",
        "Free some.",
    ),
)


@pytest.fixture
def utc_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A user who lives where the clocks show UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


# JSON lines and plain lines


def test_the_golden_lines_hold_every_kind_of_event() -> None:
    kinds = {
        kind
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
    }
    assert {type(event) for event in EVENTS} == kinds


def test_events_are_printed_as_the_promised_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    console = JsonConsole(quiet=False)
    for event in EVENTS:
        console.event(event)
    printed = capsys.readouterr()
    assert printed.out == (GOLDEN / "events.jsonl").read_text(encoding="utf-8")
    assert printed.err == ""


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows cannot change its clock in a test")
@pytest.mark.usefixtures("utc_clock")
def test_events_are_told_to_people_in_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    console = PlainConsole(quiet=False)
    for event in EVENTS:
        console.event(event)
    printed = capsys.readouterr()
    assert printed.err == (GOLDEN / "narration.txt").read_text(encoding="utf-8")
    assert printed.out == ""


def test_json_carries_results_and_errors_and_leaves_lines_for_people_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = JsonConsole(quiet=False)
    console.note("reading")
    console.line("for people")
    console.result("report", {"path": "räport.html"})
    console.error(DiskFull("The disk is full.", hint="Free some space."))
    printed = capsys.readouterr()
    assert [json.loads(line) for line in printed.out.splitlines()] == [
        {"event": "report", "path": "räport.html"},
        {
            "event": "error",
            "code": "disk_full",
            "text": "The disk is full.",
            "hint": "Free some space.",
            "exit": 4,
        },
    ]
    assert printed.err.splitlines() == [
        "reading",
        "tokaway: The disk is full.",
        "  → Free some space.",
    ]


@pytest.mark.parametrize("as_json", [False, True])
def test_quiet_leaves_the_result_and_errors(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    console = open_console(as_json=as_json, quiet=True)
    console.note("reading")
    console.event(FAILED)
    console.line("for people")
    console.result("report", {"path": "x"})
    console.error(DiskFull("The disk is full."))
    printed = capsys.readouterr()
    assert printed.err == "tokaway: The disk is full.\n"
    if as_json:
        named = [json.loads(line)["event"] for line in printed.out.splitlines()]
        assert named == ["step_failed", "report", "error"]
    else:
        assert printed.out == "for people\n"


# streams that fail


def test_a_reader_that_leaves_is_no_trouble() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stream:
        output = Output(stream)
        output.write("nobody hears this")
        output.write("nor this")


def test_a_reader_that_leaves_changes_nothing_about_how_a_command_ends(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    # With a buffer, as Python has it unless told otherwise: it is written once more at the end.
    variables = environment(tmp_path)
    variables.pop("PYTHONUNBUFFERED", None)
    command = [*PROGRAM, "plan", str(SAMPLE), "--archive", str(tmp_path / "a"), "--json"]
    with os.fdopen(write, "wb") as stdout:
        done = subprocess.run(
            command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=variables
        )
    assert done.returncode == 0
    assert "BrokenPipe" not in done.stderr


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has /dev/full")
def test_a_full_disk_behind_the_output_is_told_once() -> None:
    with FULL.open("w") as stream:
        output = Output(stream)
        with pytest.raises(OSError, match="No space left"):
            output.write("no room for this")
        output.write("nor for the words about it")


def test_no_output_at_all_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    console = open_console(as_json=False, quiet=False)
    console.line("nobody hears this")
    console.note("nor this")


@pytest.mark.parametrize("as_json", [False, True])
def test_what_an_encoding_lacks_does_not_end_a_command(
    monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    caption = "brød ❤️ \udcff"
    console = open_console(as_json=as_json, quiet=False)
    console.line(caption)
    console.result("plan_post", {"caption": caption})
    if as_json:
        assert json.loads(raw.getvalue().decode("utf-8"))["caption"] == caption
    else:
        assert raw.getvalue().strip() == rb"br\xf8d \u2764\ufe0f \udcff"
    monkeypatch.undo()


# a terminal


class Terminal:
    """A real pseudo-terminal in place of the program's output."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._main, child = os.openpty()
        self._screen = os.fdopen(child, "w", encoding="utf-8")
        for name, value in {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "24"}.items():
            monkeypatch.setenv(name, value)
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(sys, "stdout", self._screen)
        monkeypatch.setattr(sys, "stderr", self._screen)

    def read(self) -> str:
        """All that was shown; the terminal is closed."""
        self._screen.flush()
        os.set_blocking(self._main, False)
        shown = b""
        try:
            while piece := os.read(self._main, 65_536):
                shown += piece
        except BlockingIOError:
            pass
        self._screen.close()
        os.close(self._main)
        return shown.decode("utf-8")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    if not hasattr(os, "openpty"):
        pytest.skip("Windows has no pseudo-terminals for Python")
    return lambda: Terminal(monkeypatch)


def without_escapes(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)


def test_a_terminal_shows_bars_for_what_is_in_hand(terminal: Callable[[], Terminal]) -> None:
    screen = terminal()
    console = open_console(as_json=False, quiet=False)
    assert isinstance(console, LiveConsole)
    console.event(STATUS)
    console.event(EVENTS[7])
    console.close()
    shown = without_escapes(screen.read())
    for expected in (
        "published",
        "3/7",
        f"fetch {POST}",
        "1.5 MB of 4.2 MB, 700.0 kB/s",
        f"prepare {POST}-1",
        "2 of 15 s, 1.8x",
        "publish 20250309T120001",
        "700 bytes",
        "fetched 1 · prepared 0 · 1 failed post",
        f"✓ {POST} published: {URI}",
    ):
        assert expected in shown


def test_a_terminal_is_left_with_its_cursor_and_without_bars(
    terminal: Callable[[], Terminal],
) -> None:
    screen = terminal()
    console = open_console(as_json=False, quiet=False)
    console.event(STATUS)
    console.error(DiskFull("The disk is full.", hint="Free some space."))
    shown = screen.read()
    hidden, visible = shown.rindex("\x1b[?25l"), shown.rindex("\x1b[?25h")
    assert hidden < visible < shown.index("tokaway: The disk is full.")
    # The bars' lines are erased before.
    assert "\x1b[2K" in shown[shown.rindex("fetched 1") :]


def test_text_of_users_is_never_read_as_markup(terminal: Callable[[], Terminal]) -> None:
    screen = terminal()
    console = open_console(as_json=False, quiet=False)
    console.note(f"note {MARKUP}")
    console.event(FAILED)
    console.line(f"line {MARKUP}")
    console.error(DiskFull(f"text {MARKUP}", hint=f"hint {MARKUP}"))
    shown = " ".join(without_escapes(screen.read()).split())
    assert shown.count(MARKUP) == 5


def test_no_color_is_honoured(
    terminal: Callable[[], Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    console = open_console(as_json=False, quiet=False)
    console.event(STATUS)
    console.error(DiskFull("The disk is full."))
    shown = screen.read()
    assert "tokaway: The disk is full." in without_escapes(shown)
    assert not re.search(r"\x1b\[(\d+;)*[349][0-9](;\d+)*m", shown)


def test_quiet_and_pipes_get_plain_lines(terminal: Callable[[], Terminal]) -> None:
    screen = terminal()
    assert type(open_console(as_json=False, quiet=True)) is PlainConsole
    assert type(open_console(as_json=True, quiet=False)) is JsonConsole
    screen.read()

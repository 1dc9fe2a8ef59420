"""The run screen with the real engine, real FFmpeg and a real PDS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Log

from importer.archive.ledger import default_folder
from importer.archive.lock import locked
from importer.demo.local_pds import LocalPds
from importer.model import Action, Milestone
from importer.pds.kept_sessions import KeptSessions
from tests.breaking_proxy import Breakage
from tests.end_to_end.server_truth import look
from tests.stand_in import StandIn
from tests.tui.import_at_hand import RECORD, UPLOAD, Import
from tests.tui.screens import USUAL, app_on, shown, until, words
from tui.progress import State
from tui.screens.account import AccountScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.leaving import LeavingScreen
from tui.screens.pace import PaceScreen
from tui.screens.publish import PublishScreen
from tui.screens.summary import SummaryScreen

MakeImport = Callable[..., Import]
HOSTILE = {
    0: "[red]not markup[/] [/close] \x1b[2J\u202edesrever\u202c",
    1: "👩‍👩‍👧 " + "many words " * 360 + "\n\n\r\x00end",
    2: "\u0000",
}
KEEP, ALL = Action.KEEP, (Action.KEEP, Action.REMUX, Action.TRANSCODE)


@asynccontextmanager
async def publishing(
    made: Import, state: Path, *, dry_run: bool = False
) -> AsyncIterator[tuple[Pilot[int], PublishScreen]]:
    """The run screen on an import, at work."""
    app = app_on(None, state)
    async with app.run_test(size=USUAL) as pilot:
        await pilot.pause()
        screen = PublishScreen(made.desk, dry_run=dry_run)
        await app.push_screen(screen)
        yield pilot, screen


def published(made: Import, pds: LocalPds) -> list[str]:
    """The keys on the server."""
    return look(pds, made.account.did).keys


async def test_every_post_arrives_and_the_summary_follows(
    make_import: MakeImport, pds: LocalPds, state: Path
) -> None:
    made = make_import(ALL, captions=HOSTILE)
    async with publishing(made, state) as (pilot, screen):
        await shown(pilot, SummaryScreen)
        assert screen.progress.state is State.ENDED
        log = "\n".join(screen.query_one(Log).lines)
        assert log.count("published: at://") == 3
        assert "Every chosen post is published." in log
    # The long caption goes on in replies.
    records = look(pds, made.account.did).records
    assert sum("reply" not in record["value"] for record in records) == 3
    assert made.counts()["published"] == 3


async def test_word_of_the_end_goes_where_the_settings_say(
    make_import: MakeImport, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_import([KEEP])
    with StandIn({}, otherwise=(200, {})) as hook:
        monkeypatch.setenv("TOKAWAY_NOTIFY", f"json://{hook.host}/secret")
        async with publishing(made, state, dry_run=True) as (pilot, screen):
            await until(pilot, lambda: screen.verdict is not None)
        assert hook.bodies == []
        async with publishing(made, state) as (pilot, _):
            await shown(pilot, SummaryScreen)
        assert [body["message"] for body in hook.bodies] == [
            "The import has ended: 1 of 1 post published."
        ]


async def test_a_pause_lasts_until_it_is_taken_back(
    make_import: MakeImport, pds: LocalPds, state: Path
) -> None:
    made = make_import([KEEP] * 8)
    held = made.hold(UPLOAD)
    async with publishing(made, state) as (pilot, screen):
        await until(pilot, held.reached.is_set)
        await pilot.press("p")
        assert screen.progress.state is State.PAUSING
        assert "Pausing" in words(pilot)
        held.release()
        await until(pilot, lambda: screen.progress.state is State.PAUSED)
        assert "Nothing new is started" in words(pilot)
        before = len(published(made, pds))
        assert before < 8
        await pilot.press("p")
        await shown(pilot, SummaryScreen)
    assert len(published(made, pds)) == 8


async def test_one_post_is_left_out_and_never_sent(
    make_import: MakeImport, pds: LocalPds, state: Path
) -> None:
    made = make_import([KEEP] * 3)
    held = made.hold(UPLOAD)
    async with publishing(made, state) as (pilot, screen):
        await until(pilot, held.reached.is_set)
        await until(pilot, lambda: bool(screen.progress.hands))
        meant = screen.query_one("PostList").meant  # type: ignore[attr-defined]
        await pilot.press("x")
        await shown(pilot, ConfirmScreen)
        await pilot.click("#yes")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ConfirmScreen))
        # Only once the run has heard of it: the upload would be done otherwise.
        await until(pilot, lambda: not screen.wishes._left_out)
        held.release()
        await shown(pilot, SummaryScreen)
    with made.desk.looking() as view:
        post = view.post(meant)
    assert post and (post.milestone, post.trouble_code) == (Milestone.SKIPPED, "left_out")
    assert len(published(made, pds)) == 2


async def test_another_speed_holds_for_this_run_and_the_next(
    make_import: MakeImport, state: Path
) -> None:
    made = make_import([KEEP] * 2)
    held = made.hold(UPLOAD)
    async with publishing(made, state) as (pilot, screen):
        await until(pilot, lambda: screen.progress.state is State.PUBLISHING)
        await pilot.press("s")
        dialog = await shown(pilot, PaceScreen)
        dialog.query_one(Input).value = "7"
        await pilot.press("enter")
        await shown(pilot, PublishScreen)
        assert screen.desk.settings().pace == 7
        held.release()
        await shown(pilot, SummaryScreen)


async def test_quitting_finishes_what_is_in_hand_and_loses_nothing(
    make_import: MakeImport, pds: LocalPds, state: Path
) -> None:
    made = make_import([KEEP] * 6)
    held = made.hold(RECORD)
    async with publishing(made, state) as (pilot, _):
        await until(pilot, held.reached.is_set)
        await pilot.press("ctrl+q")
        dialog = await shown(pilot, LeavingScreen)
        assert dialog.focused and dialog.focused.id == "FINISH"
        assert "Nothing is lost" in words(pilot)
        await pilot.press("enter")
        held.release()
        await until(pilot, lambda: not pilot.app.is_running)
    assert pilot.app.return_value == 130
    first = published(made, pds)
    assert 0 < len(first) < 6
    async with publishing(made, state) as (pilot, _):
        await shown(pilot, SummaryScreen)
    assert len(published(made, pds)) == 6


async def test_quitting_now_breaks_off_and_the_rest_comes_next_time(
    make_import: MakeImport, pds: LocalPds, state: Path
) -> None:
    made = make_import([KEEP] * 4, large=range(4))
    held = made.hold(UPLOAD)
    async with publishing(made, state) as (pilot, _):
        await until(pilot, held.reached.is_set)
        await pilot.press("ctrl+q")
        await shown(pilot, LeavingScreen)
        await pilot.click("#NOW")
        held.release()
        await until(pilot, lambda: not pilot.app.is_running)
    async with publishing(made, state) as (pilot, _):
        await shown(pilot, SummaryScreen)
    assert len(published(made, pds)) == 4


async def test_keep_going_and_back_only_after_the_end(make_import: MakeImport, state: Path) -> None:
    made = make_import([KEEP] * 3)
    held = made.hold(UPLOAD)
    async with publishing(made, state) as (pilot, screen):
        await until(pilot, lambda: screen.progress.state is State.PUBLISHING)
        await pilot.press("escape")
        await shown(pilot, LeavingScreen)
        await pilot.press("escape")
        await shown(pilot, PublishScreen)
        assert screen.is_at_work
        await pilot.press("escape")
        await shown(pilot, LeavingScreen)
        await pilot.press("enter")
        held.release()
        await until(pilot, lambda: not screen.is_at_work)
        assert pilot.app.screen is screen
        assert "Nothing is lost" in words(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is not screen)


async def test_a_rehearsal_sends_nothing(
    make_import: MakeImport, pds: LocalPds, state: Path
) -> None:
    made = make_import(ALL)
    async with publishing(made, state, dry_run=True) as (pilot, _):
        await shown(pilot, SummaryScreen)
    assert published(made, pds) == []
    assert made.counts()["prepared"] == 3


async def test_nobody_signed_in_leads_to_the_account(make_import: MakeImport, state: Path) -> None:
    made = make_import([KEEP])
    screen = PublishScreen(made.desk)
    screen.desk.set_flag("to", "nobody.test")
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        await pilot.pause()
        await pilot.app.push_screen(screen)
        await until(pilot, lambda: screen.verdict is not None)
        assert "Nobody is signed in as nobody.test" in words(pilot)
        await pilot.click("#go")
        await shown(pilot, AccountScreen)


async def test_after_signing_in_again_the_same_run_goes_on(
    make_import: MakeImport, pds: LocalPds, state: Path
) -> None:
    made = make_import([KEEP])
    KeptSessions(default_folder()).remove(made.account.did)
    screen = PublishScreen(made.desk)
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        await pilot.pause()
        await pilot.app.push_screen(screen)
        await until(pilot, lambda: screen.verdict is not None)
        await pilot.click("#go")
        account = await shown(pilot, AccountScreen)
        await until(pilot, lambda: account.query_one("#password").has_focus)
        account.query_one("#password", Input).value = made.account.password
        await pilot.press("enter")
        await until(pilot, lambda: account.stage == "told")
        assert "Go on publishing" in words(pilot)
        await pilot.press("ctrl+n")
        await shown(pilot, SummaryScreen)
        stack = pilot.app.screen_stack
        assert [one for one in stack if isinstance(one, (PublishScreen, AccountScreen))] == [screen]
    assert len(published(made, pds)) == 1


async def test_an_archive_in_use_is_said_and_tried_again_by_a_key(
    make_import: MakeImport, pds: LocalPds, state: Path
) -> None:
    made = make_import([KEEP])
    with ExitStack() as stack:
        stack.enter_context(locked(made.folder))
        async with publishing(made, state) as (pilot, screen):
            await until(pilot, lambda: screen.verdict is not None)
            assert "Another Tokaway run is working" in words(pilot)
            stack.close()
            await pilot.press("r")
            await shown(pilot, SummaryScreen)
    assert len(published(made, pds)) == 1


async def test_a_dead_server_is_said_and_tried_again_by_a_key(
    make_import: MakeImport, pds: LocalPds, state: Path
) -> None:
    made = make_import([KEEP])
    screen = PublishScreen(made.desk)
    screen.desk.set_flag("patience_seconds", 0.0)
    made.proxy.chaos(1, 1.0, faults=[Breakage.RESET], at_most_in_a_row=10_000)
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        await pilot.pause()
        await pilot.app.push_screen(screen)
        await until(pilot, lambda: screen.verdict is not None)
        assert "Check that you are online" in words(pilot)
        made.proxy.calm()
        await pilot.press("r")
        await shown(pilot, SummaryScreen)
    assert len(published(made, pds)) == 1

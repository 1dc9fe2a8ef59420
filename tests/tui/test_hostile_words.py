"""Other people's words on every screen: nothing breaks, and nothing that can be shown is lost."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Log, Static, TextArea

from importer.archive.store import Archive
from importer.errors import SignInNeeded, TokawayError
from importer.events import Noticed, RunStarted, StepFailed
from importer.model import Milestone, Notice, Stage
from importer.records import bluesky
from importer.records.style import USUAL as USUAL_STYLE
from importer.records.text import clean
from importer.summary import Reason
from tests.tui import canned, test_account, test_publish_pictures, test_review, test_summary
from tests.tui import made_archives as made
from tests.tui.imports import archive_at
from tests.tui.made_archives import HOSTILE
from tests.tui.opened_library import opened
from tests.tui.reading import harm, read, squeezed
from tests.tui.screens import USUAL, WIDE, app_on, shown, until, words
from tui.desk import Desk
from tui.screens.edit_words import EditScreen
from tui.screens.library import LibraryScreen
from tui.screens.review import ReviewScreen
from tui.screens.trouble import TroubleScreen
from tui.screens.welcome import WelcomeScreen
from tui.shown import one_line
from tui.trouble import Trouble
from tui.verdict import of_error
from tui.widgets.path_input import PathInput
from tui.widgets.post_table import PostTable
from tui.widgets.preview import Preview
from tui.widgets.said import Said

# What must be cut begins with this many characters at least.
BEGIN = 12
MOST_OF_A_HANDLE = 253

every_text = pytest.mark.parametrize("name", HOSTILE)


def sound(name: str) -> str:
    """The words as servers and databases give them: without halves of characters."""
    return HOSTILE[name].encode("utf-8", "surrogatepass").decode("utf-8", "replace")


async def unharmed(pilot: Pilot[int]) -> None:
    """What is shown does no harm in any size."""
    for size in ((40, 12), WIDE):
        await pilot.resize_terminal(*size)
        await pilot.pause()
        assert not harm(pilot)


@every_text
async def test_the_first_screen(name: str, tmp_path: Path, state: Path) -> None:
    archive_at(tmp_path / "a.tokaway", 2, user_name=sound(name))
    app = app_on(None, state)
    app.places = (tmp_path,)
    async with app.run_test(size=USUAL) as pilot:
        screen = await shown(pilot, WelcomeScreen)
        await until(pilot, lambda: len(screen.query(".card")) == 1)
        assert squeezed(sound(name))[:BEGIN] in squeezed(words(pilot))
        screen.query_one(PathInput).value = HOSTILE[name]
        screen.open_path(tmp_path / HOSTILE[name])
        await until(pilot, lambda: screen.query_one(Said).has_class("-trouble"))
        said = str(screen.query_one(Said).query_one(Static).content)
        assert squeezed(said) in read(screen.query_one(Said))
        await unharmed(pilot)


@pytest.mark.skipif(sys.platform != "linux", reason="not every name can be given here")
@pytest.mark.parametrize("name", ["markup", "controls", "bidi", "not_utf8", "newlines"])
async def test_an_archive_of_any_name_is_opened_and_found_again(
    name: str, tmp_path: Path, state: Path
) -> None:
    folder = tmp_path / (HOSTILE[name].replace("/", "").replace("\0", "") + ".tokaway")
    archive_at(folder, 2)
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        screen = await shown(pilot, WelcomeScreen)
        screen.open_path(folder)
        await shown(pilot, LibraryScreen)
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        screen = await shown(pilot, WelcomeScreen)
        await until(pilot, lambda: len(screen.query(".card")) == 1)
        assert squeezed(folder.name)[:BEGIN] in squeezed(words(pilot))
        await unharmed(pilot)
        await pilot.press("ctrl+n")
        await shown(pilot, ReviewScreen)


async def test_the_posts_and_what_is_written_for_them(tmp_path: Path, state: Path) -> None:
    made.hostile(tmp_path / "ada.tokaway")
    async with opened(tmp_path / "ada.tokaway", state, USUAL) as it:
        await it.press("p")
        for number in range(len(HOSTILE)):
            caption = squeezed(it.table.posts[number].caption)
            preview = it.screen.query_one(Preview)
            await it.until(lambda: caption in read(preview))  # noqa: B023
            await it.press("e")
            dialog = await shown(it.pilot, EditScreen)
            field = dialog.query_one("#caption", TextArea)
            assert squeezed(field.text) == squeezed(clean(it.table.posts[number].caption))
            await unharmed(it.pilot)
            await it.press("escape")
            await shown(it.pilot, LibraryScreen)
            await unharmed(it.pilot)
            await it.pilot.resize_terminal(*USUAL)
            await it.press("right")


@every_text
async def test_the_account(name: str, tmp_path: Path, state: Path) -> None:
    folder = tmp_path / "ada.tokaway"
    archive_at(folder, 2)
    text = HOSTILE[name]
    told = test_account.told()
    told = replace(
        told,
        account=replace(told.account, handle=sound(name)),
        trouble=text,
        notices=(Notice("any", text, text),),
    )
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        screen = await test_account.opened(pilot, folder)
        screen.query_one("#handle", Input).value = text
        await pilot.pause()
        assert not harm(pilot)
        screen._refused(screen._stop, Trouble(TokawayError(text, hint=text), text))
        await pilot.pause()
        assert read(screen.query_one(Said)).count(squeezed(text)) == 2
        await unharmed(pilot)
        await pilot.resize_terminal(*USUAL)
        screen._answered(screen._stop, None, told)
        await until(pilot, lambda: screen.stage == "told")
        assert read(screen.query_one("#told")).count(squeezed(text)) == 3
        assert squeezed(sound(name)) in read(screen.query_one(Said))
        await unharmed(pilot)


@every_text
async def test_the_review(name: str, tmp_path: Path, state: Path) -> None:
    folder = tmp_path / "ada.tokaway"
    made.hostile(folder)
    with Archive.create(folder) as archive:
        archive.set_account(replace(test_review.ACCOUNT, handle=sound(name)[:MOST_OF_A_HANDLE]))
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        screen = await test_review.opened(pilot, folder)
        assert squeezed(sound(name)[:MOST_OF_A_HANDLE]) in read(screen.query_one("#headline"))
        await test_review.at(pilot, screen, list(HOSTILE).index(name))
        post = screen.query_one(PostTable).current
        assert post
        # Signs say where words lead.
        record = read(screen.query_one("#words")).replace("→", "")
        for text in bluesky.worded(post, USUAL_STYLE).texts:
            assert squeezed(text) in record
        for view in "321":
            await pilot.press(view)
            assert not harm(pilot)
        await unharmed(pilot)


@every_text
async def test_the_run(name: str, state: Path) -> None:
    text = HOSTILE[name]
    app = app_on(None, state)
    async with app.run_test(size=USUAL) as pilot:
        await pilot.pause()
        screen = test_publish_pictures.Canned(Desk(Path("/home/ada") / text, {"pace": text}))
        await app.push_screen(screen)
        screen._waiting_read([replace(post, caption=text) for post in canned.posts()])
        for event in canned.at_work():
            if isinstance(event, RunStarted):
                event = replace(event, handle=text)
            screen.hear(event)
        screen.hear(Noticed(canned.AT, 3, "any", text, text))
        screen.hear(
            StepFailed(
                canned.AT, 3, "post5", Stage.FETCH, Milestone.FAILED, "any", text, text, None
            )
        )
        screen.show_ahead(canned.AHEAD)
        await pilot.pause()
        screen.show()
        await pilot.pause()
        assert squeezed(text)[:BEGIN] in squeezed(words(pilot))
        assert squeezed(text)[:BEGIN] in read(screen.query_one("#headline"))
        for view in "12345":
            await pilot.press(view)
            assert not harm(pilot)
        assert squeezed(screen.desk.command) in read(screen.query_one("#command"))
        screen._end(of_error(SignInNeeded(text, hint=text)))
        await pilot.pause()
        log = "\n".join(screen.query_one(Log).lines)
        # The handle; a notice and a failure, with their hints; and the end.
        assert log.count(one_line(text)) == 6
        await unharmed(pilot)


@every_text
async def test_the_summary(name: str, state: Path) -> None:
    text = HOSTILE[name]
    reason = Reason(Milestone.FAILED, "any", text, text, 2)
    known = test_summary.numbers({Milestone.PUBLISHED: 1, Milestone.FAILED: 2}, reason)
    assert known.account
    known = replace(known, account=replace(known.account, handle=text))
    async with test_summary.showing(known, state, USUAL) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, test_summary.Canned)
        assert squeezed(text) in read(screen.query_one("#numbers"))
        assert read(screen.query_one("#why")).count(squeezed(text)) == 2
        screen._begin("Checking", 3)
        screen._tell(1, text)
        await until(pilot, lambda: one_line(text) in screen.query_one(Log).lines)
        await unharmed(pilot)
        await pilot.resize_terminal(*USUAL)
        screen._failed(Trouble(TokawayError(text, hint=text), text))
        await shown(pilot, TroubleScreen)
        assert squeezed(text) in read(pilot.app.screen)
        await pilot.press("escape")
        await unharmed(pilot)

